//! What a demand can cost at most.
//!
//! A bound takes, for everything the demand does not rule out, the dearest rate it may be billed at: the dearest context
//! tier within reach, the dearest service tier, region and hour, cache writes instead of plain input, audio instead of
//! text, the row of tomorrow where it is dearer. It is the amount a budget holds, so it may be too high and never too low.

use crate::catalog::{Book, Edge, Model, Row, Variant};
use crate::error::Warning;
use crate::money::{Factor, Rate};
use crate::time::{DAY, Instant, MINUTE};
use crate::usage::{MAX_COUNT, Unit, Usage};

use super::cost::{Cost, Item, Reason, Unpriced, no_rate, region_of, too_much, total};
use super::service::{self, Service};
use super::sheet::{Circumstances, Found, Sheet, Subject, shown};

/// What a call may consume.
#[derive(Clone, Debug)]
pub struct Demand<'a> {
    /// The model's name.
    pub model: &'a str,
    /// The provider, where known.
    pub provider: Option<&'a str>,
    /// At most so many input tokens, cache included.
    pub input_tokens: u64,
    /// At most so many output tokens a choice, reasoning included; `None` for the model's own maximum.
    pub output_tokens: Option<u64>,
    /// How many choices; at least 1.
    pub n: u64,
    /// When: it chooses the row.
    pub at: Instant,
    /// Which cache writes the request allows.
    pub cache_writes: CacheWrites,
    /// Whether nothing but text goes in, so that no audio or image rate applies.
    pub text_input: bool,
    /// Whether nothing but text can come out.
    pub text_output: bool,
    /// Whatever else is counted (images, searches, requests), at most. Tokens of images, audio and video come beside the
    /// input above and may be billed as their own kind or as plain input.
    pub others: Usage,
    /// One thing in several units (an image, its pixels), of which the model must have a rate for at least one.
    pub any_of: Usage,
    /// What costs something where the model has a rate for it, and nothing elsewhere.
    pub may: Usage,
    /// The service tier asked for. `None` and `auto` leave the choice to the provider, and so take the dearest; one that is
    /// named may still be served as the default.
    pub service_tier: Option<&'a str>,
    /// The region that serves; `None` where it is not known, and so the dearest, `global` for none.
    pub region: Option<&'a str>,
}

impl<'a> Demand<'a> {
    /// A demand that rules nothing out: any cache write, any kind of input and output.
    pub fn new(
        model: &'a str,
        provider: Option<&'a str>,
        input_tokens: u64,
        output_tokens: Option<u64>,
        at: Instant,
    ) -> Self {
        Self {
            model,
            provider,
            input_tokens,
            output_tokens,
            n: 1,
            at,
            cache_writes: CacheWrites::Any,
            text_input: false,
            text_output: false,
            others: Usage::default(),
            any_of: Usage::default(),
            may: Usage::default(),
            service_tier: None,
            region: None,
        }
    }
}

/// Which cache writes a request allows. A write costs more than plain input at most providers.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum CacheWrites {
    /// None is possible.
    Never,
    /// The provider's usual kind, five minutes or automatic; none that was asked to last longer.
    Short,
    /// Any kind.
    #[default]
    Any,
}

/// A bound, or why there is none.
// Made once a call and taken apart at once: a box would only cost an allocation.
#[allow(clippy::large_enum_variant)]
#[derive(Clone, Debug, PartialEq)]
pub enum BoundAnswer {
    /// The bound.
    Bounded(Bound),
    /// Why there is none.
    Unpriced(Unpriced),
}

/// An upper bound.
#[derive(Clone, Debug, PartialEq)]
pub struct Bound {
    /// The most that the demand can cost.
    pub cost: Cost,
    /// What it assumes, in words.
    pub assumptions: Vec<String>,
    /// The input tokens it pays for.
    pub input_tokens: u64,
    /// The output tokens it pays for, over all choices.
    pub output_tokens: u64,
}

/// The most that a demand can cost, by a book.
pub fn upper_bound(book: &Book, demand: &Demand<'_>) -> BoundAnswer {
    let bound = Subject::find(book, demand.model, demand.provider, demand.at)
        .and_then(|subject| bound_subject(&subject, demand));
    match bound {
        Ok(bound) => BoundAnswer::Bounded(bound),
        Err(unpriced) => BoundAnswer::Unpriced(unpriced),
    }
}

