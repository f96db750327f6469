//! Texts that are one to their reader, and come in several: the parts of a message, and messages of one role in a row.
//!
//! Each text is looked at by itself, and what stands around a seam once more as the model may see it: parts are put
//! together as they are, or with a line break between them, whatever the provider does; messages with a line break.
//! What is found in any of these readings is found. So a value cut in two is one finding, and what was found in a part
//! alone stays found, whatever the next part begins with.

use super::{
    action::{Action, Stage},
    finding::{Finding, Hit},
    kind::Kind,
    plan::Plan,
    report::{Detection, Report, Reports, Source},
    scanner::Group,
    sweep::LOOKBACK,
    utf16::to_utf16,
    vault::Cover,
};

/// How a text stands to the one before it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Seam {
    /// It has nothing to do with it.
    #[default]
    Apart,
    /// It begins the next message of the same role.
    Message,
    /// It is the next part of the same message.
    Part,
}

/// How much is looked at again on either side of a seam.
const AROUND: usize = 4_096;

/// What found within so much of where a look at a seam begins or ends in the midst of a text may be found because of that.
const UNSURE: usize = 2 * LOOKBACK;

/// Texts without anything that keeps them apart.
pub(super) struct Run<'a> {
    sources: &'a [Source<'a>],
    /// All of them, one behind the other.
    whole: String,
    /// Where each begins.
    starts: Vec<usize>,
}

/// A part of the run as it may be read, with where line breaks were put in.
struct Reading {
    text: String,
    breaks: Vec<usize>,
    from: usize,
    to: usize,
}

