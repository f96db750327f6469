//! Stand-ins: values of the same kind and form that are nobody's.
//!
//! Where the form has a range that is reserved for examples, or for tests, a stand-in is of that range: `example.com` (RFC
//! 2606), numbers of `555-01..`, networks for benchmarks (RFC 2544) and documentation (RFC 3849), cards that networks give
//! out for tests. Other numbers keep their letters and digits as such and satisfy the check digits of their kind.

use super::{
    kind::Kind,
    pii::{self, id},
    replace::hmac,
};

/// What has fewer letters and digits has too few stand-ins to be told from other text.
const SHORTEST: usize = 6;
/// What is longer has no form that a model would need.
const LONGEST: usize = 256;
/// How many changes are tried on a number with check digits.
const CHANGES: u32 = 6_000;

const FIRST: &str = "alex ana ben carla chris dana david elena emma eric fiona frank grace hanna henry ines ivan jack \
                     jana kate leo lina lucas maria mark nina noah olga oscar paul rosa sam";
const LAST: &str = "abbott baker berger bishop brandt carter castro costa dixon ellis fischer fuller garcia hansen hughes \
                    jansen keller kovac larsen lopez martin meyer moreau novak olsen parker perez quinn rossi silva turner weber";

/// The stand-in of a value, made with a key: the same for the same value, and without the key nobody can say of what. Another
/// one each turn. `None` where the form leaves no room for one.
pub(super) fn of(kind: Kind, value: &str, key: &[u8], turn: u32) -> Option<String> {
    let signs = value.chars().filter(|c| c.is_alphanumeric()).count();
    if signs < SHORTEST || value.len() > LONGEST {
        return None;
    }
    let digest = hmac(key, format!("{turn}:{value}").as_bytes());
    let mut dice = Dice(digest.iter().take(8).fold(0, |all, byte| all << 8 | u64::from(*byte)));
    let made = match kind {
        Kind::Email => {
            let (first, last, number) = (dice.word(FIRST), dice.word(LAST), 10 + dice.below(990));
            let domain = dice.word("com org net");
            format!("{first}.{last}{number}@example.{domain}")
        }
        Kind::Keyword => {
            let capital = |word: &str| word.split_at_checked(1).map(|(head, rest)| head.to_uppercase() + rest);
            let (first, last) = (capital(dice.word(FIRST))?, capital(dice.word(LAST))?);
            format!("{first} {last}")
        }
        Kind::Url => format!("https://example.com/{:012x}", dice.roll() >> 16),
        Kind::CreditCard => card(value, &mut dice)?,
        Kind::Phone => phone(value, &mut dice),
        Kind::Ssn => with_digits(value, b"666", &mut dice),
        Kind::IpAddress if value.contains(':') => {
            let mut group = || dice.below(0x1_0000);
            format!("2001:db8:{:x}:{:x}:{:x}:{:x}:{:x}:{:x}", group(), group(), group(), group(), group(), group())
        }
        Kind::IpAddress => format!("198.{}.{}.{}", 18 + dice.below(2), dice.below(256), 1 + dice.below(254)),
        // Locally administered: no maker has it.
        Kind::MacAddress => scrambled(value, &mut dice, 2).replacen(value.get(..2)?, "02", 1),
        Kind::DateOfBirth => date(value, &mut dice),
        Kind::Iban => iban(value, &mut dice)?,
        Kind::CryptoAddress => scrambled(value, &mut dice, if value.starts_with("bc1") { 3 } else { 2 }),
        Kind::Secret => {
            // `sk-`, `ghp_`: what says whose key it is.
            let head = value.get(..10.min(value.len())).and_then(|head| head.rfind(['-', '_']));
            scrambled(value, &mut dice, head.map_or(0, |end| end + 1))
        }
        kind if Kind::PII.contains(&kind) => checked(kind, value, &mut dice)?,
        _ => return None,
    };
    (made.is_ascii() && !made.eq_ignore_ascii_case(value)).then_some(made)
}

/// Numbers that follow from a seed (SplitMix64). What they hide is hidden by the keyed hash that the seed is part of.
struct Dice(u64);

impl Dice {
    fn roll(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut mixed = self.0;
        mixed = (mixed ^ mixed >> 30).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        mixed = (mixed ^ mixed >> 27).wrapping_mul(0x94D0_49BB_1331_11EB);
        mixed ^ mixed >> 31
    }

    fn below(&mut self, most: u32) -> u32 {
        (((self.roll() >> 32) * u64::from(most)) >> 32) as u32
    }

