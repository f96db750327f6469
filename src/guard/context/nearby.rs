//! What stands around numbers, read once: in texts full of them the windows of one number lie over those of the next.

use super::{
    super::{
        mark,
        steps::count,
        view::{Need, View},
    },
    LEFT, RIGHT, is_letter, opens_placeholder,
    terms::{FAR, Lists, SEED, Vocabulary, step},
};

/// How much before a window is read as well, since the next one that is asked for may begin a little earlier.
const SLACK: usize = 12;

/// A window that begins no farther on is read up to: a number lies between.
const GAP: usize = 48;

/// As many signs are kept.
const MOST: usize = 96;

/// What tells something of the numbers beside it, or ends the windows that it stands in.
#[derive(Clone, Copy, Debug)]
enum Sign {
    /// A word that some lists hold: alone, and behind the previous word, which stands in the letters that begin at `previous`.
    Word { alone: Lists, behind: Lists, previous: usize },
    /// What redaction left ends there: nothing before counts.
    Closed,
    /// What redaction left may begin there.
    Open,
    /// The line ends there.
    Line,
}

/// The signs of a part of a text, in order.
#[derive(Debug, Default)]
pub struct Nearby {
    /// Where that part begins, and ends.
    from: usize,
    to: usize,
    /// Of a word, where the letters begin and end without a break that it is part of; of everything else, that byte.
    signs: Vec<(usize, usize, Sign)>,
    /// The last word, and where its letters begin.
    previous: (usize, usize, usize),
    /// What was last answered.
    left: Option<(usize, Lists)>,
    right: Option<(usize, Lists)>,
}

impl Nearby {
    /// The lists that have a word in the window before `start`.
    pub fn before(&mut self, view: &View, start: usize) -> Lists {
        if let Some((_, lists)) = self.left.filter(|(at, _)| *at == start) {
            return lists;
        }
        let edge = start.saturating_sub(LEFT);
        self.read(view, edge, start);
        let mut lists = 0;
        for (from, to, sign) in self.signs.iter().rev() {
            if *from < edge {
                break;
            }
            match sign {
                _ if *to > start => {}
                Sign::Closed => break,
                Sign::Word { alone, behind, previous } => {
                    lists |= alone | if *previous >= edge { *behind } else { 0 };
                }
                Sign::Open | Sign::Line => {}
            }
        }
        self.left = Some((start, lists));
        lists
    }

    /// The lists that have a word in the window after `end`: to the end of the line, and of words that end within it.
    pub fn after(&mut self, view: &View, end: usize) -> Result<Lists, Need> {
        if let Some((_, lists)) = self.right.filter(|(at, _)| *at == end) {
            return Ok(lists);
        }
        let edge = (end + RIGHT).min(view.len());
        let full = edge == end + RIGHT;
        self.read(view, end, edge);
        let first = self.signs.partition_point(|(from, ..)| *from < end);
        let mut lists = 0;
        let mut ended = full || view.is_whole();
        for (from, to, sign) in self.signs.iter().skip(first) {
            match sign {
                _ if *from >= edge => break,
                Sign::Line => {
                    ended = true;
                    break;
                }
                Sign::Open if opens_placeholder(view, *from)? => {
                    ended = true;
                    break;
                }
                Sign::Word { alone, behind, previous } if *to < edge || *to == edge && !full => {
                    lists |= alone | if *previous >= end { *behind } else { 0 };
                }
                Sign::Word { .. } | Sign::Open | Sign::Closed => {}
            }
        }
        if !ended {
            return Err(Need);
        }
        self.right = Some((end, lists));
        Ok(lists)
    }

    /// The lists that have a word of the letters that end at `end`, which is in the window before `start`. They do not begin
    /// before `floor`.
    pub fn word(&mut self, view: &View, start: usize, floor: usize, end: usize) -> Lists {
        let edge = start.saturating_sub(LEFT);
        self.read(view, edge, start);
        let words = self.signs.iter().rev().skip_while(|(_, to, _)| *to > end).take_while(|(_, to, _)| *to == end);
        words.filter(|(from, ..)| *from >= edge.max(floor)).fold(0, |lists, (_, _, sign)| match sign {
            Sign::Word { alone, .. } => lists | alone,
            _ => lists,
        })
    }

