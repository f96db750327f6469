//! JSON objects read key by key, with errors that say what was expected; every value keeps the bytes it was written in.

use crate::{
    collections::sort_by,
    error::{Error, Result},
    json::{
        Json, Raw,
        raw::{Members, kind_of},
    },
};

/// An object's entries, in their order.
pub struct Object<'a>(Members<'a>);

/// Up to how many entries are compared with each other for equal keys, instead of being sorted.
const FEW: usize = 24;

impl<'a> Object<'a> {
    /// The object in a text; `what` names it in the error. Of two equal keys only the last counts, as in `JSON.parse`.
    pub fn parse(text: &'a str, what: &str) -> Result<Self> {
        Raw::parse(text).ok().and_then(Self::of).ok_or_else(|| {
            Error::input(format!("cannot read {what}: expected a JSON object, found {}", kind_of(text.trim_start())))
        })
    }

    /// The object that a value is; of two equal keys only the last counts. `None` for another value.
    pub fn of(value: Raw<'a>) -> Option<Self> {
        value.members().map(Self::of_members)
    }

    fn of_members(mut entries: Members<'a>) -> Self {
        if entries.len() <= FEW {
            // Nearly all: comparing them all costs less than sorting them.
            let mut at = 0;
            while let Some((key, _)) = entries.get(at) {
                if entries.iter().skip(at + 1).any(|(later, _)| later == key) {
                    entries.remove(at);
                } else {
                    at += 1;
                }
            }
            return Self(entries);
        }
        // Sorted, so that equal keys stand together: an object may have a hundred thousand.
        let mut order: Vec<(&str, usize)> = entries.iter().enumerate().map(|(at, (key, _))| (&**key, at)).collect();
        sort_by(&mut order, Ord::cmp);
        let earlier = |pair: &[(&str, usize)]| matches!(pair, [a, b] if a.0 == b.0);
        if order.windows(2).any(earlier) {
            let mut kept = vec![true; entries.len()];
            for pair in order.windows(2).filter(|pair| earlier(pair)) {
                if let Some(kept) = pair.first().and_then(|(_, at)| kept.get_mut(*at)) {
                    *kept = false;
                }
            }
            let mut kept = kept.into_iter();
            entries.retain(|_| kept.next().unwrap_or(true));
        }
        Self(entries)
    }

    /// The object that a value is; `None` also where a key repeats: readers differ in which of the two they take.
    pub fn strict(value: Raw<'a>) -> Option<Self> {
        let members = value.members()?;
        let count = members.len();
        let object = Self::of_members(members);
        (object.0.len() == count).then_some(object)
    }

    /// How many entries it has.
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether it has no entry.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// A value; null is absence.
    pub fn get(&self, key: &str) -> Option<Raw<'a>> {
        self.0.iter().find(|(known, _)| known == key)?.1.present()
    }

    /// Takes a value out; null is absence.
    pub fn take(&mut self, key: &str) -> Option<Raw<'a>> {
        let at = self.0.iter().position(|(known, _)| known == key)?;
        self.0.remove(at).1.present()
    }

    /// Takes a text out; an empty one is absence.
    pub fn take_text(&mut self, key: &str, what: &str) -> Result<Option<String>> {
        let Some(value) = self.take(key) else { return Ok(None) };
        match value.to_text() {
            Some(text) => Ok(Some(text).filter(|text| !text.is_empty())),
            None => Err(wrong(what, key, "a string", value)),
        }
    }

    /// Takes a text out that must be there and not be empty.
    pub fn take_name(&mut self, key: &str, what: &str) -> Result<String> {
        let found = match self.take(key) {
            None => "nothing",
            Some(value) => match value.to_text() {
                Some(text) if text.is_empty() => "an empty one",
                Some(text) => return Ok(text),
                None => return Err(wrong(what, key, "a string", value)),
            },
        };
        Err(Error::input(format!("cannot read {what}: expected {key} to be a string that is not empty, found {found}")))
    }

    /// Takes a boolean out.
    pub fn take_bool(&mut self, key: &str, what: &str) -> Result<Option<bool>> {
        let Some(value) = self.take(key) else { return Ok(None) };
        value.bool().map(Some).ok_or_else(|| wrong(what, key, "true or false", value))
    }

    /// Takes a whole number out.
    pub fn take_whole(&mut self, key: &str, what: &str) -> Result<Option<u32>> {
        let Some(value) = self.take(key) else { return Ok(None) };
        let whole = value.whole().and_then(|whole| u32::try_from(whole).ok());
        whole.map(Some).ok_or_else(|| wrong(what, key, "a whole number", value))
    }

    /// Takes a number out that is not negative.
    pub fn take_number(&mut self, key: &str, what: &str) -> Result<Option<f64>> {
        let Some(value) = self.take(key) else { return Ok(None) };
        let number = value.number().filter(|number| *number >= 0.0);
        number.map(Some).ok_or_else(|| wrong(what, key, "a number of at least 0", value))
    }

    /// What was not taken.
    pub fn rest(self) -> Vec<(String, Json)> {
        self.0.into_iter().map(|(key, value)| (key.into_owned(), value.into())).collect()
    }

    /// What was not taken, to be looked through.
    pub fn entries(&self) -> impl Iterator<Item = (&str, Raw<'a>)> {
        self.0.iter().map(|(key, value)| (key.as_ref(), *value))
    }

    /// The keys of what was not taken.
    pub fn keys(&self) -> impl Iterator<Item = &str> {
        self.0.iter().map(|(key, _)| key.as_ref())
    }
}

