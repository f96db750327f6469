//! What stands beside a key: chosen at random, chosen by a person, or no secret at all.

use super::super::mark;

/// Pairs of letters that make up 90 % of those in English words: a mask of second letters for each first one. Identifiers
/// and messages consist of them; of random letters a quarter does.
const PAIRS: [u32; 26] = [
    0x11EBD4E, 0x0124911, 0x01A4D91, 0x0064151, 0x0EEB87D, 0x0004111, 0x0120190, 0x0024111, 0x02EF85D, 0x0000000,
    0x0040010, 0x11C4919, 0x000C113, 0x00C415D, 0x07EFC0C, 0x01AC911, 0x0100000, 0x13E515D, 0x01CC195, 0x11E4191,
    0x00E3819, 0x0000111, 0x0004191, 0x0080000, 0x0000000, 0x0000000,
];

/// What says that a value was put there to be replaced; in the order of their first bytes.
#[rustfmt::skip]
const PLACEHOLDERS: &[&str] = &[
    "%(", "****", "-here", "....", "<%", "_here", "asterisk", "changeme", "change_me", "change-me", "dummy", "example",
    "fake", "goeshere", "hidden", "insert", "ipsum", "masked", "mock", "not_", "notreal", "placeholder", "redacted",
    "replace", "sample", "todo", "undefined", "xxxx", "your",
];

/// How templates mark what they put in.
const TEMPLATES: &[(&str, &str)] = &[("${", "}"), ("#{", "}"), ("{{", "}}"), ("$(", ")"), ("<", ">")];

/// Words that passwords in documentation and tests are made of, in the order of their first bytes; of two where one begins with
/// the other, the longer first. They prove nothing: what is left without them decides.
#[rustfmt::skip]
const COMMON: &[&str] = &[
    "123", "access", "admin", "apikey", "api", "auth", "abc", "bar", "baz", "bearer", "basic", "credential", "demo",
    "default", "foo", "false", "guest", "good", "hello", "key", "login", "letmein", "live", "my", "null", "none",
    "new", "old", "password", "passwort", "passwd", "passphrase", "private", "pass", "pwd", "prod", "qwerty", "root",
    "real", "secret", "string", "super", "sandbox", "some", "token", "test", "true", "user", "value", "welcome",
    "world", "wrong",
];

/// How much a value looks like a secret.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Looks {
    /// A word, a name, a placeholder, a number.
    Ordinary,
    /// Not one word: digits or signs among letters.
    Mixed,
    /// Chosen by chance.
    Random,
}

/// Whether a text has eight different characters or more in it, and no row of the alphabet: placeholders rarely do.
pub(super) fn is_varied(text: &[u8]) -> bool {
    let most = if text.len() < 12 { 5 } else { 8 };
    different(text) >= most && steps(text) * 2 < text.len().max(1) && !is_words(text)
}

/// Words alone, as in an identifier; and what says that it is an example.
fn is_words(text: &[u8]) -> bool {
    !text.iter().any(u8::is_ascii_digit) && is_wordy(text) || find(text, "example").is_some()
}

/// Sixteen letters and digits in a row, with two of each at least and eight different ones.
pub(super) fn has_mixed_run(text: &[u8]) -> bool {
    text.split(|byte| !byte.is_ascii_alphanumeric()).any(|run| {
        let digits = run.iter().filter(|byte| byte.is_ascii_digit()).count();
        run.len() >= 16 && digits >= 2 && run.len() - digits >= 2 && is_varied(run)
    })
}

fn different(text: &[u8]) -> u32 {
    text.iter().fold(0_u128, |seen, byte| seen | 1 << (byte & 127)).count_ones()
}

/// How often a character is the one before it, or the one after that in the alphabet.
fn steps(text: &[u8]) -> usize {
    text.windows(2).filter(|pair| matches!(pair, [a, b] if *b == a.wrapping_add(1) || a == b)).count()
}

/// Whether three fifths of the pairs of letters are those that words have.
fn is_wordy(text: &[u8]) -> bool {
    let place = |byte: u8| byte.is_ascii_alphabetic().then(|| u32::from(byte.to_ascii_lowercase() - b'a'));
    let (mut pairs, mut common) = (0, 0);
    for pair in text.windows(2) {
        let [a, b] = pair else { continue };
        if let (Some(a), Some(b)) = (place(*a), place(*b)) {
            pairs += 1;
            common += PAIRS.get(a as usize).copied().unwrap_or(0) >> b & 1;
        }
    }
    common * 5 >= pairs * 3
}

/// Where a text in lower case stands in another, whatever its case.
fn find(text: &[u8], what: &str) -> Option<usize> {
    let what = what.as_bytes();
    let first = what.first()?;
    text.iter().enumerate().position(|(at, byte)| {
        byte.to_ascii_lowercase() == *first
            && text.get(at..at + what.len()).is_some_and(|here| here.eq_ignore_ascii_case(what))
    })
}