    fn word(&mut self, words: &'static str) -> &'static str {
        let count = words.split_ascii_whitespace().count() as u32;
        let place = self.below(count) as usize;
        words.split_ascii_whitespace().nth(place).unwrap_or_default()
    }

    fn digit(&mut self) -> u8 {
        b'0' + self.below(10) as u8
    }

    /// Another sign of the same class.
    fn sign(&mut self, like: char, letters: u32) -> char {
        match like {
            '0'..='9' => char::from(self.digit()),
            'A'..='Z' => char::from(b'A' + self.below(letters) as u8),
            c if c.is_alphanumeric() => char::from(b'a' + self.below(letters) as u8),
            c if c.is_ascii() => c,
            _ => '-',
        }
    }
}

/// Every letter and digit but the first few bytes replaced by another of its class; what is hexadecimal stays it.
fn scrambled(value: &str, dice: &mut Dice, keep: usize) -> String {
    let (head, rest) = value.split_at_checked(keep).unwrap_or(("", value));
    let is_hex = rest.chars().filter(|c| c.is_alphanumeric()).all(|c| c.is_ascii_hexdigit());
    let letters = if is_hex { 6 } else { 26 };
    head.chars().chain(rest.chars().map(|c| dice.sign(c, letters))).collect()
}

/// The digits of a value replaced by those given first, and by any behind them.
fn with_digits(value: &str, first: &[u8], dice: &mut Dice) -> String {
    let mut first = first.iter();
    let digit =
        |c: char| if c.is_ascii_digit() { char::from(first.next().map_or_else(|| dice.digit(), |d| *d)) } else { c };
    value.chars().map(digit).map(|c| if c.is_ascii() { c } else { '-' }).collect()
}

/// A card of the same network and length, of its range for tests.
fn card(value: &str, dice: &mut Dice) -> Option<String> {
    let digits: Vec<u8> = value.bytes().filter(u8::is_ascii_digit).collect();
    let range: &[u8] = match digits.as_slice() {
        [b'2', ..] => b"222300",
        [b'3', b'4' | b'7', ..] => b"378282",
        [b'3', b'5', ..] => b"353011",
        [b'3', ..] => b"305693",
        [b'5', ..] => b"555555",
        [b'6', ..] => b"601111",
        _ => b"424242",
    };
    let body: Vec<u8> = (0..digits.len().checked_sub(1)?)
        .map(|place| range.get(place).copied().unwrap_or_else(|| dice.digit()))
        .collect();
    let number = (b'0'..=b'9').map(|check| [body.as_slice(), &[check]].concat());
    let plain = |number: &[u8]| number.iter().map(|digit| digit - b'0').collect::<Vec<u8>>();
    let number = number.into_iter().find(|number| pii::card::luhn(&plain(number)))?;
    Some(with_digits(value, &number, dice))
}

/// A phone number that is nobody's: in North America of `555-01..`, elsewhere of an area that begins with zeros.
fn phone(value: &str, dice: &mut Dice) -> String {
    let digits: Vec<u8> = value.bytes().filter(u8::is_ascii_digit).collect();
    let is_international = value.starts_with('+');
    let first = match digits.as_slice() {
        [b'1', rest @ ..] if rest.len() >= 10 => [b"1".as_slice(), &american(dice)].concat(),
        rest if !is_international && rest.len() == 10 && !rest.starts_with(b"0") => american(dice),
        rest if !is_international && rest.len() == 7 => b"55501".to_vec(),
        [country @ .., _] if is_international && country.len() > 2 => {
            [country.get(..2).unwrap_or_default(), b"00"].concat()
        }
        _ => b"000".to_vec(),
    };
    with_digits(value, &first, dice)
}

fn american(dice: &mut Dice) -> Vec<u8> {
    let area = dice.word("202 206 212 213 215 303 305 310 312 404 415 503 512 602 617 702 713 773 808 907");
    [area.as_bytes(), b"55501", &[dice.digit(), dice.digit()]].concat()
}

/// Another date in the same form.
fn date(value: &str, dice: &mut Dice) -> String {
    let mut out = String::with_capacity(value.len());
    for part in value.split_inclusive(|c: char| !c.is_ascii_digit()) {
        let digits = part.bytes().take_while(u8::is_ascii_digit).count();
        match digits {
            0 => {}
            4 => out.push_str(&format!("19{}", 40 + dice.below(60))),
            // A day and a month at once.
            2 => out.push_str(&format!("{:02}", 1 + dice.below(12))),
            1 => out.push(char::from(b'1' + dice.below(9) as u8)),
            _ => (0..digits).for_each(|_| out.push(char::from(dice.digit()))),
        }
        out.push_str(part.get(digits..).unwrap_or_default());
    }
    out
}

/// An account of the same country and length, with the check digits that make it one.
fn iban(value: &str, dice: &mut Dice) -> Option<String> {
    let country = value.get(..2)?;
    let made = scrambled(value, dice, 2);
    // The two digits behind the country.
    let (head, tail) = (country, made.get(4..)?);
    let whole = |check: u32| format!("{head}{check:02}{tail}");
    let plain = |text: &str| {
        text.bytes().filter(u8::is_ascii_alphanumeric).map(|byte| byte.to_ascii_uppercase()).collect::<Vec<u8>>()
    };
    (2..=98).map(whole).find(|text| id::is_valid(Kind::Iban, &plain(text)))
}

/// A number of the same kind: changed a letter or two at a time, as long as its check digits allow, until little is left of it.
fn checked(kind: Kind, value: &str, dice: &mut Dice) -> Option<String> {
    let mut signs: Vec<char> = value.chars().map(|c| if c.is_ascii() { c } else { '-' }).collect();
    let places: Vec<usize> =
        (0..signs.len()).filter(|at| signs.get(*at).is_some_and(char::is_ascii_alphanumeric)).collect();
    let plain = |signs: &[char]| -> Vec<u8> {
        signs.iter().filter(|c| c.is_ascii_alphanumeric()).map(|c| c.to_ascii_uppercase() as u8).collect()
    };
    if !id::is_valid(kind, &plain(&signs)) {
        return Some(scrambled(value, dice, 0));
    }
    for _ in 0..CHANGES {
        let mut tried = signs.clone();
        for _ in 0..2 {
            let place = places.get(dice.below(places.len() as u32) as usize)?;
            let sign = tried.get_mut(*place)?;
            *sign = dice.sign(*sign, 26);
        }
        if id::is_valid(kind, &plain(&tried)) {
            signs = tried;
        }
    }
    let same = signs.iter().zip(value.chars()).filter(|(new, old)| old.is_ascii_digit() && *new == old).count();
    (2 * same <= places.len()).then(|| signs.into_iter().collect())
}
