//! What stands beside a key: chosen at random, chosen by a person, or no secret at all.

use super::super::mark;

/// Pairs of letters that make up 90 % of those in English words: a mask of second letters for each first one. Identifiers
/// and messages consist of them; of random letters a quarter does.
const PAIRS: [u32; 26] = [
    0x11EBD4E, 0x0124911, 0x01A4D91, 0x0064151, 0x0EEB87D, 0x0004111, 0x0120190, 0x0024111, 0x02EF85D, 0x0000000,
    0x0040010, 0x11C4919, 0x000C113, 0x00C415D, 0x07EFC0C, 0x01AC911, 0x0100000, 0x13E515D, 0x01CC195, 0x11E4191,
    0x00E3819, 0x0000111, 0x0004191, 0x0080000, 0x0000000, 0x0000000,
];

/// What says that a value was put there to be replaced.
#[rustfmt::skip]
const PLACEHOLDERS: &[&str] = &[
    "example", "your", "placeholder", "changeme", "change_me", "change-me", "dummy", "fake", "sample", "redacted",
    "insert", "replace", "xxxx", "****", "....", "todo", "undefined", "_here", "-here", "goeshere", "not_", "mock",
    "hidden", "masked", "ipsum", "notreal", "asterisk", "<%", "%(",
];

/// How templates mark what they put in.
const TEMPLATES: &[(&str, &str)] = &[("${", "}"), ("#{", "}"), ("{{", "}}"), ("$(", ")"), ("<", ">")];

/// Words that passwords in documentation and tests are made of. They prove nothing: what is left without them decides.
#[rustfmt::skip]
const COMMON: &[&str] = &[
    "password", "passwort", "passwd", "passphrase", "secret", "credential", "token", "string", "value", "private",
    "access", "test", "demo", "user", "admin", "root", "login", "guest", "default", "qwerty", "letmein", "welcome",
    "hello", "world", "super", "apikey", "api", "key", "auth", "pass", "pwd", "foo", "bar", "baz", "abc", "123",
    "live", "prod", "sandbox", "bearer", "basic", "null", "true", "false", "none", "some", "real", "good", "wrong",
    "new", "old", "my",
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
    text.windows(what.len()).position(|window| window.eq_ignore_ascii_case(what.as_bytes()))
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
        || PLACEHOLDERS.iter().any(|known| find(text, known).is_some())
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
    find(text, "****").is_some() || (0..text.len()).any(|at| text.get(at) == Some(&b'[') && mark(at))
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
    // What redaction left, and links, which are judged by what they hold.
    if text.len() < 6 || stands_for_another(text) || find(text, "://").is_some() {
        return Looks::Ordinary;
    }
    let rest = without_common(text);
    let count = |is: fn(&u8) -> bool| rest.iter().filter(|byte| is(byte)).count();
    let (digits, letters) = (count(u8::is_ascii_digit), count(u8::is_ascii_alphabetic));
    let (lower, upper) = (count(u8::is_ascii_lowercase), count(u8::is_ascii_uppercase));
    let signs = signs_within(&rest);
    if !is_varied_enough(&rest) {
        return Looks::Ordinary;
    }
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

/// The letters that words begin with, a bit each: most bytes are told apart by it.
fn first_letters(words: &[&str]) -> u128 {
    words.iter().filter_map(|word| word.bytes().next()).fold(0, |letters, first| letters | 1 << (first & 127))
}

/// Which of the words stands at `at`, in whatever case.
fn word_at<'a>(text: &[u8], at: usize, words: &[&'a str], letters: u128) -> Option<&'a str> {
    let tail = text.get(at..)?;
    let first = tail.first()?.to_ascii_lowercase();
    if letters >> (first & 127) & 1 == 0 {
        return None;
    }
    let stands = |word: &str| tail.get(..word.len()).is_some_and(|head| head.eq_ignore_ascii_case(word.as_bytes()));
    words.iter().copied().find(|word| word.as_bytes().first() == Some(&first) && stands(word))
}

/// The text without the common words in it.
fn without_common(text: &[u8]) -> Vec<u8> {
    let mut rest = Vec::with_capacity(text.len());
    let letters = first_letters(COMMON);
    let mut at = 0;
    while let Some(byte) = text.get(at) {
        match word_at(text, at, COMMON, letters) {
            Some(word) => at += word.len(),
            None => {
                rest.push(*byte);
                at += 1;
            }
        }
    }
    rest
}