/// Whether a value stands for another: `${NAME}`, `<token>`, `%s`, `your-key`, `xxxx`.
fn stands_for_another(text: &[u8]) -> bool {
    let (Some(first), Some(last)) = (text.first(), text.last()) else { return true };
    let word: fn(&u8) -> bool = |byte| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-' | b'.' | b' ' | b':');
    // The name of a variable, or what a template puts in.
    let named = match first {
        b'$' => text.iter().skip(1).all(|byte| byte.is_ascii_alphanumeric() || *byte == b'_'),
        b'%' => text.len() <= 3 || *last == b'%',
        b'<' => *last == b'>',
        b'[' => *last == b']',
        b'{' => *last == b'}',
        b'@' => *last == b'@' || text.iter().skip(1).all(word),
        b'/' | b'~' | b'\\' => true,
        b'.' => text.get(1) == Some(&b'/'),
        _ => false,
    };
    named
        || (0..text.len()).any(|at| text.get(at..).is_some_and(|tail| PLACEHOLDER_WORDS.length(tail).is_some()))
        || TEMPLATES.iter().any(|template| holds(text, template, word))
}

/// Whether a text holds what a template puts in: a name between two marks.
fn holds(text: &[u8], (open, close): &(&str, &str), is_name: fn(&u8) -> bool) -> bool {
    let Some(inner) = find(text, open).and_then(|at| text.get(at + open.len()..)) else { return false };
    let length = inner.iter().take_while(|byte| is_name(byte)).count();
    length > 0 && inner.get(length..).is_some_and(|rest| rest.starts_with(close.as_bytes()))
}

/// Whether a text is made of letters and several kinds of signs, as what generators of passwords make, and is no regular
/// expression.
pub(super) fn is_of_signs(text: &[u8]) -> bool {
    let sign = |byte: &&u8| {
        byte.is_ascii_punctuation() && !matches!(byte, b'.' | b',' | b'/' | b':' | b'_' | b'-' | b'"' | b'\'')
    };
    let kinds = text.iter().filter(sign).fold(0_u128, |seen, byte| seen | 1 << (byte & 127)).count_ones();
    let letters = text.iter().filter(|byte| byte.is_ascii_alphanumeric()).count();
    let patterns = ["\\", "(?", "[^", "[a-", "[0-", ".*", ".+", "]+", "]*", ")*", ")+", "||", "&&", "=>", "->"];
    text.len() >= 12 && kinds >= 4 && letters >= 6 && !patterns.iter().any(|known| find(text, known).is_some())
}

/// Whether a bare text is a name in code: no digits, or a constant's capitals and underscores.
pub(super) fn is_name(text: &[u8]) -> bool {
    let word = text.iter().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'.'));
    let digits = text.iter().any(u8::is_ascii_digit);
    word && (!digits || text.contains(&b'_') && !text.iter().any(u8::is_ascii_lowercase))
}

/// Whether brackets open and close in pairs, as in code.
pub(super) fn is_balanced(text: &[u8]) -> bool {
    let mut open = Vec::new();
    for byte in text {
        match byte {
            b'(' => open.push(b')'),
            b'[' => open.push(b']'),
            b'{' => open.push(b'}'),
            b')' | b']' | b'}' if open.pop() != Some(*byte) => return false,
            _ => {}
        }
    }
    open.is_empty()
}

/// Whether a value holds what redaction left: what was there was judged with it.
pub(super) fn holds_placeholder(text: &[u8]) -> bool {
    let mark = |at: usize| text.get(at..).and_then(mark::length).is_some_and(|length| length > 0);
    text.iter().enumerate().any(|(at, byte)| match byte {
        b'[' => mark(at),
        b'*' => text.get(at..).is_some_and(|tail| tail.starts_with(b"****")),
        _ => false,
    })
}

/// Whether what stands for a password in a link is one, and not a word for it.
pub(super) fn is_password(text: &[u8]) -> bool {
    text.len() >= 5
        && !holds_placeholder(text)
        && !stands_for_another(text)
        && without_common(text).len() * 2 > text.len()
        && different(text) >= 3
}

/// Whether a bare value can't be a name in code: signs and digits in the middle, or both cases mixed.
pub(super) fn is_unlike_code(text: &[u8]) -> bool {
    let inner = text.get(1..text.len().saturating_sub(1)).unwrap_or_default();
    inner.iter().any(|byte| matches!(byte, b'!' | b'@' | b'#' | b'$' | b'%' | b'^' | b'~' | b'?'))
        || text.len() >= 7
            && text.iter().any(u8::is_ascii_digit)
            && !text.iter().any(|byte| matches!(byte, b'.' | b'_'))
}

