//! A text that somebody else wrote, looked through as a whole before it is read: what no honest writer writes is refused, with
//! the path to it, in one pass and in little memory.

use std::borrow::Cow;

use super::raw::Raw;
use super::scan::Scan;
use crate::collections::sort_by;

/// What is wrong with a text, and where.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fault {
    /// `models[0].rates.input`; empty for the whole.
    pub path: String,
    /// What should stand there.
    pub expected: &'static str,
    /// What does.
    pub found: String,
}

/// How much of a text is read.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// How deep objects and lists may nest.
    pub depth: usize,
    /// How many objects, lists and items of lists there may be.
    pub entries: usize,
    /// How many members an object may have.
    pub members: usize,
}

/// An object or a list that is open.
struct Open<'a> {
    /// The names so far; none of a list.
    keys: Option<Vec<Cow<'a, str>>>,
    /// The items so far.
    items: usize,
}

/// Names that mean something to JavaScript's objects.
const RESERVED: [&str; 3] = ["__proto__", "constructor", "prototype"];

/// Looks through a text: it must be JSON, of no more than the limits, without a name twice in one object (readers differ in which of
/// them they take), without names that JavaScript's objects have, and without numbers beyond all doubles.
pub fn check(text: &str, limits: Limits) -> Result<(), Fault> {
    let mut scan = Scan::new(text);
    let mut open: Vec<Open<'_>> = Vec::new();
    let mut entries = 0;
    let fault = |open: &[Open<'_>], expected, found: String| Fault { path: path(open), expected, found };
    let broken = |open: &[Open<'_>], scan: &Scan<'_>| {
        let (line, column) = super::Bad(scan.at()).place(text);
        fault(open, "JSON", format!("something else at line {line}, column {column}"))
    };
    loop {
        // A value, or the bracket that opens one.
        scan.space();
        let start = scan.at();
        let first = scan.peek();
        if matches!(first, b'{' | b'[') {
            if open.len() >= limits.depth {
                return Err(fault(&open, "less deep", format!("more than {} levels", limits.depth)));
            }
            entries += 1;
            if entries > limits.entries {
                return Err(fault(&open, "fewer entries", format!("more than {}", limits.entries)));
            }
            scan.step();
            scan.space();
            open.push(Open { keys: (first == b'{').then(Vec::new), items: 0 });
            let closing = if first == b'{' { b'}' } else { b']' };
            if scan.peek() != closing {
                begin(text, &mut scan, &mut open).map_err(|()| broken(&open, &scan))?;
                check_key(&open, limits).map_err(|(expected, found)| fault(&open, expected, found))?;
                continue;
            }
        } else {
            scan.value().map_err(|_| broken(&open, &scan))?;
            if entries > limits.entries {
                return Err(fault(&open, "fewer entries", format!("more than {}", limits.entries)));
            }
            let value = Raw::part(text, start, scan.at());
            if value.kind().ends_with("number") && value.number().is_none() {
                return Err(fault(&open, "a number that a double holds", "one beyond them all".to_owned()));
            }
        }
        // Behind a value, or before the bracket that closes an empty one.
        loop {
            let Some(last) = open.last_mut() else {
                scan.space();
                return if scan.at() < text.len() { Err(broken(&open, &scan)) } else { Ok(()) };
            };
            scan.space();
            let closing = if last.keys.is_some() { b'}' } else { b']' };
            if scan.peek() == b',' {
                scan.step();
                last.items += 1;
                entries += usize::from(last.keys.is_none());
                begin(text, &mut scan, &mut open).map_err(|()| broken(&open, &scan))?;
                check_key(&open, limits).map_err(|(expected, found)| fault(&open, expected, found))?;
                break;
            }
            if scan.expect(closing).is_err() {
                return Err(broken(&open, &scan));
            }
            if let Some(twice) = last.keys.take().and_then(twice) {
                open.pop();
                let at = path(&open);
                let place = if at.is_empty() { twice } else { format!("{at}.{twice}") };
                return Err(Fault { path: held(place), expected: "there once", found: "it twice".to_owned() });
            }
            open.pop();
        }
    }
}

/// Reads the name of the next member, where it is an object's.
fn begin<'a>(text: &'a str, scan: &mut Scan<'a>, open: &mut [Open<'a>]) -> Result<(), ()> {
    let Some(Open { keys: Some(keys), .. }) = open.last_mut() else { return Ok(()) };
    scan.space();
    let start = scan.at();
    scan.string().map_err(drop)?;
    keys.push(Raw::part(text, start, scan.at()).text().unwrap_or_default());
    scan.space();
    scan.expect(b':').map_err(drop)
}

