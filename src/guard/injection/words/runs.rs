//! Runs that may be encoded, and what follows a word that asks for deciphering.

use super::{AHEAD, CIPHERED, Judge, Mark, RUN, Run, Splitter, class, placeholder};
use crate::{
    decoded::Encoding,
    injection::encoded::{self, Groups},
    steps::count,
};

impl Splitter {
    /// A run that may be base64 or hexadecimal.
    pub(super) fn base64(&mut self, text: &str, base: usize, at: usize, whole: bool, judge: Judge) -> Run {
        let bytes = text.as_bytes();
        let from = at.max(self.seen.saturating_sub(base));
        let mut end = from;
        let mut line = if from > at { self.line.saturating_sub(base) } else { at };
        loop {
            while bytes.get(end).is_some_and(|byte| class(*byte) & RUN != 0) {
                end += 1;
            }
            match encoded::goes_on(end.saturating_sub(line), bytes.get(end..).unwrap_or_default()) {
                0 => break,
                length => end += length,
            }
            line = end;
        }
        count(end - from);
        let run_end = end;
        while bytes.get(end) == Some(&b'=') {
            end += 1;
        }
        if end + 2 >= bytes.len() && !whole {
            (self.seen, self.line) = (base + run_end, base + line);
            return Run::Open;
        }
        let (start, known) = self.groups;
        let mut groups = if start == base + at { known } else { Groups::default() };
        let open = groups.read(text, at, whole);
        self.groups = (base + at, groups);
        if open {
            return Run::Open;
        }
        let groups = groups.end(at);
        let end = end.max(groups);
        self.checked = base + end;
        if end - at < encoded::SHORTEST {
            return Run::None;
        }
        match encoded::read(text.get(at..end).unwrap_or_default(), judge) {
            Some(chain) => {
                self.mark(base + at, base + end, Mark::Encoded(chain));
                Run::Marked(end)
            }
            None => Run::None,
        }
    }

    /// Encoded units, one behind the other.
    pub(super) fn units(
        &mut self,
        text: &str,
        base: usize,
        at: usize,
        whole: bool,
        code: Encoding,
        judge: Judge,
    ) -> Run {
        let mut end = at.max(self.seen.saturating_sub(base));
        // A number that is cut off would be another one.
        while (whole || text.len() - end >= AHEAD)
            && let Some((_, length, _)) = encoded::unit(text.get(end..).unwrap_or_default())
        {
            end += length;
        }
        self.seen = base + end;
        if !whole && text.len() - end < AHEAD {
            return Run::Open;
        }
        self.checked = base + end;
        count(end - at);
        let run = text.get(at..end).unwrap_or_default();
        if run.len() < 3 * encoded::SHORTEST {
            return Run::None;
        }
        let mut decoded = String::with_capacity(run.len() / 3);
        let mut rest = run;
        while let Some((unit, length, _)) = encoded::unit(rest) {
            decoded.push(unit);
            rest = rest.get(length..).unwrap_or_default();
        }
        match judge(&decoded) {
            Some(chain) => {
                self.end_word();
                self.mark(base + at, base + end, Mark::Encoded(chain.within(code)));
                Run::Marked(end)
            }
            None => Run::None,
        }
    }

    /// Reads what follows a word that asks for deciphering. Answers where reading goes on, if enough has come.
    pub(super) fn decipher(&mut self, text: &str, base: usize, whole: bool, judge: Judge) -> Option<usize> {
        let (start, from) = self.cipher?;
        let from = from.saturating_sub(base);
        let mut end = from + CIPHERED;
        if end >= text.len() {
            if !whole {
                return None;
            }
            end = text.len();
        }
        while !text.is_char_boundary(end) {
            end -= 1;
        }
        // What stood in a placeholder's place was something else.
        let ciphered = text.get(from..end).unwrap_or_default();
        let mut marks = ciphered
            .match_indices('[')
            .filter(|(at, _)| placeholder(ciphered.get(*at..).unwrap_or_default()).is_some());
        let end = marks.next().map_or(end, |(at, _)| from + at);
        self.cipher = None;
        count(end.saturating_sub(from));
        self.deciphered = base + end;
        let Some(chain) = encoded::decipher(text.get(from..end).unwrap_or_default(), judge) else { return Some(from) };
        // The word that asked is part of it.
        self.words.pop();
        self.mark(start, base + end, Mark::Encoded(chain));
        Some(end)
    }
}
