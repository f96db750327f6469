//! Values that were taken out of a conversation, and what stands for them until they are put back.
//!
//! A [`Vault`] belongs to one conversation. What is sent to a model has a placeholder (`[EMAIL_1_KQZT]`) in the place of each
//! value, or a stand-in of the same form; what the model says is put right before anybody reads it or a tool gets it; and
//! what was put right is taken out again when it goes back as history, also where no detector would find it.
//!
//! The letters at the end of a placeholder are made with the vault's own key. Nobody who has not seen a placeholder can write
//! it, so a text that holds `[EMAIL_1]` reads nothing out; and the placeholders of another vault mean nothing here.

mod known;
mod restore;
mod words;

use std::{
    fmt,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

pub(super) use known::Known;
pub use restore::{RestoreStream, Restored, TextRestore};

use self::words::Words;
use super::{action::Stage, config::Config, kind::Kind, mark::TAG, replace::hmac, scanner::Scanner, surrogate};
use crate::{
    error::{Code, Error, Result},
    json::{Raw, ToJson, Writer},
    object::Object,
};

/// Says in an export what it is.
const FORMAT: &str = "tollgate-vault";
const VERSION: f64 = 1.0;

/// Bytes of a vault's key.
pub const KEY: usize = 32;

/// Letters of tags: no vowels, so that they spell nothing.
const LETTERS: &[u8; 20] = b"BCDFGHJKLMNPQRSTVWXZ";

/// Of this length a value is looked for where no detector finds it: a shorter one stands in many words, a longer one has a
/// form that detectors know.
const SOUGHT: std::ops::RangeInclusive<usize> = 4..=256;

/// How often another stand-in is tried for a value.
const TRIES: u32 = 32;

/// Values, and what stands for them. Copies are the same vault.
#[derive(Clone)]
pub struct Vault {
    state: Arc<Mutex<State>>,
    own: Scanner,
}

/// Which way a text goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Way {
    /// To a model: values are taken out.
    Out,
    /// From a model: what stands for values is no finding, and what is new to the vault need not be hidden from it.
    Back,
}

impl Way {
    /// Which way a text of that stage goes.
    pub const fn of(stage: Stage) -> Self {
        match stage {
            Stage::Output | Stage::ToolCall => Way::Back,
            Stage::Input | Stage::ToolResult | Stage::Retrieved => Way::Out,
        }
    }
}

/// A vault at work over a text.
#[derive(Clone, Debug)]
pub struct Cover {
    /// The vault.
    pub vault: Vault,
    /// Which way the text goes.
    pub way: Way,
}

#[derive(Clone, Default, PartialEq, Eq)]
struct State {
    key: Vec<u8>,
    entries: Vec<Entry>,
    /// How many placeholders each label has.
    counts: Vec<(&'static str, u32)>,
    /// Values, to their entries.
    values: Words,
    /// Those of them that are looked for without a detector.
    sought: Words,
    /// Placeholders without brackets and separators, to their entries.
    marks: Words,
    /// Stand-ins in small letters, to their entries.
    stand_ins: Words,
}

#[derive(Clone, PartialEq, Eq)]
struct Entry {
    kind: Kind,
    number: u32,
    value: String,
    stand_in: Option<String>,
    /// Whether the placeholder has been given out.
    marked: bool,
}

impl fmt::Debug for Vault {
    /// How many values there are, and nothing of them.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Vault").field("len", &self.len()).finish_non_exhaustive()
    }
}

impl Vault {
    /// An empty vault. `key` is random and nobody else's; `guards` say what [`Vault::redact`] takes out.
    pub fn new(key: &[u8], guards: Vec<Config>) -> Result<Self> {
        let state = State { key: key.to_vec(), ..State::default() };
        Ok(Self { state: Arc::new(Mutex::new(state)), own: Scanner::new(guards)? })
    }

    /// How many values it holds.
    pub fn len(&self) -> usize {
        self.state().entries.len()
    }

    /// Whether it holds none.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// A text as it may be sent: without what the vault's own guards find, nor any value that is known.
    pub fn redact(&self, text: &str) -> String {
        let cover = Cover { vault: self.clone(), way: Way::Out };
        self.cover(&self.own.scan_with(text, Stage::Input, Some(&cover)).text)
    }

    /// A text without the values that are known.
    pub fn cover(&self, text: &str) -> String {
        known::cover(self, text)
    }

    /// A text with what stands for values put right.
    pub fn restore(&self, text: &str) -> Restored {
        let mut stream = TextRestore::new(self.clone());
        let mut out = stream.push(text);
        out.push_str(&stream.end());
        Restored { text: out, restored: stream.restored(), unknown: stream.unknown().to_vec() }
    }

