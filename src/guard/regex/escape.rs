//! What stands behind a backslash, and between square brackets.

use super::{
    Wrong,
    class::{Class, Property},
    parse::{Assert, Node, Parser},
};
use crate::{script::Script, tokens::class as general};

/// What an escape stands for.
enum Escape {
    Char(char),
    /// Of a property; whether of those that lack it.
    Property(Property, bool),
    Ranges(&'static [(u32, u32)], bool),
}

/// Scripts that are told apart by name, as `\p{Script=Greek}` or `\p{Greek}`.
const SCRIPTS: &[(&str, Script)] = &[
    ("Latin", Script::Latin),
    ("Greek", Script::Greek),
    ("Cyrillic", Script::Cyrillic),
    ("Armenian", Script::Armenian),
    ("Hebrew", Script::Hebrew),
    ("Arabic", Script::Arabic),
    ("Devanagari", Script::Devanagari),
    ("Bengali", Script::Bengali),
    ("Tamil", Script::Tamil),
    ("Thai", Script::Thai),
    ("Georgian", Script::Georgian),
    ("Hangul", Script::Hangul),
    ("Han", Script::Han),
];

const HIRAGANA: &[(u32, u32)] = &[(0x3041, 0x3096), (0x309D, 0x309F)];
const KATAKANA: &[(u32, u32)] =
    &[(0x30A1, 0x30FA), (0x30FD, 0x30FF), (0x31F0, 0x31FF), (0xFF66, 0xFF6F), (0xFF71, 0xFF9D)];

/// General categories.
const CATEGORIES: &[(&str, &str, Property)] = &[
    ("L", "Letter", Property::Category(general::ANY_LETTER)),
    ("Lu", "Uppercase_Letter", Property::Upper),
    ("Ll", "Lowercase_Letter", Property::Category(general::LOWER)),
    ("M", "Mark", Property::Category(general::MARK)),
    ("N", "Number", Property::Category(general::NUMBER)),
];

/// What stands behind a backslash outside of brackets.
pub(super) fn item(parser: &mut Parser) -> Result<Node, Wrong> {
    let at = parser.at - 1;
    match parser.peek() {
        Some('b') => {
            parser.at += 1;
            return Ok(Node::Assert(Assert::Boundary));
        }
        Some('B') => {
            parser.at += 1;
            return Ok(Node::Assert(Assert::NoBoundary));
        }
        Some(c @ ('1'..='9' | 'k')) => {
            let instead =
                "no back-reference, which takes more than linear time (write what the group matches once more)";
            return Err(Wrong::new(at, instead, format!("\\{c}")));
        }
        _ => {}
    }
    let folded = parser.flags.folded;
    Ok(Node::One(match escape(parser)? {
        Escape::Char(c) => Class::of(c, folded),
        Escape::Property(property, lacks) => Class::new(Vec::new(), vec![(property, lacks)], false, folded),
        Escape::Ranges(ranges, negated) => Class::new(ranges.to_vec(), Vec::new(), negated, folded),
    }))
}

/// What stands between square brackets, the first of which was read.
pub(super) fn brackets(parser: &mut Parser) -> Result<Class, Wrong> {
    let start = parser.at - 1;
    let negated = parser.eat("^");
    let (mut ranges, mut properties) = (Vec::new(), Vec::new());
    loop {
        let at = parser.at;
        if parser.eat("]") {
            return Ok(Class::new(ranges, properties, negated, parser.flags.folded));
        }
        if parser.eat("[:") {
            return Err(Wrong::new(at, "a class as \\p{L} or a range of characters", "[: :]"));
        }
        let Some(first) = member(parser)? else {
            return Err(Wrong::new(start, "brackets that are closed", "ones that are not"));
        };
        let dash = parser.at;
        // At the end of the brackets a dash is one.
        let ranged = parser.eat("-") && parser.peek() != Some(']');
        if !ranged {
            parser.at = dash;
        }
        match (first, ranged) {
            (Escape::Char(first), true) => match member(parser)? {
                Some(Escape::Char(last)) if first <= last => ranges.push((u32::from(first), u32::from(last))),
                Some(Escape::Char(_)) => {
                    return Err(Wrong::new(at, "a range whose first character comes first", "another"));
                }
                Some(_) => return Err(Wrong::new(at, "a range from one character to another", "a class at its end")),
                None => return Err(Wrong::new(start, "brackets that are closed", "ones that are not")),
            },
            (Escape::Char(c), false) => ranges.push((u32::from(c), u32::from(c))),
            (_, true) => {
                return Err(Wrong::new(
                    at,
                    "a range from one character to another (a dash itself is \\-)",
                    "a class at its beginning",
                ));
            }
            (Escape::Property(property, lacks), false) => properties.push((property, lacks)),
            (Escape::Ranges(all, false), false) => ranges.extend(all),
            (Escape::Ranges(_, true), false) => return Err(Wrong::new(at, "\\p of a script in brackets", "\\P")),
        }
    }
}

/// A character or an escape between brackets; nothing at the end of the pattern.
fn member(parser: &mut Parser) -> Result<Option<Escape>, Wrong> {
    if !parser.eat("\\") {
        return Ok(parser.next().map(Escape::Char));
    }
    if parser.eat("b") {
        return Ok(Some(Escape::Char('\u{8}')));
    }
    escape(parser).map(Some)
}

/// What stands behind a backslash, which was read.
fn escape(parser: &mut Parser) -> Result<Escape, Wrong> {
    let at = parser.at - 1;
    let wrong = |parser: &Parser, expected: &str| Wrong::new(at, expected, format!("\\{}", parser.found()));
    let Some(c) = parser.peek() else { return Err(wrong(parser, "a character behind \\")) };
    parser.at += 1;
    let class = |property| Ok(Escape::Property(property, c.is_ascii_uppercase()));
    let one = match c {
        'd' | 'D' => return class(Property::Digit),
        'w' | 'W' => return class(Property::Word),
        's' | 'S' => return class(Property::Space),
        'p' | 'P' => return property(parser, at, c == 'P'),
        't' => '\t',
        'n' => '\n',
        'r' => '\r',
        'v' => '\u{B}',
        'f' => '\u{C}',
        '0' if !parser.peek().is_some_and(|c| c.is_ascii_digit()) => '\0',
        'c' => match parser.next().filter(char::is_ascii_alphabetic) {
            Some(letter) => char::from(letter as u8 & 31),
            None => return Err(Wrong::new(at, "a letter behind \\c", "another")),
        },
        'x' => point(at, hex(parser, 2))?,
        'u' if parser.eat("{") => {
            let digits = (1..=6).rev().find_map(|digits| hex(parser, digits));
            if !parser.eat("}") {
                return Err(Wrong::new(at, "\\u{ with up to six hexadecimal digits and }", "another"));
            }
            point(at, digits)?
        }
        'u' => {
            let high = hex(parser, 4);
            let low_at = parser.at;
            let low = if parser.eat("\\u") { hex(parser, 4) } else { None };
            match (high, low) {
                (Some(high @ 0xD800..=0xDBFF), Some(low @ 0xDC00..=0xDFFF)) => {
                    point(at, Some(0x10000 + ((high & 0x3FF) << 10) + (low & 0x3FF)))?
                }
                _ => {
                    parser.at = low_at;
                    point(at, high)?
                }
            }
        }
        c if !c.is_alphanumeric() => c,
        _ => {
            parser.at -= 1;
            return Err(wrong(
                parser,
                "one of \\d \\w \\s \\b \\p{...} \\t \\n \\r \\v \\f \\0 \\x \\u \\c, or a sign",
            ));
        }
    };
    Ok(Escape::Char(one))
}

fn hex(parser: &mut Parser, digits: usize) -> Option<u32> {
    let start = parser.at;
    let mut value = 0;
    for _ in 0..digits {
        let Some(digit) = parser.next().and_then(|c| c.to_digit(16)) else {
            parser.at = start;
            return None;
        };
        value = value * 16 + digit;
    }
    Some(value)
}

fn point(at: usize, code: Option<u32>) -> Result<char, Wrong> {
    code.and_then(char::from_u32).ok_or_else(|| Wrong::new(at, "the hexadecimal number of a character", "another"))
}

/// What stands behind `\p`.
fn property(parser: &mut Parser, at: usize, lacks: bool) -> Result<Escape, Wrong> {
    let unknown = || {
        let names = CATEGORIES.iter().map(|(short, ..)| *short).chain(SCRIPTS.iter().map(|(name, _)| *name));
        let names: Vec<_> = names.chain(["Hiragana", "Katakana"]).collect();
        Wrong::new(at, format!("\\p{{...}} with one of {}", names.join(", ")), "another")
    };
    if !parser.eat("{") {
        return Err(unknown());
    }
    let mut name = String::new();
    loop {
        match parser.next() {
            Some('}') => break,
            Some(c) if name.len() < 40 => name.push(c),
            _ => return Err(unknown()),
        }
    }
    let known = CATEGORIES.iter().find(|(short, long, _)| *short == name || *long == name);
    if let Some((.., property)) = known {
        return Ok(Escape::Property(*property, lacks));
    }
    let name = name.strip_prefix("Script=").or_else(|| name.strip_prefix("sc=")).unwrap_or(&name);
    match name {
        "Hiragana" => return Ok(Escape::Ranges(HIRAGANA, lacks)),
        "Katakana" => return Ok(Escape::Ranges(KATAKANA, lacks)),
        _ => {}
    }
    let script = SCRIPTS.iter().find(|(known, _)| *known == name).map(|(_, script)| *script);
    script.map(|script| Escape::Property(Property::Script(script), lacks)).ok_or_else(unknown)
}