pub(super) fn bound_subject(subject: &Subject<'_>, demand: &Demand<'_>) -> Result<Bound, Unpriced> {
    let mut assumptions = Vec::new();
    let mut warnings = Vec::new();
    let per_choice = output_limit(subject, demand, &mut assumptions)?;
    let n = demand.n.max(1);
    let output_tokens = per_choice.saturating_add(demand.others.output_tokens()).saturating_mul(n);
    let input_tokens = demand.input_tokens.saturating_add(demand.others.input_tokens());
    if n > 1 {
        assumptions.push(format!("{n} choices, each with the whole output"));
    }
    let sheets = sheets(subject, demand, input_tokens, &mut assumptions, &mut warnings)?;

    let mut items = Vec::new();
    let media = |unit: Unit| demand.others.get(unit);
    let plain = Unit::ALL.into_iter().filter(|unit| unit.is_input_token() && input_kind(*unit) == Unit::Input);
    let plain = plain.fold(demand.input_tokens, |sum, unit| sum.saturating_add(media(unit)));
    let classes = [
        (Unit::Input, plain, input_units(demand)),
        (Unit::InputAudio, media(Unit::InputAudio), kind_units(demand, Unit::InputAudio)),
        (Unit::InputImage, media(Unit::InputImage), kind_units(demand, Unit::InputImage)),
        (Unit::InputVideo, media(Unit::InputVideo), kind_units(demand, Unit::InputVideo)),
        (Unit::Output, output_tokens, output_units(demand)),
    ];
    for (unit, quantity, units) in classes {
        if quantity > MAX_COUNT {
            return Err(too_much());
        }
        if quantity > 0 {
            let (item, billed) =
                dearest(&sheets, unit, quantity, &units)?.ok_or_else(|| no_rate(subject, unit.key()))?;
            if billed != unit {
                assumptions.push(format!("{} tokens at the rate of {}", unit.key(), billed.key()));
            }
            items.push(item);
        }
    }
    let beside = demand.others.iter().filter(|(unit, _)| !unit.is_input_token() && !unit.is_output_token());
    for (unit, quantity) in beside {
        items.push(dearest_thing(&sheets, unit, quantity)?.ok_or_else(|| no_rate(subject, unit.key()))?);
    }
    let before = items.len();
    for (unit, quantity) in demand.any_of.iter() {
        items.extend(dearest_thing(&sheets, unit, quantity)?);
    }
    if let Some((unit, _)) = demand.any_of.iter().next().filter(|_| items.len() == before) {
        return Err(no_rate(subject, unit.key()));
    }
    for (unit, quantity) in demand.may.iter() {
        items.extend(dearest_thing(&sheets, unit, quantity)?);
    }
    for (name, quantity) in demand.others.extra().iter().filter(|(_, quantity)| **quantity > 0) {
        let mut best = None;
        for found in sheets.iter().filter_map(|sheet| sheet.named(name)) {
            replace_by_dearer(&mut best, Item::extra(name, *quantity, found)?);
        }
        items.push(best.ok_or_else(|| no_rate(subject, name))?);
    }
    let cost = Cost {
        usd: total(&items)?,
        items,
        model: subject.model.to_owned(),
        provider: subject.provider.to_owned(),
        kind: subject.kind,
        source: subject.source(),
        range: None,
        warnings,
    };
    Ok(Bound { cost, assumptions, input_tokens, output_tokens })
}

/// The rates in every circumstance that the demand does not rule out.
fn sheets<'a>(
    subject: &Subject<'a>,
    demand: &Demand<'_>,
    input_tokens: u64,
    assumptions: &mut Vec<String>,
    warnings: &mut Vec<Warning>,
) -> Result<Vec<Sheet<'a>>, Unpriced> {
    let mut all = Vec::new();
    for row in rows(subject, demand.at) {
        let subject = Subject { built_in: row, ..subject.clone() };
        let contexts = contexts(&subject, input_tokens);
        let services = services(&subject, demand)?;
        let regions = regions(&subject, demand, warnings);
        let hours = hours(&subject, demand.at);
        for (input_tokens, dispute) in &contexts {
            for service in &services {
                for region in &regions {
                    for at in &hours {
                        let (input_tokens, dispute) = (*input_tokens, *dispute);
                        let (service, region, at) = (*service, *region, *at);
                        all.push(subject.sheet(&Circumstances { input_tokens, dispute, service, region, at }));
                    }
                }
            }
        }
        for (tokens, _) in contexts.iter().skip(1) {
            say(assumptions, format!("the context tier from {tokens} input tokens applies where it is dearer"));
        }
        if services.len() > 1 {
            let names: Vec<_> = services.iter().map(|name| name.unwrap_or("default")).collect();
            say(assumptions, format!("the dearest of the service tiers {} serves", names.join(", ")));
        }
        if regions.len() > 1 {
            let names: Vec<_> = regions.iter().map(|name| name.unwrap_or("global")).collect();
            say(assumptions, format!("the dearest of the regions {} serves", names.join(", ")));
        }
        if hours.len() > 1 {
            say(assumptions, "the dearest hour of the week counts".to_owned());
        }
    }
    Ok(all)
}

