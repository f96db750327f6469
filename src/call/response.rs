//! An answer's body to what it cost: its usage, priced, unless the provider says itself what it billed.

use crate::{
    catalog::{Book, RateSource},
    error::{Warning, WarningCode},
    json::{ToJson, Writer},
    money::{Rate, Usd},
    price::{Answer, Query, Reason, Unpriced, is_default_tier, price, write_cost},
    provider::usage::{Extracted, extract},
    time::Instant,
    usage::Usage,
};

/// What a caller knows of an answer beside its body.
#[derive(Clone, Copy, Debug)]
pub struct Asked<'a> {
    /// The provider that answered: it is always honoured.
    pub provider: Option<&'a str>,
    /// The model asked for: what is priced where the body names none, or one without a price, such as a deployment's name.
    pub model: Option<&'a str>,
    /// When the call was made.
    pub at: Instant,
    /// The service tier asked for: the one that served, where the body tells it, wins.
    pub service_tier: Option<&'a str>,
    /// The region asked for: the one that served, where the body tells it, wins.
    pub region: Option<&'a str>,
}

/// What a body cost.
// Made once a call and taken apart at once: a box would only cost an allocation.
#[allow(clippy::large_enum_variant)]
#[derive(Clone, Debug, PartialEq)]
pub enum Billed {
    /// Computed from its usage, or why it can't be.
    Computed(Answer),
    /// As the provider reports it.
    Reported(Reported),
}

/// A cost that the provider reports.
#[derive(Clone, Debug, PartialEq)]
pub struct Reported {
    /// The amount; finer than a pico-dollar, as floats are, it is rounded to the nearest.
    pub usd: Usd,
    /// The model that answered, as the body or the caller names it.
    pub model: String,
    /// Its provider, where that is known.
    pub provider: String,
    /// What the usage costs by the book, or why that is not known.
    pub computed: Answer,
    /// What is worth telling.
    pub warnings: Vec<Warning>,
}

/// What the call behind a body cost, by a book.
///
/// A cost that the provider reports wins, but for one of zero: some report 0 for what is billed elsewhere.
pub fn price_response(book: &Book, body: &str, asked: &Asked<'_>) -> Billed {
    match extract(body, asked.provider) {
        Some(extracted) => bill(book, &extracted, asked),
        None => no_usage(),
    }
}

/// What a body tells of its bill where there is nothing to tell beside it, for a host that prices by what it knows of the model
/// already.
#[derive(Clone, Debug, PartialEq)]
pub struct Quick {
    /// The model that answered.
    pub model: Option<String>,
    /// The place in [`TIERS`] of the service tier that served.
    pub tier: usize,
    /// What was consumed.
    pub usage: Usage,
}

/// The service tiers that are told by number; the first stands for none that is told. `default` has other names too.
pub const TIERS: [&str; 6] = ["", "default", "batch", "flex", "priority", "fast"];

/// `None` where there is no usage, or something to tell beside it, such as a region: that is [`price_response`]'s.
pub fn told(body: &str, provider: Option<&str>) -> Option<Quick> {
    let Extracted { usage, model, service_tier, region, reported_cost, warnings } = extract(body, provider)?;
    if reported_cost.is_some() || region.is_some() || !warnings.is_empty() || !usage.extra().is_empty() {
        return None;
    }
    let tier = match service_tier.as_deref() {
        None => 0,
        Some(tier) if tier.eq_ignore_ascii_case("auto") => 0,
        Some(tier) if is_default_tier(tier) => 1,
        Some(tier) => TIERS.iter().position(|known| tier.eq_ignore_ascii_case(known))?,
    };
    Some(Quick { model, tier, usage })
}

fn no_usage() -> Billed {
    let detail = "the body carries no usage that can be read";
    Billed::Computed(Answer::Unpriced(Unpriced::new(Reason::InvalidUsage, detail)))
}

/// The service tier and the region that served, else those asked for.
fn served<'a>(extracted: &'a Extracted, asked: &Asked<'a>) -> (Option<&'a str>, Option<&'a str>) {
    (extracted.service_tier.as_deref().or(asked.service_tier), extracted.region.as_deref().or(asked.region))
}

