//! What a demand can cost at most.
//!
//! A bound takes, for everything the demand does not rule out, the dearest rate it may be billed at: the dearest tier
//! within reach, cache writes instead of plain input, audio instead of text. It is the amount a budget holds, so it may
//! be too high and never too low.

use crate::catalog::{Book, Model};
use crate::money::Rate;
use crate::time::Instant;
use crate::usage::{Part, Unit, Usage};

use super::cost::{Cost, Item, Reason, Unpriced, check_default, no_rate, total};
use super::sheet::{Sheet, Subject, shown};

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
    /// Whatever else is counted (images, searches, requests), at most; its token counts are added to the above.
    pub others: Usage,
    /// The service tier asked for.
    pub service_tier: Option<&'a str>,
    /// The region asked for.
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
    check_default(demand.service_tier, demand.region)?;
    let model = subject.built_in.map(|(model, _)| model);
    let mut assumptions = Vec::new();
    let per_choice = output_limit(subject, model, demand, &mut assumptions)?;
    let n = demand.n.max(1);
    let output_tokens = per_choice.saturating_add(demand.others.output_tokens()).saturating_mul(n);
    let input_tokens = demand.input_tokens.saturating_add(demand.others.input_tokens());
    if n > 1 {
        assumptions.push(format!("{n} choices, each with the whole output"));
    }

    // Every tier that a request of up to this size can fall into, a disputed edge included.
    let mut sheets = vec![subject.sheet(None)];
    for tier in subject.tiers() {
        if let Some(edge) = tier.when.context.filter(|edge| edge.is_reached(input_tokens, true)) {
            sheets.push(subject.sheet(Some(tier)));
            assumptions.push(format!("the context tier of {} input tokens applies where it is dearer", edge.tokens));
        }
    }

    let mut items = Vec::new();
    for (unit, quantity, units) in
        [(Unit::Input, input_tokens, input_units(demand)), (Unit::Output, output_tokens, output_units(demand))]
    {
        if quantity == 0 {
            continue;
        }
        let (billed, rate) = dearest(&sheets, &units).ok_or_else(|| no_rate(subject, unit.key()))?;
        if billed != unit {
            assumptions.push(format!("{} tokens at the rate of {}", unit.key(), billed.key()));
        }
        items.push(Item::new(unit, quantity, rate)?);
    }
    let beside = demand.others.iter().filter(|(unit, _)| !matches!(unit.part(), Part::Input | Part::Output));
    for (unit, quantity) in beside {
        let (_, rate) = dearest(&sheets, &[unit]).ok_or_else(|| no_rate(subject, unit.key()))?;
        items.push(Item::new(unit, quantity, rate)?);
    }
    for (name, quantity) in demand.others.extra().iter().filter(|(_, quantity)| **quantity > 0) {
        let rate = sheets.first().and_then(|sheet| sheet.extra(name)).ok_or_else(|| no_rate(subject, name))?;
        items.push(Item::extra(name, *quantity, rate)?);
    }
    let usd = total(&items)?;
    let cost = Cost {
        usd,
        items,
        model: subject.model.to_owned(),
        provider: subject.provider.to_owned(),
        kind: subject.kind,
        source: subject.source(),
        range: None,
        warnings: Vec::new(),
    };
    Ok(Bound { cost, assumptions, input_tokens, output_tokens })
}

/// The output tokens of one choice at most.
fn output_limit(
    subject: &Subject<'_>,
    model: Option<&Model>,
    demand: &Demand<'_>,
    assumptions: &mut Vec<String>,
) -> Result<u64, Unpriced> {
    if let Some(tokens) = demand.output_tokens {
        return Ok(tokens);
    }
    // An embedding has no output to limit: nothing that comes out costs anything.
    let sheet = subject.sheet(None);
    let rates: Vec<_> = output_units(demand).into_iter().filter_map(|unit| sheet.rate(unit)).collect();
    if !rates.is_empty() && rates.iter().all(|rate| rate.pico() == 0) {
        return Ok(0);
    }
    let tokens = model.and_then(|model| model.max_output).ok_or_else(|| {
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
        CacheWrites::Any => units.extend([Unit::CacheWrite, Unit::CacheWrite1h]),
    }
    if !demand.text_input {
        units.extend([Unit::InputAudio, Unit::CacheReadAudio, Unit::InputImage]);
    }
    units
}

/// What an output token may be billed as.
fn output_units(demand: &Demand<'_>) -> Vec<Unit> {
    let mut units = vec![Unit::Output, Unit::ReasoningOutside];
    if !demand.text_output {
        units.extend([Unit::OutputAudio, Unit::OutputImage]);
    }
    units
}

/// The dearest of these units on any of these sheets; on a tie the first.
fn dearest(sheets: &[Sheet<'_>], units: &[Unit]) -> Option<(Unit, Rate)> {
    let mut best: Option<(Unit, Rate)> = None;
    for unit in units {
        for rate in sheets.iter().filter_map(|sheet| sheet.rate(*unit)) {
            if best.is_none_or(|(_, other)| rate.exceeds(other)) {
                best = Some((*unit, rate));
            }
        }
    }
    best
}