/// Says a thing once.
fn say(assumptions: &mut Vec<String>, assumption: String) {
    if !assumptions.contains(&assumption) {
        assumptions.push(assumption);
    }
}

/// The built-in rows that a call made now may be billed by: a batch may take a day, and is billed when it is done.
fn rows<'a>(subject: &Subject<'a>, at: Instant) -> Vec<Option<(&'a Model, &'a Row)>> {
    let Some((model, now)) = subject.built_in else { return vec![None] };
    let soon = at.plus(DAY);
    let to_come = model.rows.iter().filter(|row| row.from.is_some_and(|from| from > at && from <= soon));
    std::iter::once(now).chain(to_come).map(|row| Some((model, row))).collect()
}

/// The least input of each context tier that a request of up to this size can fall into; that of none first. On a disputed
/// edge it is in the tier.
pub(super) fn contexts(subject: &Subject<'_>, input_tokens: u64) -> Vec<(u64, bool)> {
    let mut all = vec![(0, false)];
    for edge in subject.variants().filter_map(|variant| variant.when.context) {
        let least = if edge.edge == Edge::Above { edge.tokens.saturating_add(1) } else { edge.tokens };
        if edge.is_reached(input_tokens, true) && !all.contains(&(least, true)) {
            all.push((least, true));
        }
    }
    all
}

fn services<'a>(subject: &Subject<'a>, demand: &Demand<'_>) -> Result<Vec<Option<&'a str>>, Unpriced> {
    let mut all = vec![None];
    match Service::of(subject, demand.service_tier.or(Some("auto")), None)? {
        Service::Default | Service::Cheaper => {}
        Service::Priced(name) => all.push(Some(name)),
        Service::Open => all.extend(service::open(subject).map(Some)),
    }
    Ok(all)
}

fn regions<'a>(subject: &'a Subject<'_>, demand: &Demand<'a>, warnings: &mut Vec<Warning>) -> Vec<Option<&'a str>> {
    if demand.region.is_some() || subject.region.is_some() {
        return vec![region_of(subject, demand.region, warnings)];
    }
    let mut all = vec![None];
    for name in subject.variants().filter_map(|variant| variant.when.region.as_deref()) {
        if !all.contains(&Some(name)) {
            all.push(Some(name));
        }
    }
    all
}

/// An instant for each stretch of a week in which the same hours hold; the asked one first.
fn hours(subject: &Subject<'_>, at: Instant) -> Vec<Instant> {
    let mut all = vec![at];
    for hours in subject.variants().filter_map(|variant| variant.when.schedule) {
        let midnight = at.ms() - at.ms().rem_euclid(DAY) - i64::from(hours.offset) * MINUTE;
        for minute in [hours.from, hours.to] {
            for day in 0..7 {
                let edge = Instant::from_ms(midnight + day * DAY + i64::from(minute) * MINUTE);
                if !all.contains(&edge) {
                    all.push(edge);
                }
            }
        }
    }
    all
}

/// The output tokens of one choice at most.
fn output_limit(subject: &Subject<'_>, demand: &Demand<'_>, assumptions: &mut Vec<String>) -> Result<u64, Unpriced> {
    if let Some(tokens) = demand.output_tokens {
        return Ok(tokens);
    }
    // An embedding has no output to limit: nothing that comes out costs anything.
    let when = Circumstances { input_tokens: 0, dispute: false, service: None, region: None, at: demand.at };
    let sheet = subject.sheet(&when);
    let rates: Vec<_> = output_units(demand).into_iter().filter_map(|unit| sheet.rate(unit)).collect();
    let free = |variant: &Variant| variant.rates.iter().all(|(unit, rate)| !unit.is_output_token() || rate.pico() == 0);
    if !rates.is_empty() && rates.iter().all(|found| found.rate.pico() == 0) && subject.variants().all(free) {
        return Ok(0);
    }
    let tokens = subject.built_in.and_then(|(model, _)| model.max_output).ok_or_else(|| {
        Unpriced::new(
            Reason::Unbounded,
            format!("no output maximum is given, and none is known of the model {}", shown(subject.model)),
        )
    })?;
    assumptions.push(format!("output up to the model's maximum of {tokens} tokens"));
    Ok(tokens)
}