    /// The placeholder of a value.
    pub(super) fn mark(&self, kind: Kind, value: &str) -> String {
        let mut state = self.state();
        let at = state.enter(kind, value);
        state.show(at)
    }

    /// The stand-in of a value, made with that key or the vault's own. Where there is none that tells it from others, its
    /// placeholder.
    pub(super) fn stand_in(&self, kind: Kind, value: &str, key: Option<&[u8]>) -> String {
        let mut state = self.state();
        let at = state.enter(kind, value);
        if let Some(known) = state.entries.get(at).and_then(|entry| entry.stand_in.clone()) {
            return known;
        }
        let made = (0..TRIES).find_map(|turn| {
            let made = surrogate::of(kind, value, key.unwrap_or(&state.key), turn)?;
            let small = made.to_ascii_lowercase();
            let is_free =
                state.stand_ins.get(small.as_bytes()).is_none() && state.values.get(made.as_bytes()).is_none();
            is_free.then_some((made, small))
        });
        let Some((made, small)) = made else { return state.show(at) };
        state.stand_ins.add(small.as_bytes(), at);
        if let Some(entry) = state.entries.get_mut(at) {
            entry.stand_in = Some(made.clone());
        }
        made
    }

    /// What stands for a value that it knows; of one that it does not, the placeholder that it has from now on.
    pub(super) fn shown(&self, kind: Kind, value: &str) -> String {
        let mut state = self.state();
        let at = state.enter(kind, value);
        state.shown(at)
    }

    fn state(&self) -> MutexGuard<'_, State> {
        // What a panic of another thread left is whole: entries are added at once.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A vault of what [`Vault::to_json`] wrote.
    pub fn from_json(text: &str, guards: Vec<Config>) -> Result<Self> {
        let wrong = || Error::input("cannot import a vault: expected what Vault.export made, found something else");
        let object = Object::parse(text, "a vault")?;
        if object.get("format").and_then(Raw::to_text).as_deref() != Some(FORMAT) {
            return Err(wrong());
        }
        if object.get("version").and_then(Raw::number) != Some(VERSION) {
            let message = "cannot import a vault: expected one of version 1, found one of a newer version";
            return Err(Error::new(Code::StorageVersionNewer, message));
        }
        let key = object.get("key").and_then(Raw::to_text).and_then(|hex| from_hex(&hex)).ok_or_else(wrong)?;
        let vault = Self::new(&key, guards)?;
        let mut state = vault.state();
        for entry in object.get("entries").and_then(Raw::items).ok_or_else(wrong)? {
            let text = |key: &str| entry.member(key).and_then(Raw::to_text);
            let (name, value) = text("type").zip(text("value")).ok_or_else(wrong)?;
            let kind = Kind::all().find(|kind| kind.as_str() == name).ok_or_else(wrong)?;
            let number = entry.member("number").and_then(Raw::whole).and_then(|number| u32::try_from(number).ok());
            let at = state.enter(kind, &value);
            let Some(added) = state.entries.get_mut(at) else { return Err(wrong()) };
            // They are numbered in their order, so this is what they were.
            if number != Some(added.number) {
                return Err(wrong());
            }
            added.stand_in = text("standIn");
            let small = added.stand_in.as_ref().map(|text| text.to_ascii_lowercase());
            if let Some(small) = small {
                state.stand_ins.add(small.as_bytes(), at);
            }
            if entry.member("marked").and_then(Raw::bool) == Some(true) {
                state.show(at);
            }
        }
        drop(state);
        Ok(vault)
    }
}

impl State {
    /// The place of a value, which is added if it is new.
    fn enter(&mut self, kind: Kind, value: &str) -> usize {
        if let Some(at) = self.values.get(value.as_bytes()) {
            return at;
        }
        let label = kind.label();
        let number = match self.counts.iter_mut().find(|(known, _)| *known == label) {
            Some((_, count)) => {
                *count += 1;
                *count
            }
            None => {
                self.counts.push((label, 1));
                1
            }
        };
        let at = self.entries.len();
        self.entries.push(Entry { kind, number, value: value.to_owned(), stand_in: None, marked: false });
        self.values.add(value.as_bytes(), at);
        if SOUGHT.contains(&value.len()) {
            self.sought.add(value.as_bytes(), at);
        }
        at
    }

