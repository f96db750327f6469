//! The walk over a body: numbers and names as they are told.

use crate::{
    collections::Set,
    error::{Warning, WarningCode},
    json::{Bad, Raw, Reader},
    usage::MAX_COUNT,
};

use super::{
    anthropic, body, decimal,
    table::{Field, Means, Name, SLOTS, Slot, Table},
};

/// How deep a body is followed. None of the formats goes deeper; what does is hostile.
const MAX_DEPTH: u32 = 8;
/// A count that was not told.
const NONE: u64 = u64::MAX;

/// What a body, or a whole stream, tells; the numbers overlap as its provider lets them.
#[derive(Clone, Debug)]
pub(super) struct Told {
    counts: [u64; SLOTS],
    names: [Option<String>; Name::Event as usize + 1],
    /// What was billed, as plain decimals.
    pub cost: Option<String>,
    pub upstream_cost: Option<String>,
    pub own_key: bool,
    /// A count of the input or of the output was there and could not be read.
    pub broken: bool,
    pub warnings: Vec<Warning>,
}

impl Told {
    pub fn new() -> Self {
        Self {
            counts: [NONE; SLOTS],
            names: Default::default(),
            cost: None,
            upstream_cost: None,
            own_key: false,
            broken: false,
            warnings: Vec::new(),
        }
    }

    /// Whether a number was told.
    pub fn has(&self, slot: Slot) -> bool {
        self.find(slot as usize).is_some()
    }

    /// A number; 0 where none was told.
    pub fn get(&self, slot: Slot) -> u64 {
        self.find(slot as usize).unwrap_or(0)
    }

    fn find(&self, slot: usize) -> Option<u64> {
        self.counts.get(slot).copied().filter(|count| *count != NONE)
    }

    /// A name that was told.
    pub fn name(&self, name: Name) -> Option<&str> {
        self.names.get(name as usize)?.as_deref()
    }

    /// A name that was told, which then is another's.
    pub fn take_name(&mut self, name: Name) -> Option<String> {
        self.names.get_mut(name as usize)?.take()
    }

    /// Whether anything was counted, but for marks.
    pub fn counts_anything(&self) -> bool {
        self.counts.iter().take(Slot::Duration as usize).any(|count| *count != NONE)
    }

    /// Whether any token was counted.
    pub fn counts_tokens(&self) -> bool {
        self.counts.iter().take(Slot::Audio as usize).any(|count| *count != NONE)
    }

    /// Forgets the numbers; names stay.
    pub fn forget_counts(&mut self) {
        self.counts = [NONE; SLOTS];
        self.broken = false;
    }

    /// Takes over what is told later. Counts in a stream are cumulative and the last one holds; but none falls to 0: who
    /// says so then does not know.
    pub fn merge(&mut self, later: Self) {
        for (slot, count) in later.counts.into_iter().enumerate().filter(|(_, count)| *count != NONE) {
            self.set(slot, count);
        }
        for (mine, name) in self.names.iter_mut().zip(later.names) {
            *mine = name.or(mine.take());
        }
        self.cost = later.cost.or(self.cost.take());
        self.upstream_cost = later.upstream_cost.or(self.upstream_cost.take());
        self.own_key |= later.own_key;
        self.broken |= later.broken;
        later.warnings.into_iter().for_each(|warning| self.warn(warning));
    }

    fn set(&mut self, slot: usize, count: u64) {
        if let Some(mine) = self.counts.get_mut(slot)
            && (count > 0 || *mine == NONE)
        {
            *mine = count;
        }
    }

    pub fn warn(&mut self, warning: Warning) {
        if !self.warnings.contains(&warning) {
            self.warnings.push(warning);
        }
    }

    /// A count in parts of `1 / scale`: a number, or the text of one.
    fn count(&mut self, value: Raw<'_>, scale: u32) -> Option<u64> {
        let text = value.text();
        let number = match &text {
            Some(text) => Raw::parse(text).ok().filter(|inner| inner.text().is_none()),
            None => Some(value),
        };
        let told = number.and_then(|number| parts_of(number, scale));
        let Some((count, exact)) = told else {
            self.warn(unreadable("no count"));
            return None;
        };
        if count > MAX_COUNT {
            self.warn(unreadable("more than 2^53"));
        } else if !exact {
            self.warn(unreadable("a fraction, rounded up"));
        }
        Some(count.min(MAX_COUNT))
    }
}

/// A number in whole parts of `1 / scale`, and whether it was whole; `None` for one below zero and for no number. Parts of
/// seconds are rounded, and a token is whole but for the noise of a float.
fn parts_of(number: Raw<'_>, scale: u32) -> Option<(u64, bool)> {
    if scale == 1
        && let Some(whole) = number.whole()
    {
        return Some((whole, true));
    }
    let double = match number.number() {
        Some(double) => double,
        // Digits beyond every double are a number too.
        None if number.kind() == "a number" => f64::INFINITY,
        None => return None,
    };
    if double < 0.0 {
        return None;
    }
    let parts = double * f64::from(scale);
    let near = parts.round();
    let exact = scale != 1 || (parts - near).abs() < 1e-6 || parts > MAX_COUNT as f64;
    // A cast holds at the largest number; one more than the largest count says that it was passed.
    Some(((if exact { near } else { parts.ceil() } as u64).min(MAX_COUNT + 1), exact))
}

