//! Texts that are one to their reader, and come in several: the parts of a message, and messages of one role in a row.
//!
//! Each text is looked at by itself, and what stands around a seam once more as the model may see it: parts are put
//! together as they are, or with a line break between them, whatever the provider does; messages, and parts with media
//! between, with a line break. What is found in any of these readings is found. So a value cut in two is one finding, and
//! what was found in a part alone stays found, whatever the next part begins with. But a value that is whole where its part
//! ends does not take in a plain word that the next one begins with: it keeps its own end.

mod plain;

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
    /// It is a later part of the same message, with media between.
    Media,
    /// It is the next part of the same message.
    Part,
}

/// How much is looked at again on either side of a seam.
const AROUND: usize = 4_096;

/// What found within so much of where a look at a seam begins or ends in the midst of a text may be found because of that.
const UNSURE: usize = 2 * LOOKBACK;

/// What stands in a text of which nothing is left: a value that begins in the text before was all of it. Providers refuse a
/// part that is empty or blank.
pub(super) const GONE: &str = "...";

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

/// A hit in a reading, by its place in the run.
enum Read {
    Whole(Hit),
    /// A secret that may go on behind the reading.
    Open(Hit),
    /// Perhaps it was only found because the reading begins or ends there.
    Unsure,
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
        let last: Vec<Hit> = self.last(&hits);
        let mut long: Vec<(usize, usize)> = last.iter().filter_map(|hit| self.long(hit)).collect();
        for reading in self.readings() {
            for hit in plan.hits(&reading.text, cover) {
                match self.read(&reading, hit) {
                    Read::Whole(hit) if !self.is_done(&last, &hit) => hits.push(hit),
                    Read::Open(hit) => long.extend(self.crossed(hit.start, hit.end).map(|seam| (seam, hit.start))),
                    _ => {}
                }
            }
        }
        self.follow(plan, cover, long, &last, &mut hits);
        let groups = plan.group(&hits);
        let scan = plan.scanned(&hits, &groups, String::new());
        for guard in &scan.guards {
            if let Some(report) = reports.raise(guard) {
                self.report(&guard.findings, first, plan.stage, report);
            }
        }
        reports.texts.extend(self.edited(plan, &groups, cover));
    }

    /// What ends where a text does that another follows, by where it begins: found in that text alone, whoever counts it.
    fn last(&self, hits: &[Hit]) -> Vec<Hit> {
        let ends = |hit: &&Hit| hit.start < hit.end && self.starts.binary_search(&hit.end).is_ok();
        let mut last: Vec<Hit> = hits.iter().filter(|hit| !hit.is_stand_in()).filter(ends).copied().collect();
        crate::collections::sort_by_key(&mut last, |hit| (hit.start, hit.end, hit.kind));
        last
    }

    /// Whether a hit only takes in a plain word behind a value that is whole where its text ends, or behind a URL whose host is
    /// allowed.
    fn is_done(&self, last: &[Hit], hit: &Hit) -> bool {
        let Some(seam) = self.crossed(hit.start, hit.end) else { return false };
        let from = last.partition_point(|one| one.start < hit.start);
        let own = last.get(from..).unwrap_or_default().iter().take_while(|one| one.start == hit.start);
        let is_whole = own.clone().any(|one| one.kind == hit.kind || !hit.validated);
        // No list names the host that both make; what names the first alone was no finding, so a list has it.
        let is_url = || {
            let url = self.whole.get(hit.start..seam).unwrap_or_default();
            hit.rule == "url-host" && url.split_once("://").is_some_and(|(_, host)| !host.is_empty())
        };
        (is_whole || is_url()) && plain::is_plain(self.whole.get(seam..hit.end).unwrap_or_default())
    }

    /// The first seam in the midst of a range.
    fn crossed(&self, start: usize, end: usize) -> Option<usize> {
        let behind = self.starts.partition_point(|seam| *seam <= start);
        self.starts.get(behind).copied().filter(|seam| *seam < end)
    }

    /// The seam that a secret ends at, and where it begins, if that is too far back for a look at what stands around the seam.
    fn long(&self, hit: &Hit) -> Option<(usize, usize)> {
        let is_long = hit.kind == Kind::Secret && hit.end - hit.start > AROUND - UNSURE;
        (is_long && hit.end < self.whole.len()).then_some((hit.end, hit.start))
    }

    /// Follows secrets over seams for as long as they go on: each is read from where it begins to the end of a text, and as
    /// much again while it reaches that.
    fn follow(
        &self,
        plan: &Plan,
        cover: Option<&Cover>,
        mut long: Vec<(usize, usize)>,
        last: &[Hit],
        hits: &mut Vec<Hit>,
    ) {
        crate::collections::sort_by_key(&mut long, |(seam, start)| (*seam, *start));
        let mut followed = 0;
        for (seam, start) in long {
            // What reaches over this seam was read to its end.
            if seam < followed {
                continue;
            }
            let from = self.boundary(start.saturating_sub(UNSURE));
            let mut to = self.text_end(seam + 1);
            loop {
                let reading = self.reading(from, to, false);
                let read =
                    plan.hits(&reading.text, cover).into_iter().filter_map(|hit| match self.read(&reading, hit) {
                        Read::Whole(hit) if hit.kind == Kind::Secret => Some(hit),
                        _ => None,
                    });
                let over: Vec<Hit> = read.filter(|hit| self.crossed(hit.start, hit.end).is_some()).collect();
                if to < self.whole.len() && over.iter().any(|hit| hit.end == to) {
                    to = self.text_end(to + (to - from));
                    continue;
                }
                hits.extend(over.into_iter().filter(|hit| !self.is_done(last, hit)));
                break;
            }
            followed = to;
        }
    }

    /// Where the text ends that reaches at least so far.
    fn text_end(&self, at: usize) -> usize {
        let behind = self.starts.partition_point(|start| *start < at);
        self.starts.get(behind).copied().unwrap_or(self.whole.len())
    }

    /// The last place up to `at` where a character begins.
    fn boundary(&self, mut at: usize) -> usize {
        while !self.whole.is_char_boundary(at) {
            at -= 1;
        }
        at
    }

    /// Where a seam is looked at again: with line breaks; and where parts meet without, but for those between messages. What
    /// would be read twice is left out.
    fn readings(&self) -> Vec<Reading> {
        let mut readings: Vec<Reading> = Vec::new();
        for (from, to) in self.around(|_| true) {
            readings.push(self.reading(from, to, true));
        }
        let broken = readings.len();
        for (from, to) in self.around(|seam| seam == Seam::Part) {
            let glued = self.reading(from, to, false);
            let of_broken = readings.get(..broken).unwrap_or_default();
            // They come in their order. Of one place, both say the same if they have as many line breaks.
            let place = of_broken.partition_point(|reading| reading.from < from);
            let same = of_broken.get(place).filter(|reading| (reading.from, reading.to) == (from, to));
            if same.is_none_or(|reading| reading.breaks.len() != glued.breaks.len()) {
                readings.push(glued);
            }
        }
        readings
    }

    /// What stands around the seams of a kind; what overlaps is one.
    fn around(&self, is_read: impl Fn(Seam) -> bool) -> Vec<(usize, usize)> {
        let mut all: Vec<(usize, usize)> = Vec::new();
        let behind = self.sources.iter().zip(&self.starts).skip(1);
        for (_, seam) in behind.filter(|(source, _)| is_read(source.seam)) {
            let from = self.boundary(seam.saturating_sub(AROUND));
            let mut to = (seam + AROUND).min(self.whole.len());
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

    /// A range of the run with line breaks between messages, and if so between parts.
    fn reading(&self, from: usize, to: usize, between_parts: bool) -> Reading {
        let mut reading = Reading { text: String::with_capacity(to - from + 8), breaks: Vec::new(), from, to };
        let mut at = from;
        let first = self.starts.partition_point(|start| *start <= from);
        let inside = self.sources.iter().zip(&self.starts).skip(first).take_while(|(_, start)| **start < to);
        for (source, start) in inside.filter(|(source, _)| between_parts || source.seam != Seam::Part) {
            reading.text.push_str(self.whole.get(at..*start).unwrap_or_default());
            at = *start;
            let next = self.whole.get(at..to).unwrap_or_default();
            // Between parts any space does; messages begin on a line of their own.
            let is_line = source.seam == Seam::Message;
            let breaks = |c: char| if is_line { matches!(c, '\n' | '\r') } else { c.is_whitespace() };
            if !reading.text.ends_with(breaks) && !next.starts_with(breaks) {
                reading.breaks.push(reading.text.len());
                reading.text.push('\n');
            }
        }
        reading.text.push_str(self.whole.get(at..to).unwrap_or_default());
        reading
    }

    /// What was found in a reading, by its place in the run.
    fn read(&self, reading: &Reading, hit: Hit) -> Read {
        // They say something of a whole text, and a reading is none.
        if matches!(hit.kind, Kind::Length | Kind::Language) {
            return Read::Unsure;
        }
        let place = |at: usize| reading.from + at - reading.breaks.partition_point(|line| *line < at);
        let (start, end) = (place(hit.start), place(hit.end));
        let hit = Hit { start, end, ..hit };
        if start >= end || (start < reading.from + UNSURE && !self.begins(reading.from)) {
            return Read::Unsure;
        }
        if end + UNSURE > reading.to && !self.begins(reading.to) {
            return if hit.kind == Kind::Secret { Read::Open(hit) } else { Read::Unsure };
        }
        Read::Whole(hit)
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
            if out.trim().is_empty() && !source.text.trim().is_empty() {
                out.insert_str(0, GONE);
            }
            (out != source.text).then_some(out)
        };
        edited.into_iter().zip(self.sources).map(finish).collect()
    }
}

#[cfg(test)]
mod tests;