/// What a value looks like.
pub(super) fn judge(text: &[u8]) -> Looks {
    if text.len() < 6 {
        return Looks::Ordinary;
    }
    let rest = without_common(text);
    // What stands for another, and links, which are judged by what they hold; but first what costs less to know.
    if !is_varied_enough(&rest) || stands_for_another(text) || find(text, "://").is_some() {
        return Looks::Ordinary;
    }
    let count = |is: fn(&u8) -> bool| rest.iter().filter(|byte| is(byte)).count();
    let (digits, letters) = (count(u8::is_ascii_digit), count(u8::is_ascii_alphabetic));
    let (lower, upper) = (count(u8::is_ascii_lowercase), count(u8::is_ascii_uppercase));
    let signs = signs_within(&rest);
    let alnum = digits + letters;
    let changes = changes(&rest);
    let wordy = is_wordy(&rest);
    let random = match () {
        // An address of a contract.
        () if text.starts_with(b"0x") && text.len() == 42 => false,
        () if letters == 0 => digits >= 16 && digits == rest.len(),
        () if digits == 0 => alnum >= 16 && lower > 0 && upper > 0 && !wordy && signs + upper >= 3,
        // Words hold few digits.
        () if alnum >= 24 => changes >= 2 && (!wordy || digits * 5 >= alnum),
        () if alnum >= 16 => changes >= 1 && (!wordy || digits * 3 >= alnum),
        () => alnum >= 10 && changes >= 2 && digits >= 2 && !wordy,
    };
    if random || is_of_signs(text) {
        return Looks::Random;
    }
    let mixed = letters >= 2 && (digits >= 1 && letters + digits >= 5 || signs >= 1)
        || !wordy && letters >= 8 && lower > 0 && upper > 1;
    if mixed { Looks::Mixed } else { Looks::Ordinary }
}

/// How many signs there are within a text that names, paths and sentences don't have there.
fn signs_within(text: &[u8]) -> usize {
    let inner = text.get(1..text.len().saturating_sub(1)).unwrap_or_default();
    let glob = text.contains(&b'/');
    let is_sign = |byte: &&u8| b"!@#$%^&+=~".contains(byte) || !glob && b"*?".contains(byte);
    inner.iter().filter(is_sign).count()
}

/// How often a letter follows a digit, or a digit a letter.
fn changes(text: &[u8]) -> usize {
    let change = |pair: &&[u8]| match pair {
        [a, b] => a.is_ascii_digit() && b.is_ascii_alphabetic() || a.is_ascii_alphabetic() && b.is_ascii_digit(),
        _ => false,
    };
    text.windows(2).filter(change).count()
}

fn is_varied_enough(text: &[u8]) -> bool {
    let least = match text.len() {
        0..=4 => return false,
        5..=11 => 4,
        12..=15 => 6,
        _ => 8,
    };
    different(text) >= least && steps(text) * 2 < text.len()
}

/// Words that are looked for at each byte of a text.
struct Words {
    words: &'static [&'static str],
    /// Where those end that begin with a byte, or with an earlier one.
    ends: [u8; 129],
}

static COMMON_WORDS: Words = Words::new(COMMON);
static PLACEHOLDER_WORDS: Words = Words::new(PLACEHOLDERS);

impl Words {
    #[allow(clippy::indexing_slicing, reason = "evaluated by the compiler")]
    const fn new(words: &'static [&'static str]) -> Self {
        let mut ends = [0; 129];
        let (mut byte, mut place) = (0, 0);
        while byte < 128 {
            while place < words.len() && words[place].as_bytes()[0] as usize == byte {
                place += 1;
            }
            ends[byte + 1] = place as u8;
            byte += 1;
        }
        assert!(place == words.len(), "the words are not in order");
        Self { words, ends }
    }

    /// The length of the word that a text begins with, in whatever case.
    fn length(&self, text: &[u8]) -> Option<usize> {
        let first = usize::from(text.first()?.to_ascii_lowercase());
        let (from, to) = (*self.ends.get(first)?, *self.ends.get(first + 1)?);
        let words = self.words.get(usize::from(from)..usize::from(to))?;
        let stands =
            |word: &&&str| text.get(..word.len()).is_some_and(|head| head.eq_ignore_ascii_case(word.as_bytes()));
        words.iter().find(stands).map(|word| word.len())
    }
}

/// The text without the common words in it.
fn without_common(text: &[u8]) -> Vec<u8> {
    let mut rest = Vec::with_capacity(text.len());
    let mut tail = text;
    while let Some((byte, after)) = tail.split_first() {
        match COMMON_WORDS.length(tail) {
            Some(length) => tail = tail.get(length..).unwrap_or_default(),
            None => {
                rest.push(*byte);
                tail = after;
            }
        }
    }
    rest
}