fn bill(book: &Book, extracted: &Extracted, asked: &Asked<'_>) -> Billed {
    let mut computed = computed(book, extracted, asked);
    let mut warnings = extracted.warnings.clone();
    if let Some(text) = &extracted.reported_cost {
        let reported = Usd::parse(text).ok().filter(|usd| Rate::new(usd.pico(), 1).is_some());
        let free = matches!(&computed, Answer::Priced(cost) if cost.usd == Usd::ZERO) || extracted.usage.is_empty();
        match reported {
            Some(usd) if usd > Usd::ZERO || free => {
                warnings.push(Warning::new(WarningCode::ReportedCost, "the cost is what the provider reported"));
                let named = |own: Option<&str>| own.unwrap_or_default().to_owned();
                let (model, provider) = match &computed {
                    Answer::Priced(cost) => (cost.model.clone(), cost.provider.clone()),
                    Answer::Unpriced(_) => (named(extracted.model.as_deref().or(asked.model)), named(asked.provider)),
                };
                return Billed::Reported(Reported { usd, model, provider, computed, warnings });
            }
            _ => warnings.push(Warning::new(
                WarningCode::ReportedCostIgnored,
                "the provider reported a cost that can't be one of what was used; the computed one counts",
            )),
        }
    }
    if let Answer::Priced(cost) = &mut computed {
        warnings.append(&mut cost.warnings);
        cost.warnings = warnings;
    }
    Billed::Computed(computed)
}

/// The price of what was used: of the model that answered (a dated snapshot may cost something else), else of the one asked
/// for, as in a guarded call.
fn computed(book: &Book, extracted: &Extracted, asked: &Asked<'_>) -> Answer {
    let mut unpriced: Option<Unpriced> = None;
    for model in [extracted.model.as_deref(), asked.model].into_iter().flatten() {
        let query = Query {
            service_tier: asked.service_tier,
            served_tier: extracted.service_tier.as_deref(),
            region: served(extracted, asked).1,
            ..Query::new(model, asked.provider, &extracted.usage, asked.at)
        };
        match price(book, &query) {
            Answer::Priced(cost) => return Answer::Priced(cost),
            // Of two reasons the one that found the model says more.
            Answer::Unpriced(reason) => {
                if unpriced.as_ref().is_none_or(|known| known.reason == Reason::UnknownModel) {
                    unpriced = Some(reason);
                }
            }
        }
    }
    Answer::Unpriced(unpriced.unwrap_or_else(|| {
        Unpriced::new(Reason::UnknownModel, "the body names no model, and none was given beside it")
    }))
}

impl ToJson for Billed {
    /// `Cost | Unpriced`.
    fn write(&self, to: &mut Writer) {
        match self {
            Billed::Computed(Answer::Unpriced(unpriced)) => unpriced.write(to),
            Billed::Computed(Answer::Priced(cost)) => {
                to.open('{');
                write_cost(cost, to);
                to.text_of("costSource", "computed");
                to.close('}');
            }
            Billed::Reported(reported) => reported.write(to),
        }
    }
}

impl ToJson for Reported {
    /// A `Cost` of one item, with the computed one beside it.
    fn write(&self, to: &mut Writer) {
        let priced = match &self.computed {
            Answer::Priced(cost) => Some(cost),
            Answer::Unpriced(_) => None,
        };
        let usd = self.usd.to_string();
        let per_million = Rate::new(self.usd.pico(), 1).unwrap_or(Rate::FREE).per_million();
        let own = RateSource { name: "provider".into(), url: "".into(), effective_from: None, retrieved_at: "".into() };
        to.open('{');
        to.bool_of("priced", true);
        to.text_of("usd", &usd);
        to.number_of("amount", self.usd.to_f64());
        to.key("items");
        to.open('[');
        to.open('{');
        to.text_of("unit", "reported");
        to.number_of("quantity", 1.0);
        to.text_of("ratePerMillion", &per_million);
        to.text_of("usd", &usd);
        to.close('}');
        to.close(']');
        to.text_of("model", &self.model);
        to.text_of("provider", &self.provider);
        to.text_of("matchType", priced.map_or("reported", |cost| cost.kind.as_str()));
        to.value_of("source", &own);
        to.list_of("warnings", &self.warnings);
        to.text_of("costSource", "provider");
        if let Some(cost) = priced {
            to.value_of("computed", cost);
        }
        to.close('}');
    }
}
