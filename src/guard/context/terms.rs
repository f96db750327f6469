//! The words that tell what stands beside them, and which lists hold a word: one look at a table for all of them.

use std::sync::OnceLock;

use super::super::pii::rules::RULES;

/// Lists of words: a bit for each.
pub type Lists = u128;

/// A list of words, each in lower case; `_` joins two that have to follow each other. Those of scripts beyond Latin are
/// found inside of longer words too, since there words take endings or are not divided.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Terms(u8);

macro_rules! named {
    ($($(#[$doc:meta])* $place:literal $name:ident $words:literal;)*) => {
        impl Terms {
            $($(#[$doc])* pub const $name: Self = Self($place);)*
        }

        /// The words of each list that has a name, by its place.
        const NAMED: &[&str] = &[$($words),*];
    };
}

named! {
    /// Words that name a phone.
    0 PHONE "phone phones telephone tel mobile mob cell cellphone cellular fax whatsapp sms landline hotline telefon \
             telefono telefone telefonnummer handynummer rufnummer celular movil téléphone teléfono móvil";
    /// Words that go with a phone number, and with much else.
    1 CALLING "call calls called calling callback dial dialed text contact reach reached ring number numbers voicemail \
               answer answers answering answered message messages";
    /// Words that make a phone of ten digits together. A mere `number` does not: orders, parcels and cases have one.
    2 DIALLED "call calls called calling callback dial dialed text contact reach reached ring voicemail my_number \
               his_number her_number their_number our_number";
    /// Words between a call and where it goes.
    3 AT "at on";
    /// Words that name a social security number.
    4 SOCIAL_SECURITY "ssn ssns social_security";
    /// Words that name a payment card.
    5 CARD "card cards creditcard credit debit visa mastercard amex maestro diners jcb unionpay cc kreditkarte carte \
            tarjeta";
    /// Words that make a date one of birth.
    6 BIRTH "dob born birth birthday birthdate geboren geburtsdatum geburtstag naissance nacimiento nascita né née";
    /// Words before four numbers that make them a version.
    7 VERSION "version versions ver release releases build firmware chapter section";
    /// Words that make a network address of what is hardly one by itself.
    8 ADDRESS "ip ipv ips address addr host localhost loopback inet src dst connecting listening bind gateway dns";
}

const _: () = assert!(NAMED.len() + RULES.len() <= Lists::BITS as usize, "there are more lists than bits");

impl Terms {
    /// The words of a rule for documents' numbers, given its place among them.
    pub const fn of_rule(place: usize) -> Self {
        Self((NAMED.len() + place) as u8)
    }

    pub const fn list(self) -> Lists {
        1 << self.0
    }
}

/// The first byte of scripts beyond Latin, Greek, Cyrillic and their neighbours.
pub const FAR: u8 = 0xE0;

/// What the hash of a word begins with (FNV-1a).
pub const SEED: u32 = 0x811C_9DC5;

/// The hash of a word with one more byte.
pub const fn step(hash: u32, byte: u8) -> u32 {
    (hash ^ byte.to_ascii_lowercase() as u32).wrapping_mul(0x0100_0193)
}

/// How many slots the table has.
const SLOTS: usize = 1024;

/// A word of some lists; behind another one, where `before` is not empty.
struct Word {
    text: &'static [u8],
    before: &'static [u8],
    lists: Lists,
    /// The next one in the same slot, counted from 1.
    next: u16,
}

/// Every word of every list.
pub struct Vocabulary {
    words: Vec<Word>,
    /// The last word of those whose hash ends in that, counted from 1.
    slots: [u16; SLOTS],
    /// The words of scripts beyond Latin.
    far: Vec<(&'static [u8], Lists)>,
}

impl Vocabulary {
    pub fn get() -> &'static Self {
        static VOCABULARY: OnceLock<Vocabulary> = OnceLock::new();
        VOCABULARY.get_or_init(Self::new)
    }

    fn new() -> Self {
        let mut all = Self { words: Vec::new(), slots: [0; SLOTS], far: Vec::new() };
        for (place, list) in NAMED.iter().copied().chain(RULES.iter().map(|rule| rule.terms)).enumerate() {
            for word in list.split_ascii_whitespace() {
                all.add(word.as_bytes(), 1 << place);
            }
        }
        all
    }

    fn add(&mut self, word: &'static [u8], list: Lists) {
        if word.first().is_some_and(|byte| *byte >= FAR) {
            self.far.push((word, list));
            return;
        }
        let joint = word.iter().position(|byte| *byte == b'_');
        let (before, text) = match joint.and_then(|joint| word.split_at_checked(joint)) {
            Some((before, [_, text @ ..])) => (before, text),
            _ => (&[][..], word),
        };
        let slot = slot(text.iter().fold(SEED, |hash, byte| step(hash, *byte)));
        let mut next = self.slots.get(slot).copied().unwrap_or(0);
        let first = next;
        while let Some(word) = usize::from(next).checked_sub(1).and_then(|place| self.words.get_mut(place)) {
            if (word.text, word.before) == (text, before) {
                word.lists |= list;
                return;
            }
            next = word.next;
        }
        self.words.push(Word { text, before, lists: list, next: first });
        self.slots.get_mut(slot).into_iter().for_each(|slot| *slot = self.words.len() as u16);
    }

    /// The lists that hold a word: by itself, and behind the previous one.
    pub fn lists(&self, word: &[u8], hash: u32, previous: &[u8]) -> (Lists, Lists) {
        let (mut alone, mut behind) = (0, 0);
        let mut next = self.slots.get(slot(hash)).copied().unwrap_or(0);
        while let Some(known) = usize::from(next).checked_sub(1).and_then(|place| self.words.get(place)) {
            if known.text.eq_ignore_ascii_case(word) {
                if known.before.is_empty() {
                    alone |= known.lists;
                } else if known.before.eq_ignore_ascii_case(previous) {
                    behind |= known.lists;
                }
            }
            next = known.next;
        }
        (alone, behind)
    }

    /// The lists of those words of scripts beyond Latin that a text begins with.
    pub fn far(&self, text: &[u8]) -> Lists {
        self.far.iter().filter(|(word, _)| text.starts_with(word)).fold(0, |all, (_, list)| all | list)
    }
}

fn slot(hash: u32) -> usize {
    hash as usize % SLOTS
}