    /// The placeholder of an entry, from now on known as such.
    fn show(&mut self, at: usize) -> String {
        let Some(entry) = self.entries.get_mut(at) else { return String::new() };
        entry.marked = true;
        let name = format!("{}_{}", entry.kind.label(), entry.number);
        let mut mark = format!("[{name}_");
        for byte in hmac(&self.key, name.as_bytes()).iter().take(TAG) {
            // The modulo prefers some letters a little: of 160,000 tags it leaves more than enough.
            mark.push(LETTERS.get(usize::from(byte % 20)).map_or('X', |byte| char::from(*byte)));
        }
        mark.push(']');
        let plain: Vec<u8> = mark.bytes().filter(u8::is_ascii_alphanumeric).collect();
        self.marks.add(&plain, at);
        mark
    }

    /// What stands for a value that is known: what stood for it first.
    fn shown(&mut self, at: usize) -> String {
        match self.entries.get(at) {
            Some(Entry { marked: false, stand_in: Some(stand_in), .. }) => stand_in.clone(),
            _ => self.show(at),
        }
    }
}

fn from_hex(text: &str) -> Option<Vec<u8>> {
    let digit = |byte: &u8| char::from(*byte).to_digit(16);
    let pairs = text.as_bytes().chunks(2);
    let bytes = pairs.map(|pair| match pair {
        [high, low] => Some((digit(high)? * 16 + digit(low)?) as u8),
        _ => None,
    });
    bytes.collect::<Option<Vec<u8>>>().filter(|bytes| bytes.len() == KEY)
}

impl ToJson for Vault {
    /// Everything, the key included: to be encrypted before it goes anywhere.
    fn write(&self, to: &mut Writer) {
        let state = self.state();
        to.open('{');
        to.text_of("format", FORMAT);
        to.number_of("version", VERSION);
        to.text_of("key", &state.key.iter().map(|byte| format!("{byte:02x}")).collect::<String>());
        to.list_of("entries", &state.entries);
        to.close('}');
    }
}

impl ToJson for Entry {
    fn write(&self, to: &mut Writer) {
        to.open('{');
        to.text_of("type", self.kind.as_str());
        to.number_of("number", f64::from(self.number));
        to.text_of("value", &self.value);
        to.optional_text_of("standIn", self.stand_in.as_deref());
        to.bool_of("marked", self.marked);
        to.close('}');
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn vault() -> Vault {
        Vault::new(&[7; KEY], vec![Config::pii().with_action(super::super::Action::Tokenize)]).unwrap()
    }

    #[test]
    fn the_same_value_has_the_same_placeholder() {
        let vault = vault();
        let (first, second) = (vault.mark(Kind::Email, "ann@example.com"), vault.mark(Kind::Email, "bob@example.com"));
        assert!(first.starts_with("[EMAIL_1_") && second.starts_with("[EMAIL_2_"), "{first} {second}");
        assert_ne!(first[9..], second[9..], "each has its own letters");
        assert_eq!(vault.mark(Kind::Email, "ann@example.com"), first);
        assert_eq!(vault.mark(Kind::Phone, "ann@example.com"), first, "whatever it is taken for later");
        assert_eq!(vault.len(), 2);
        assert_eq!(format!("{vault:?}"), "Vault { len: 2, .. }");
        let other = Vault::new(&[8; KEY], Vec::new()).unwrap();
        assert_ne!(other.mark(Kind::Email, "ann@example.com"), first, "another key, other letters");
    }

    #[test]
    fn an_export_is_read_back() {
        let vault = vault();
        vault.mark(Kind::Email, "ann@example.com");
        vault.stand_in(Kind::Email, "bob@example.com", None);
        vault.mark(Kind::UsEin, "12-3456789\n\"");
        let json = vault.to_json();
        let read = Vault::from_json(&json, Vec::new()).unwrap();
        assert!(*read.state() == *vault.state());
        assert_eq!(read.to_json(), json);
        assert_eq!(read.mark(Kind::Email, "eve@example.com"), vault.mark(Kind::Email, "eve@example.com"));
    }

    #[test]
    fn what_is_no_export_is_refused() {
        let good = {
            let vault = vault();
            vault.mark(Kind::Email, "ann@example.com");
            vault.to_json()
        };
        let cases = [
            "{}".to_owned(),
            "[]".to_owned(),
            good.replace("tollgate-vault", "vault"),
            good.replace("0707", ""),
            good.replace("\"email\"", "\"mail\""),
            good.replace("\"number\":1", "\"number\":2"),
            good.replace("\"value\"", "\"values\""),
        ];
        for text in cases {
            let error = Vault::from_json(&text, Vec::new()).unwrap_err();
            assert_eq!(error.code(), Code::InvalidInput, "{text}");
            assert!(!error.message().contains("ann@"), "{error:?}");
        }
        let newer = Vault::from_json(&good.replace("\"version\":1", "\"version\":2"), Vec::new()).unwrap_err();
        assert_eq!(newer.code(), Code::StorageVersionNewer);
    }
}