    /// Reads on, so that everything from `from` to `to` was read.
    fn read(&mut self, view: &View, from: usize, to: usize) {
        if from < self.from || from > self.to + GAP {
            // Forgets what was read, to begin a little before.
            self.signs.clear();
            self.from = from.saturating_sub(SLACK);
            self.to = self.from;
            self.previous = (0, 0, 0);
        }
        if self.signs.len() > MOST {
            self.from = from.saturating_sub(SLACK);
            let gone = self.signs.partition_point(|(start, ..)| *start < self.from);
            self.signs.drain(..gone);
        }
        let text = view.text().as_bytes();
        count(to.saturating_sub(self.to));
        while let Some(byte) = text.get(self.to).filter(|_| self.to < to) {
            let at = self.to;
            match class(*byte) {
                Class::Nothing => {}
                Class::Line => self.signs.push((at, at + 1, Sign::Line)),
                Class::Mark => {
                    let closed = match byte {
                        b']' => mark::closes(view, at + 1),
                        b'*' => view.bytes((at + 1).saturating_sub(4), at + 1) == b"****",
                        _ => false,
                    };
                    if *byte != b']' {
                        self.signs.push((at, at + 1, Sign::Open));
                    }
                    if closed {
                        self.signs.push((at, at + 1, Sign::Closed));
                        self.previous = (0, 0, 0);
                    }
                }
                Class::Lower | Class::Upper | Class::Beyond => match self.letters(text, to) {
                    Some(end) => {
                        self.to = end;
                        continue;
                    }
                    None => break,
                },
            }
            self.to += 1;
        }
    }

    /// Reads the letters that begin where reading stopped, unless they go on behind `to`. Says where they end. `phoneNumber` is
    /// two words.
    fn letters(&mut self, text: &[u8], to: usize) -> Option<usize> {
        let known = (self.signs.len(), self.previous);
        let (mut at, mut first, mut hash, mut was_lower) = (self.to, self.to, SEED, false);
        // What reaches over the edge of what is read is no whole word, in no window.
        let cut = at == self.from && at.checked_sub(1).and_then(|at| text.get(at)).is_some_and(|byte| is_letter(*byte));
        let start = at - usize::from(cut);
        loop {
            let byte = text.get(at).copied().unwrap_or(0);
            let class = class(byte);
            let goes_on = matches!(class, Class::Lower | Class::Upper | Class::Beyond);
            if goes_on && at >= to {
                self.signs.truncate(known.0);
                self.previous = known.1;
                return None;
            }
            if !goes_on || was_lower && class == Class::Upper {
                let (begin, stop, _) = self.previous;
                let previous = text.get(begin..stop).unwrap_or_default();
                let lists = Vocabulary::get().lists(text.get(first..at).unwrap_or_default(), hash, previous);
                self.found(start, lists);
                self.previous = (first, at, start);
                (first, hash) = (at, SEED);
            }
            if !goes_on {
                break;
            }
            if byte >= FAR {
                self.found(start, (Vocabulary::get().far(text.get(at..).unwrap_or_default()), 0));
            }
            was_lower = class == Class::Lower;
            hash = step(hash, byte);
            at += 1;
        }
        self.signs.iter_mut().skip(known.0).for_each(|(_, end, _)| *end = at);
        Some(at)
    }

    fn found(&mut self, start: usize, (alone, behind): (Lists, Lists)) {
        if alone | behind != 0 {
            self.signs.push((start, start, Sign::Word { alone, behind, previous: self.previous.2 }));
        }
    }
}

/// What a byte is to the reader.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Class {
    Nothing,
    Line,
    Mark,
    Lower,
    Upper,
    Beyond,
}

fn class(byte: u8) -> Class {
    #[allow(clippy::indexing_slicing, reason = "evaluated by the compiler")]
    const CLASSES: [Class; 256] = {
        let mut classes = [Class::Nothing; 256];
        let mut byte = 0;
        while byte < 256 {
            classes[byte] = match byte as u8 {
                b'a'..=b'z' => Class::Lower,
                b'A'..=b'Z' => Class::Upper,
                0x80.. => Class::Beyond,
                b'\n' | b'\r' => Class::Line,
                b'[' | b']' | b'*' => Class::Mark,
                _ => Class::Nothing,
            };
            byte += 1;
        }
        classes
    };
    CLASSES.get(usize::from(byte)).copied().unwrap_or(Class::Nothing)
}
