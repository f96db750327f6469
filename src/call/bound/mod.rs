//! What a request can cost at most: its body into a [`Demand`].
//!
//! The bound is what a budget holds before the call, so it may be too high and never too low. Where the request itself says
//! how much it can use (a maximum of output tokens, a limit on a tool's calls) that counts; where it does not, the most that
//! the provider documents; and where nobody says, there is no bound, which is an answer of its own ([`Reason::Unbounded`]).
//!
//! - [`shape`] tells the wire formats apart, [`read`] takes from each what limits it.
//! - [`tally`] counts what becomes prompt: a token is at least a byte, so the bytes of all texts and framing bound them.
//! - [`media`] has the most tokens that an image can be, [`tools`] what the provider's own tools can cost.
//!
//! The numbers then go to [`crate::price`], which takes the dearest rate within reach for each of them.

mod media;
mod read;
mod shape;
mod tally;
mod tools;

use crate::{
    error::{Error, Result},
    json::{Bad, Raw},
    object::Object,
    price::{Bound, BoundAnswer, CacheWrites, Demand, Reason, Tracker, Unpriced},
    time::Instant,
    usage::Unit,
};

use read::Wanted;

pub(super) use read::sound_ms;

/// Counts the tokens that a model (the first) makes of a text (the second) exactly; `None` where it can't.
pub type Count<'a> = &'a dyn Fn(&str, &str) -> Option<u64>;

/// What is known beside the body.
#[derive(Clone, Copy)]
pub struct BoundOptions<'a> {
    /// Who answers; else the provider that the model's name finds.
    pub provider: Option<&'a str>,
    /// The model, where the body does not name it (Azure's deployments and Gemini have it in the URL).
    pub model: Option<&'a str>,
    /// The most output tokens of a choice, where the request names no maximum.
    pub max_output: Option<u64>,
    /// A maximum of output tokens that the request is to be given, should its own be higher.
    pub cap: Option<u64>,
    /// When: it chooses the row.
    pub at: Instant,
    /// The region that serves; `None` for the dearest.
    pub region: Option<&'a str>,
    /// Other models that may answer instead.
    pub fallbacks: &'a [String],
    /// The model that answers, whatever the body says.
    pub instead: Option<&'a str>,
    /// Exact counts, where there is a vocabulary.
    pub count: Option<Count<'a>>,
}

impl BoundOptions<'_> {
    /// Nothing but the moment.
    pub fn new(at: Instant) -> Self {
        Self {
            provider: None,
            model: None,
            max_output: None,
            cap: None,
            at,
            region: None,
            fallbacks: &[],
            instead: None,
            count: None,
        }
    }
}

/// The most that a request can cost. What can't be read as a request is [`crate::error::Code::InvalidInput`].
pub fn upper_bound(tracker: &Tracker, body: &str, options: &BoundOptions<'_>) -> Result<BoundAnswer> {
    let request = Raw::parse(body).map_err(|bad| unreadable(body, bad))?;
    let request = Object::strict(request).ok_or_else(|| {
        Error::input(format!(
            "cannot read request: expected a JSON object without repeated keys, found {}",
            if request.kind() == "an object" { "a repeated key" } else { request.kind() }
        ))
    })?;
    let models = models(&request, options)?;
    let mut best: Option<Bound> = None;
    for model in &models {
        match bound_of(tracker, &request, model, options)? {
            BoundAnswer::Unpriced(unpriced) => return Ok(BoundAnswer::Unpriced(unpriced)),
            BoundAnswer::Bounded(bound) => {
                if best.as_ref().is_none_or(|best| bound.cost.usd > best.cost.usd) {
                    best = Some(bound);
                }
            }
        }
    }
    let mut best = best.ok_or_else(|| Error::internal("a request without a model was bounded"))?;
    if models.len() > 1 {
        best.assumptions.push(format!("the dearest of {} models that may answer", models.len()));
    }
    Ok(BoundAnswer::Bounded(best))
}

pub(super) fn unreadable(body: &str, bad: Bad) -> Error {
    let (line, column) = bad.place(body);
    Error::input(format!("cannot read request: expected JSON, found an error at line {line} column {column}"))
}

