//! What the names of models in bodies stand for: programs call a handful of them again and again, and each answer says its own.

/// So many are compared before a name is looked up, and remembered.
const MOST: usize = 4;

/// Longer names are not remembered; no book has one.
const LONGEST: usize = 512;

/// The last names, with their numbers.
#[derive(Default)]
pub(super) struct Seen {
    names: Vec<(String, Option<String>, i32)>,
    /// Which of them is the next to be forgotten.
    next: usize,
}

impl Seen {
    /// The number of a name, which is found where it was not seen lately.
    pub fn number(&mut self, model: &str, provider: Option<&str>, find: impl FnOnce() -> i32) -> i32 {
        let is_same = |(seen, of, _): &&(String, Option<String>, i32)| seen == model && of.as_deref() == provider;
        if let Some((_, _, number)) = self.names.iter().find(is_same) {
            return *number;
        }
        let number = find();
        // A body may say anything.
        if model.len() + provider.map_or(0, str::len) > LONGEST {
            return number;
        }
        let name = (model.to_owned(), provider.map(str::to_owned), number);
        match self.names.get_mut(self.next) {
            Some(place) => *place = name,
            None => self.names.push(name),
        }
        self.next = (self.next + 1) % MOST;
        number
    }
}