fn unreadable(found: &str) -> Warning {
    Warning::new(
        WarningCode::UsageUnreadable,
        format!("cannot read a count of the usage: expected a whole number from 0 to 2^53, found {found}"),
    )
}

/// A warning that parts are more than what they are parts of.
pub(super) fn clamped() -> Warning {
    Warning::new(
        WarningCode::UsageClamped,
        "cannot take usage apart: expected parts within their total, found more; the parts were clamped",
    )
}

/// A walk, and the AI SDK's `raw` that it came by.
pub(super) struct Walk<'a> {
    pub told: Told,
    pub raw: Option<Raw<'a>>,
}

impl<'a> Walk<'a> {
    pub fn new() -> Self {
        Self { told: Told::new(), raw: None }
    }

    /// What a text tells that is an object; `None` for one that is none.
    fn of(text: &'a str, table: Table) -> Option<Self> {
        let mut reader = Reader::new(text);
        let mut walk = Self::new();
        if !reader.enters() {
            return None;
        }
        walk.members(&mut reader, table, 0).ok()?;
        reader.end().ok().map(|()| walk)
    }

    /// Reads an object's members, on the way through them; of a name that repeats, all are read in their order.
    fn members(&mut self, reader: &mut Reader<'a>, table: Table, depth: u32) -> Result<(), Bad> {
        while let Some(key) = reader.key()? {
            match find(table, &key).map(|field| &field.1) {
                Some(Means::Object(table)) if depth < MAX_DEPTH && reader.enters() => {
                    self.members(reader, table, depth + 1)?;
                }
                Some(means) => {
                    let value = reader.value()?;
                    self.field(means, value, depth);
                }
                None => {
                    reader.value()?;
                }
            }
        }
        Ok(())
    }

    /// Reads an object; anything else tells nothing.
    pub fn object(&mut self, value: Raw<'a>, table: Table, depth: u32) {
        let mut reader = Reader::new(value.get());
        if depth < MAX_DEPTH && reader.enters() {
            // It was checked before.
            let _ = self.members(&mut reader, table, depth + 1);
        }
    }

    fn field(&mut self, means: &Means, value: Raw<'a>, depth: u32) {
        let nothing = value.is_null();
        match means {
            Means::Count(slot) | Means::Either(slot, _) if nothing => {
                self.told.broken |= matches!(slot, Slot::Input | Slot::Prompt | Slot::Output);
            }
            _ if nothing => {}
            Means::Count(slot) => self.count(*slot, value, 1),
            Means::Seconds(slot) => self.count(*slot, value, 1_000),
            Means::Object(table) => self.object(value, table, depth),
            Means::Either(slot, table) => match value.kind() {
                "an object" => self.object(value, table, depth),
                _ => self.count(*slot, value, 1),
            },
            Means::Each(table) => items(value).for_each(|item| self.object(item, table, depth)),
            Means::Modalities(slot) => self.modalities(*slot, value),
            Means::Texts(slot) => {
                let texts = items(value).filter_map(Raw::to_text).filter(|text| !text.is_empty());
                self.told.set(*slot as usize, different(texts));
            }
            Means::Once(slot) => self.told.set(*slot as usize, 1),
            Means::Text(name) => {
                if let (Some(mine), Some(text)) =
                    (self.told.names.get_mut(*name as usize), value.to_text().filter(|text| !text.is_empty()))
                {
                    *mine = Some(text);
                }
            }
            Means::Cost(tenths) => {
                // Perplexity's is an object.
                let usd = value.member("total_cost").unwrap_or(value);
                self.told.cost = decimal::plain(usd, *tenths).or(self.told.cost.take());
            }
            Means::UpstreamCost => {
                self.told.upstream_cost = decimal::plain(value, 0).or(self.told.upstream_cost.take());
            }
            Means::OwnKey => self.told.own_key |= value.bool() == Some(true),
            Means::Iterations => self.iterations(value, depth),
            Means::WritesByTtl => {
                for detail in items(value) {
                    let slot = if detail.member("ttl").and_then(Raw::text).as_deref() == Some("1h") {
                        Slot::Write1h
                    } else {
                        Slot::Write5m
                    };
                    if let Some(count) = detail.member("inputTokens") {
                        self.count(slot, count, 1);
                    }
                }
            }
            Means::Items => self.items(value),
            Means::Tools => {
                let kind = |tool: Raw<'_>| tool.member("type").and_then(Raw::to_text);
                if items(value).filter_map(kind).any(|kind| kind.starts_with("web_search_preview")) {
                    self.told.set(Slot::Preview as usize, 1);
                }
            }
            Means::Data => {
                let pictures = items(value)
                    .filter(|item| item.member("url").or_else(|| item.member("b64_json")).is_some())
                    .count() as u64;
                if pictures > 0 {
                    self.told.set(Slot::Pictures as usize, pictures);
                }
            }
            Means::Raw => self.raw = Some(value),
        }
    }