/// The models that may answer: the one asked for, OpenRouter's `models`, the caller's fallbacks.
fn models(request: &Object<'_>, options: &BoundOptions<'_>) -> Result<Vec<String>> {
    if let Some(model) = options.instead {
        return Ok(vec![model.to_owned()]);
    }
    let mut all: Vec<String> = Vec::new();
    let mut add = |name: String| {
        if !name.trim().is_empty() && !all.contains(&name) {
            all.push(name);
        }
    };
    let wrong = |found: &str| {
        Error::input(format!("cannot read request: expected model to be a non-empty string, found {found}"))
            .with("field", "model")
    };
    match request.get("model") {
        // Gemini's own client puts the resource's name here.
        Some(value) => {
            let name = value.to_text().ok_or_else(|| wrong(value.kind()))?;
            add(name.strip_prefix("models/").unwrap_or(&name).to_owned());
        }
        None => options.model.into_iter().for_each(|name| add(name.to_owned())),
    }
    for value in request.get("models").and_then(Raw::items).unwrap_or_default() {
        add(value.to_text().ok_or_else(|| wrong(value.kind()))?);
    }
    if all.is_empty() {
        return Err(wrong("none"));
    }
    let mut add = |name: &String| {
        if !all.contains(name) {
            all.push(name.clone());
        }
    };
    options.fallbacks.iter().for_each(&mut add);
    Ok(all)
}

/// What is known of a model, for reading a request to it.
struct Facts<'a> {
    tracker: &'a Tracker,
    asked: &'a str,
    options: &'a BoundOptions<'a>,
    /// Its provider, by the name in the public interface; empty where nobody says.
    provider: String,
    /// Its name, lower case.
    name: String,
    mode: &'a str,
    window: Option<u64>,
    max_output: Option<u64>,
}

impl<'a> Facts<'a> {
    fn of(tracker: &'a Tracker, model: &'a str, options: &'a BoundOptions<'a>) -> Self {
        let found = tracker.model(model, options.provider);
        let book = tracker.book();
        let named = options.provider.map(|name| book.canonical_provider(name).unwrap_or(name));
        Self {
            tracker,
            asked: model,
            options,
            provider: found.map(|found| &*found.provider).or(named).unwrap_or_default().to_owned(),
            name: found.map_or(model, |found| &found.id).to_ascii_lowercase(),
            mode: found.map_or("", |found| &found.mode),
            window: found.and_then(|found| found.context_window),
            max_output: found.and_then(|found| found.max_output),
        }
    }

    fn is_openai(&self) -> bool {
        matches!(self.provider.as_str(), "openai" | "azure-openai")
    }

    fn is_claude(&self) -> bool {
        self.provider == "anthropic" || self.name.contains("claude")
    }

    /// Whether the model has a rate for a unit, or for something that it is called more closely.
    fn has_rate(&self, unit: Unit) -> bool {
        let pricing = self.tracker.pricing(self.asked, self.options.provider, self.options.at);
        pricing.is_some_and(|pricing| pricing.rates.keys().any(|name| name.split(':').next() == Some(unit.key())))
    }
}

fn bound_of(tracker: &Tracker, request: &Object<'_>, model: &str, options: &BoundOptions<'_>) -> Result<BoundAnswer> {
    let facts = Facts::of(tracker, model, options);
    let mut wanted = Wanted::read(request, &facts, options)?;
    let (service_tier, region) = (wanted.service_tier.take(), wanted.region.take());
    let mut assumptions = Vec::new();
    let mut demand = Demand {
        n: wanted.choices.max(1),
        cache_writes: wanted.cache_writes,
        text_output: wanted.text_output,
        service_tier: service_tier.as_deref(),
        region: options.region.or(region.as_deref()),
        ..Demand::new(model, options.provider, 0, None, options.at)
    };
    input(&mut wanted, &facts, &mut demand, &mut assumptions);
    output(&mut wanted, &facts, options, &mut demand, &mut assumptions);
    for (unit, count) in wanted.fees.iter() {
        demand.others.add(unit, count);
    }
    demand.any_of = std::mem::take(&mut wanted.any_of);
    demand.may = std::mem::take(&mut wanted.may);
    if wanted.input_optional && !facts.has_rate(Unit::Input) {
        demand.input_tokens = 0;
        demand.others.set(Unit::InputImage, 0);
    }
    if wanted.cache_writes == CacheWrites::Never {
        assumptions.push("nothing is written to a cache: the request marks nothing".to_owned());
    }
    let mut answer = tracker.upper_bound(&demand)?;
    match (&mut answer, wanted.unbounded) {
        (BoundAnswer::Bounded(bound), None) => {
            assumptions.append(&mut bound.assumptions);
            bound.assumptions = assumptions;
        }
        // A model that nobody knows has no price, whatever the request may use.
        (BoundAnswer::Unpriced(unpriced), Some(_)) if unpriced.reason == Reason::UnknownModel => {}
        (_, Some(detail)) => return Ok(BoundAnswer::Unpriced(Unpriced::new(Reason::Unbounded, detail))),
        (BoundAnswer::Unpriced(_), None) => {}
    }
    Ok(answer)
}