impl<'a> Run<'a> {
    pub fn new(sources: &'a [Source<'a>]) -> Self {
        let mut run = Self { sources, whole: String::new(), starts: Vec::with_capacity(sources.len()) };
        for source in sources {
            run.starts.push(run.whole.len());
            run.whole.push_str(source.text);
        }
        run
    }

    /// Scans the texts, the first of which is the one at that place of the call, and adds what is found to the reports.
    pub fn scan(&self, plan: &Plan, first: usize, cover: Option<&Cover>, reports: &mut Reports) {
        let mut hits = Vec::new();
        for (source, start) in self.sources.iter().zip(&self.starts) {
            hits.extend(plan.hits(source.text, cover).into_iter().map(|hit| hit.moved(*start)));
        }
        for reading in self.readings() {
            hits.extend(plan.hits(&reading.text, cover).into_iter().filter_map(|hit| self.read(&reading, hit)));
        }
        let groups = plan.group(&hits);
        let scan = plan.scanned(&hits, &groups, String::new());
        for guard in &scan.guards {
            if let Some(report) = reports.raise(guard) {
                self.report(&guard.findings, first, plan.stage, report);
            }
        }
        reports.texts.extend(self.edited(plan, &groups, cover));
    }

    /// Where each but the first begins, if it stands so to the one before.
    fn seams(&self, is_so: impl Fn(Seam) -> bool) -> Vec<usize> {
        let behind = self.sources.iter().zip(&self.starts).skip(1);
        behind.filter(|(source, _)| is_so(source.seam)).map(|(_, start)| *start).collect()
    }

    /// Where a seam is looked at again: with line breaks, and without where parts meet. What would be read twice is left out.
    fn readings(&self) -> Vec<Reading> {
        let mut readings = Vec::new();
        for (from, to) in self.around(|_| true) {
            readings.push(self.reading(from, to, true));
        }
        for (from, to) in self.around(|seam| seam == Seam::Part) {
            let glued = self.reading(from, to, false);
            if !readings.iter().any(|reading| reading.text == glued.text) {
                readings.push(glued);
            }
        }
        readings
    }

    /// What stands around the seams of a kind; what overlaps is one. No other seam is read over.
    fn around(&self, is_read: impl Fn(Seam) -> bool) -> Vec<(usize, usize)> {
        let walls = self.seams(|seam| !is_read(seam));
        let mut all: Vec<(usize, usize)> = Vec::new();
        for seam in self.seams(is_read) {
            // A seam of both kinds is one of an empty text: that is nobody's wall.
            let before = walls.partition_point(|wall| *wall < seam);
            let floor = before.checked_sub(1).and_then(|at| walls.get(at)).copied().unwrap_or(0);
            let behind = walls.get(before..).unwrap_or_default().iter().find(|wall| **wall > seam);
            let ceiling = behind.copied().unwrap_or(self.whole.len());
            let mut from = seam.saturating_sub(AROUND).max(floor);
            let mut to = (seam + AROUND).min(ceiling);
            while !self.whole.is_char_boundary(from) {
                from -= 1;
            }
            while !self.whole.is_char_boundary(to) {
                to += 1;
            }
            match all.last_mut().filter(|(_, end)| *end > from) {
                Some((_, end)) => *end = to.max(*end),
                None => all.push((from, to)),
            }
        }
        all
    }

    fn reading(&self, from: usize, to: usize, breaks: bool) -> Reading {
        let mut reading = Reading { text: String::with_capacity(to - from + 8), breaks: Vec::new(), from, to };
        let mut at = from;
        let first = self.starts.partition_point(|start| *start <= from);
        let inside = self.starts.get(first..).unwrap_or_default().iter().take_while(|start| breaks && **start < to);
        for start in inside {
            reading.text.push_str(self.whole.get(at..*start).unwrap_or_default());
            at = *start;
            let next = self.whole.get(at..to).unwrap_or_default();
            if !reading.text.ends_with(char::is_whitespace) && !next.starts_with(char::is_whitespace) {
                reading.breaks.push(reading.text.len());
                reading.text.push('\n');
            }
        }
        reading.text.push_str(self.whole.get(at..to).unwrap_or_default());
        reading
    }

    /// What was found in a reading, by its place in the run.
    fn read(&self, reading: &Reading, hit: Hit) -> Option<Hit> {
        // They say something of a whole text, and a reading is none.
        if matches!(hit.kind, Kind::Length | Kind::Language) {
            return None;
        }
        let place = |at: usize| reading.from + at - reading.breaks.partition_point(|line| *line < at);
        let (start, end) = (place(hit.start), place(hit.end));
        let is_cut = (start < reading.from + UNSURE && !self.begins(reading.from))
            || (end + UNSURE > reading.to && !self.begins(reading.to));
        (start < end && !is_cut).then_some(Hit { start, end, ..hit })
    }

    /// Whether a text begins or ends there.
    fn begins(&self, at: usize) -> bool {
        at == self.whole.len() || self.starts.binary_search(&at).is_ok()
    }

    /// The texts that lie in a range of the run, but for empty ones: which, where they begin, and what they say.
    fn parts(&self, start: usize, end: usize) -> impl Iterator<Item = (usize, usize, &'a str)> {
        let first = self.starts.partition_point(|begin| *begin <= start).saturating_sub(1);
        let texts = self.sources.iter().zip(&self.starts).enumerate().skip(first);
        let texts = texts.map(|(place, (source, begin))| (place, *begin, source.text));
        texts.take_while(move |(_, begin, _)| *begin < end).filter(|(_, _, text)| !text.is_empty())
    }

    /// A finding that goes over a seam is told where it begins, up to the end of that text; and where it ends.
    fn report(&self, findings: &[Finding], first: usize, stage: Stage, report: &mut Report) {
        let mut own: Vec<Detection> = Vec::with_capacity(findings.len());
        for finding in findings {
            let mut parts = self.parts(finding.start, finding.end);
            let Some((place, begin, text)) = parts.next() else { continue };
            let until = parts.last().map(|(place, begin, text)| {
                let before = text.get(..finding.end - begin).unwrap_or_default();
                (first + place, before.chars().map(char::len_utf16).sum())
            });
            let (start, end) = (finding.start - begin, (finding.end - begin).min(text.len()));
            own.push(Detection {
                segment: first + place,
                stage,
                finding: Finding { start, end, ..finding.clone() },
                until,
            });
        }
        for own in own.chunk_by_mut(|one, other| one.segment == other.segment) {
            let text =
                own.first().and_then(|one| self.sources.get(one.segment - first)).map_or("", |source| source.text);
            let mut findings: Vec<Finding> = own.iter().map(|one| one.finding.clone()).collect();
            to_utf16(text, &mut findings);
            own.iter_mut().zip(findings).for_each(|(one, finding)| one.finding = finding);
        }
        report.detections.extend(own);
    }

    /// The texts after all guards. What stands in the place of a finding stands where that begins.
    fn edited(&self, plan: &Plan, groups: &[Group], cover: Option<&Cover>) -> Vec<Option<String>> {
        let mut edited: Vec<Option<(String, usize)>> = vec![None; self.sources.len()];
        let edits = groups.iter().any(|group| group.action.edits());
        for group in groups.iter().filter(|_| edits) {
            let (start, end) = (group.finding.start, group.finding.end);
            let original = self.whole.get(start..end).unwrap_or_default();
            let Some(replacement) = group.replacement(plan, original, cover) else { continue };
            let mut rest = replacement.as_str();
            for (place, begin, text) in self.parts(start, end) {
                let (from, to) = (start.saturating_sub(begin), (end - begin).min(text.len()));
                let taken = if group.action == Action::Mask {
                    // As many asterisks as characters, in each text.
                    let count = text.get(from..to).unwrap_or_default().chars().count();
                    rest.char_indices().nth(count).map_or(rest.len(), |(at, _)| at)
                } else {
                    rest.len()
                };
                let (own, behind) = rest.split_at_checked(taken).unwrap_or((rest, ""));
                rest = behind;
                if let Some(slot) = edited.get_mut(place) {
                    let (out, copied) = slot.get_or_insert_default();
                    out.push_str(text.get(*copied..from).unwrap_or_default());
                    out.push_str(own);
                    *copied = to;
                }
            }
        }
        let finish = |(slot, source): (Option<(String, usize)>, &Source<'_>)| {
            let (mut out, copied) = slot?;
            out.push_str(source.text.get(copied..).unwrap_or_default());
            (out != source.text).then_some(out)
        };
        edited.into_iter().zip(self.sources).map(finish).collect()
    }
}

#[cfg(test)]
mod tests;