/// A value of the wrong kind. Its kind is named, never its content.
pub fn wrong(what: &str, key: &str, expected: &str, found: Raw<'_>) -> Error {
    Error::input(format!("cannot read {what}: expected {key} to be {expected}, found {}", found.kind()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn of_two_equal_keys_the_last_counts_or_none() {
        let text = r#"{"a":1,"b":null,"\u0061":2}"#;
        let mut object = Object::parse(text, "test").unwrap();
        assert_eq!((object.len(), object.get("b")), (2, None));
        assert_eq!(object.take_whole("a", "test"), Ok(Some(2)));
        assert_eq!(object.take("a"), None);
        assert_eq!(object.rest(), [("b".to_owned(), Json::null())]);
        assert!(Object::strict(Raw::parse(text).unwrap()).is_none());
        assert!(Object::strict(Raw::parse(r#"{"a":1}"#).unwrap()).is_some());
        let many =
            format!("{{{}}}", (0..200_000).map(|n| format!("\"{}\":{n}", n % 100_000)).collect::<Vec<_>>().join(","));
        let object = Object::parse(&many, "test").unwrap();
        assert_eq!((object.len(), object.get("7").map(Raw::get)), (100_000, Some("100007")));
    }

    #[test]
    fn what_is_of_another_kind_is_named() {
        let read = || Object::parse(r#"{"a":"","b":-1,"c":1.5,"d":1e0,"e":"x\ud83d"}"#, "test").unwrap();
        let message = |error: Error| error.message().to_owned();
        assert_eq!(
            message(Object::parse(" [1]", "test").map(|_| ()).unwrap_err()),
            "cannot read test: expected a JSON object, found an array"
        );
        assert_eq!(read().take_text("a", "test"), Ok(None));
        assert_eq!(
            message(read().take_name("a", "test").unwrap_err()),
            "cannot read test: expected a to be a string that is not empty, found an empty one"
        );
        assert_eq!(
            message(read().take_name("z", "test").unwrap_err()),
            "cannot read test: expected z to be a string that is not empty, found nothing"
        );
        assert_eq!(
            message(read().take_name("b", "test").unwrap_err()),
            "cannot read test: expected b to be a string, found a negative number"
        );
        assert_eq!(
            message(read().take_bool("b", "test").unwrap_err()),
            "cannot read test: expected b to be true or false, found a negative number"
        );
        assert_eq!(
            message(read().take_whole("c", "test").unwrap_err()),
            "cannot read test: expected c to be a whole number, found a number"
        );
        assert_eq!(
            message(read().take_number("b", "test").unwrap_err()),
            "cannot read test: expected b to be a number of at least 0, found a negative number"
        );
        assert_eq!((read().take_whole("d", "test"), read().take_number("c", "test")), (Ok(Some(1)), Ok(Some(1.5))));
        assert_eq!(read().take_name("e", "test").unwrap(), "x\u{fffd}");
    }
}