    fn count(&mut self, slot: Slot, value: Raw<'_>, scale: u32) {
        match self.told.count(value, scale) {
            Some(count) => self.told.set(slot as usize, count),
            None => self.told.broken |= matches!(slot, Slot::Input | Slot::Prompt | Slot::Output),
        }
    }

    /// `[{ "modality": "AUDIO", "tokenCount": 9 }]`, whose names may repeat.
    fn modalities(&mut self, first: Slot, value: Raw<'_>) {
        let mut sums = [NONE; 3];
        for item in items(value) {
            let slot = item.member("modality").and_then(Raw::text).and_then(|name| first.modality(&name));
            let count = item.member("tokenCount").or_else(|| item.member("tokens"));
            if let (Some(slot), Some(count)) = (slot, count)
                && let Some(count) = self.told.count(count, 1)
                && let Some(sum) = sums.get_mut(slot - first as usize)
            {
                *sum = if *sum == NONE { count } else { (*sum + count).min(MAX_COUNT) };
            }
        }
        for (behind, sum) in sums.into_iter().enumerate().filter(|(_, sum)| *sum != NONE) {
            self.told.set(first as usize + behind, sum);
        }
    }

    /// Compactions are in no total, and an adviser is billed at another model's rates.
    fn iterations(&mut self, value: Raw<'a>, depth: u32) {
        let mut sum = Walk::new();
        for item in items(value) {
            match item.member("type").and_then(Raw::text).as_deref() {
                Some("compaction") => {
                    let mut one = Walk::new();
                    one.object(item, &[anthropic::COMPACTION], depth);
                    for (mine, count) in sum.told.counts.iter_mut().zip(one.told.counts) {
                        if count != NONE {
                            *mine = if *mine == NONE { count } else { (*mine + count).min(MAX_COUNT) };
                        }
                    }
                    one.told.warnings.into_iter().for_each(|warning| self.told.warn(warning));
                }
                Some("advisor_message") => self.told.warn(Warning::new(
                    WarningCode::UsageIncomplete,
                    "the answer was advised by another model, whose tokens are billed at its own rates and are not counted here",
                )),
                _ => {}
            }
        }
        self.told.merge(sum.told);
    }

    /// Calls of OpenAI's own tools among the items of an answer. Of web searches only the searching itself is billed, of a
    /// code interpreter its container. <https://platform.openai.com/docs/pricing#built-in-tools>
    fn items(&mut self, value: Raw<'_>) {
        let (mut searches, mut files) = (0, 0);
        let mut containers = Vec::new();
        for item in items(value) {
            let text = |of: Raw<'_>, key| of.member(key).and_then(Raw::to_text);
            match text(item, "type").as_deref() {
                Some("web_search_call") => {
                    let action = item.member("action").and_then(|action| text(action, "type"));
                    searches += u64::from(action.is_none_or(|action| action == "search"));
                }
                Some("file_search_call") => files += 1,
                Some("code_interpreter_call") => {
                    containers.push(text(item, "container_id").unwrap_or_default());
                }
                _ => {}
            }
        }
        for (slot, count) in
            [(Slot::WebSearches, searches), (Slot::FileSearches, files), (Slot::Interpreters, different(containers))]
        {
            if count > 0 {
                self.told.set(slot as usize, count);
            }
        }
    }
}

/// The field of that name. Nearly all names differ in their lengths or their last letters, so most are told apart without
/// comparing texts: a body has fifteen keys, and the lists a hundred.
fn find(table: Table, key: &str) -> Option<&'static Field> {
    let end = |text: &str| text.as_bytes().last().copied();
    let (length, last) = (key.len(), end(key));
    for part in table {
        for field in *part {
            if field.0.len() == length && end(field.0) == last && field.0 == key {
                return Some(field);
            }
        }
    }
    None
}

/// How many different texts these are. No answer has a thousand of them; what has is hostile.
fn different(texts: impl IntoIterator<Item = String>) -> u64 {
    let mut known = Set::new();
    texts.into_iter().take(1_000).map(|text| u64::from(known.insert(text))).sum()
}

/// The items of an array; none of anything else.
fn items(value: Raw<'_>) -> impl Iterator<Item = Raw<'_>> {
    value.items().unwrap_or_default().into_iter()
}

/// What a body, an event of a stream or a bare usage object tells; `None` for what is no object.
pub(super) fn body(text: &str) -> Option<Walk<'_>> {
    let mut walk = Walk::of(text, &body::BODY)?;
    if !walk.told.counts_anything() {
        // The usage object alone, as a program may hold it.
        let bare = Walk::of(text, body::USAGE)?;
        // Seconds of what? A transcription's usage says so.
        if bare.told.counts_tokens() || walk.told.name(Name::Event) == Some("duration") {
            walk.raw = bare.raw;
            walk.told.merge(bare.told);
        }
    }
    Some(walk)
}