fn check_key(open: &[Open<'_>], limits: Limits) -> Result<(), (&'static str, String)> {
    let Some(keys) = open.last().and_then(|last| last.keys.as_ref()) else { return Ok(()) };
    if keys.len() > limits.members {
        return Err(("among fewer members", format!("more than {}", limits.members)));
    }
    match keys.last() {
        Some(key) if RESERVED.contains(&&**key) => Err(("a name", "one that JavaScript's objects have".to_owned())),
        _ => Ok(()),
    }
}

/// A name that is there twice.
fn twice(mut keys: Vec<Cow<'_, str>>) -> Option<String> {
    sort_by(&mut keys, |a, b| a.cmp(b));
    let pair = keys.windows(2).find(|pair| matches!(pair, [a, b] if a == b))?;
    pair.first().map(|key| key.to_string())
}

/// Where the scan is. Of a deep one the end, which is where something is wrong.
fn path(open: &[Open<'_>]) -> String {
    let mut path = String::new();
    for place in open {
        match &place.keys {
            None => path.push_str(&format!("[{}]", place.items)),
            Some(keys) => {
                if !path.is_empty() && !keys.is_empty() {
                    path.push('.');
                }
                path.push_str(keys.last().map_or("", |key| key));
            }
        }
    }
    held(path)
}

fn held(path: String) -> String {
    const MOST: usize = 200;
    if path.len() <= MOST {
        return path;
    }
    let start = (path.len() - MOST..path.len()).find(|at| path.is_char_boundary(*at)).unwrap_or(0);
    format!("...{}", path.get(start..).unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const LIMITS: Limits = Limits { depth: 4, entries: 20, members: 3 };

    fn told(text: &str) -> String {
        match check(text, LIMITS) {
            Ok(()) => "fine".to_owned(),
            Err(Fault { path, expected, found }) => format!("{path} | {expected} | {found}"),
        }
    }

    #[test]
    fn what_no_honest_writer_writes_is_refused_with_its_path() {
        for (text, expected) in [
            (r#" { "a" : [ 1 , { "b" : "x" } , [] , {} ] , "c" : null } "#, "fine"),
            ("7", "fine"),
            ("", " | JSON | something else at line 1, column 1"),
            (r#"{"a":{"b":[1,NaN]}}"#, "a.b[1] | JSON | something else at line 1, column 14"),
            (r#"{"a":[1,]}"#, "a[1] | JSON | something else at line 1, column 9"),
            (r#"{"a":1,}"#, "a | JSON | something else at line 1, column 8"),
            (r#"{"a":1"#, "a | JSON | something else at line 1, column 7"),
            (r#"{"a" 1}"#, "a | JSON | something else at line 1, column 6"),
            ("{}\n x", " | JSON | something else at line 2, column 2"),
            (r#"{"a":{"__proto__":1}}"#, "a.__proto__ | a name | one that JavaScript's objects have"),
            (r#"{"a":{"\u005f_proto__":1}}"#, "a.__proto__ | a name | one that JavaScript's objects have"),
            (r#"[{"constructor":1}]"#, "[0].constructor | a name | one that JavaScript's objects have"),
            (r#"{"a":{"b":1,"c":2,"\u0062":3}}"#, "a.b | there once | it twice"),
            (r#"{"a":1,"a":1}"#, "a | there once | it twice"),
            (r#"{"a":[0,1e999]}"#, "a[1] | a number that a double holds | one beyond them all"),
            (r#"{"a":-1e999}"#, "a | a number that a double holds | one beyond them all"),
            (r#"{"a":[[[[1]]]]}"#, "a[0][0][0] | less deep | more than 4 levels"),
            (r#"{"a":1,"b":1,"c":1,"d":1}"#, "d | among fewer members | more than 3"),
            ("[1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1]", "[20] | fewer entries | more than 20"),
        ] {
            assert_eq!(told(text), expected, "{text}");
        }
        let deep = "[".repeat(1_000_000);
        assert!(check(&deep, Limits { depth: 100, entries: 1_000, members: 100 }).unwrap_err().path.len() <= 203);
        let long = format!(r#"{{"{}":NaN}}"#, "é".repeat(1_000));
        assert!(told(&long).starts_with("...é"));
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(1_000))]

        /// It takes the texts that the reader takes, but for what it is there to refuse.
        #[test]
        fn it_agrees_with_the_reader(text in r#"[\[\]{}:,"ab1e.\- ]{0,24}"#) {
            let limits = Limits { depth: 100, entries: 1_000, members: 100 };
            let (own, reader) = (check(&text, limits), Raw::parse(&text));
            match own {
                Ok(()) => prop_assert!(reader.is_ok()),
                Err(fault) if fault.expected == "JSON" => prop_assert!(reader.is_err(), "{:?}", fault),
                Err(_) => {}
            }
        }
    }
}