/// Input: what the request shows, or the context window for each pass where it does not show everything.
fn input(wanted: &mut Wanted<'_>, facts: &Facts<'_>, demand: &mut Demand<'_>, assumptions: &mut Vec<String>) {
    let tally = &wanted.tally;
    let images = tally.images();
    let image_tokens = media::tokens(facts, tally.details);
    let passes = wanted.passes();
    let mut hidden = tally.hidden.clone();
    if images > 0 && image_tokens.is_none() {
        hidden = hidden.or_else(|| Some("images, whose most tokens are not documented".to_owned()));
    }
    if wanted.calls > 0 {
        assumptions
            .push(format!("up to {} calls of the provider's tools, each with the whole context window", wanted.calls));
    }
    if let Some(why) = hidden {
        let Some(window) = facts.window else {
            wanted.unbounded.get_or_insert(format!(
                "the request has {why}, which its size does not bound, and no context window is known of the model"
            ));
            return;
        };
        assumptions.push(format!("input up to the context window of {window} tokens, since the request has {why}"));
        demand.input_tokens = window.saturating_mul(passes);
    } else {
        demand.text_input = true;
        let text = tally.tokens.saturating_add(wanted.framing);
        demand.input_tokens = text.saturating_mul(passes);
        assumptions.push(if tally.by_bytes {
            "a token for each byte of the request's texts, and framing".to_owned()
        } else {
            "the exact tokens of the request's texts, a token for each byte around them, and framing".to_owned()
        });
        let image_tokens = image_tokens.unwrap_or(0);
        if images > 0 {
            assumptions.push(format!("{image_tokens} tokens for {images} images, the most that their kind can have"));
            demand.others.set(Unit::InputImage, image_tokens.saturating_mul(passes));
        }
        if tally.audio > 0 {
            let most = facts.window.unwrap_or(u64::MAX).min(tally.audio);
            assumptions.push(format!("{most} tokens for the audio, at most one for each of its bytes"));
            demand.others.set(Unit::InputAudio, most.saturating_mul(passes));
        }
    }
    if images > 0 {
        wanted.may.add(Unit::InputImages, images.saturating_mul(passes));
    }
    if tally.encrypted {
        assumptions.push("encrypted content has at most a token for each of its bytes".to_owned());
    }
}

/// Output: the maximum that the request names, else the caller's, else the model's; for each pass.
fn output(
    wanted: &mut Wanted<'_>,
    facts: &Facts<'_>,
    options: &BoundOptions<'_>,
    demand: &mut Demand<'_>,
    assumptions: &mut Vec<String>,
) {
    let passes = wanted.passes();
    let named = wanted.output.or(options.max_output);
    let named = options.cap.map_or(named, |cap| Some(named.or(facts.max_output).map_or(cap, |most| most.min(cap))));
    demand.output_tokens = match (named, facts.max_output) {
        (None, None) => None,
        (None, Some(_)) if passes == 1 && wanted.more_output == 0 => None,
        (named, known) => {
            let most = named.or(known).unwrap_or(0);
            if passes > 1 {
                assumptions.push(format!("output up to {most} tokens in each of {passes} passes"));
            }
            Some(most.saturating_add(wanted.more_output).saturating_mul(passes))
        }
    };
}

#[cfg(test)]
mod tests;