/// What an input token may be billed as.
fn input_units(demand: &Demand<'_>) -> Vec<Unit> {
    let mut units = vec![Unit::Input, Unit::CacheRead];
    match demand.cache_writes {
        CacheWrites::Never => {}
        CacheWrites::Short => units.push(Unit::CacheWrite),
        CacheWrites::Any => {
            units.extend([Unit::CacheWrite, Unit::CacheWrite30m, Unit::CacheWrite1h, Unit::CacheWrite12h]);
        }
    }
    if !demand.text_input {
        units.extend([
            Unit::InputVideo,
            Unit::InputImage,
            Unit::CacheReadImage,
            Unit::InputAudio,
            Unit::CacheReadAudio,
        ]);
        if demand.cache_writes != CacheWrites::Never {
            units.push(Unit::CacheWriteAudio);
        }
    }
    units
}

/// The kind of an input token: audio, image, video, or plain.
fn input_kind(unit: Unit) -> Unit {
    match unit {
        Unit::InputAudio | Unit::InputImage | Unit::InputVideo => unit,
        _ => Unit::Input,
    }
}

/// What an input token of a kind may be billed as: as that, or as any other input. The frames of a video may be counted as
/// images, and its sound as audio.
fn kind_units(demand: &Demand<'_>, kind: Unit) -> Vec<Unit> {
    let mut units = input_units(&Demand { text_input: true, ..demand.clone() });
    if kind != Unit::InputAudio {
        units.extend([Unit::InputImage, Unit::CacheReadImage]);
    }
    if kind != Unit::InputImage {
        units.extend([Unit::InputAudio, Unit::CacheReadAudio]);
        if demand.cache_writes != CacheWrites::Never {
            units.push(Unit::CacheWriteAudio);
        }
    }
    if kind == Unit::InputVideo {
        units.push(Unit::InputVideo);
    }
    units
}

/// What an output token may be billed as.
fn output_units(demand: &Demand<'_>) -> Vec<Unit> {
    let mut units = vec![Unit::Output, Unit::ReasoningOutside];
    if !demand.text_output {
        units.extend([Unit::OutputAudio, Unit::OutputImage, Unit::OutputVideo]);
    }
    units
}

/// A quantity of a unit, billed as the dearest of these units on any of these sheets; and which. On a tie the first.
fn dearest(sheets: &[Sheet<'_>], unit: Unit, quantity: u64, units: &[Unit]) -> Result<Option<(Item, Unit)>, Unpriced> {
    let mut best = None;
    let mut billed = unit;
    for candidate in units {
        for found in sheets.iter().filter_map(|sheet| sheet.rate(*candidate)) {
            // A bill may split these tokens into several items, each rounded up: so does the rate of one token here.
            let rate = found.rate.cost(1, 1, found.factor).map_err(|_| too_much())?;
            let found = Found { rate: Rate::new(rate.pico(), 1).ok_or_else(too_much)?, factor: Factor::ONE, ..found };
            if replace_by_dearer(&mut best, Item::new(unit, quantity, found)?) {
                billed = *candidate;
            }
        }
    }
    Ok(best.map(|item| (item, billed)))
}

/// A quantity of something that is no token at its dearest rate: its own, or one of those that say more closely what it is.
fn dearest_thing(sheets: &[Sheet<'_>], unit: Unit, quantity: u64) -> Result<Option<Item>, Unpriced> {
    let mut best = None;
    for sheet in sheets {
        for found in sheet.rates_of(unit) {
            replace_by_dearer(&mut best, Item::new(unit, quantity, found)?);
        }
    }
    Ok(best)
}

fn replace_by_dearer(best: &mut Option<Item>, item: Item) -> bool {
    let dearer = best.as_ref().is_none_or(|best| item.usd > best.usd);
    if dearer {
        *best = Some(item);
    }
    dearer
}
