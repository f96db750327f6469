//! Why a price is what it is: how the name was found, which row and which of its variants hold, where they were published,
//! and how each item came about.

use crate::catalog::{Book, MatchKind, Rates, Row, condition};
use crate::json::{ToJson, Writer, quote};
use crate::money::Factor;
use crate::time::{DAY, Instant};
use crate::usage::{Unit, unit_of_name};

use super::cost::{Cost, Query, Unpriced, circumstances, price_subject};
use super::service::Service;
use super::sheet::{Circumstances, Found, Sheet, Subject};

/// The explanation of a query as JSON text: `Explanation`, or `Unpriced` where there is nothing to explain.
pub fn explain(book: &Book, query: &Query<'_>) -> String {
    let told = Subject::find(book, query.model, query.provider, query.at).and_then(|subject| tell(&subject, query));
    match told {
        Ok(text) => text,
        Err(unpriced) => unpriced.to_json(),
    }
}

fn tell(subject: &Subject<'_>, query: &Query<'_>) -> Result<String, Unpriced> {
    let cost = price_subject(subject, query)?;
    let (service, when) = circumstances(subject, query, &mut Vec::new())?;
    let sheet = subject.sheet(&when);
    let mut to = Writer::new();
    to.open('{');
    to.bool_of("priced", true);
    to.text_of("asked", query.model);
    to.text_of("model", &cost.model);
    to.text_of("provider", &cost.provider);
    to.text_of("matchType", cost.kind.as_str());
    to.text_of("at", &query.at.to_string());
    to.optional_text_of("serviceTier", when.service);
    to.optional_text_of("region", when.region);
    to.number_of("inputTokens", when.input_tokens as f64);
    to.value_of("source", &cost.source);
    if let Some((model, row)) = subject.built_in {
        to.optional_text_of("from", row.source.effective_from.as_deref());
        let next = model.rows.iter().filter_map(|other| other.from).find(|from| Some(*from) > row.from);
        to.optional_text_of("until", next.map(|next| next.to_string()).as_deref().and_then(|text| text.get(..10)));
        to.key("rows");
        to.open('[');
        for other in &model.rows {
            to.open('{');
            to.optional_text_of("from", other.source.effective_from.as_deref());
            to.value_of("source", &other.source);
            to.bool_of("inForce", std::ptr::eq(other, row));
            to.close('}');
        }
        to.close(']');
        write_rates(&row.rates, &mut to);
        write_variants(row, &when, &mut to);
    }
    write_items(&cost, &sheet, &mut to);
    to.value_of("usd", &cost.usd);
    if let Some((low, high)) = cost.range {
        to.value_of("low", &low);
        to.value_of("high", &high);
    }
    to.key("assumptions");
    to.open('[');
    assumptions(subject, query, service, &when, &sheet, &cost).iter().for_each(|line| to.text(line));
    to.close(']');
    to.list_of("warnings", &cost.warnings);
    to.close('}');
    Ok(to.end())
}

fn write_rates(rates: &Rates, to: &mut Writer) {
    to.key("rates");
    to.open('{');
    rates.iter().for_each(|(unit, rate)| to.text_of(unit.key(), &rate.per_million()));
    rates.iter_named().for_each(|(name, rate)| to.text_of(name, &rate.per_million()));
    to.close('}');
}

fn write_variants(row: &Row, when: &Circumstances<'_>, to: &mut Writer) {
    to.key("variants");
    to.open('[');
    for variant in row.variants() {
        to.open('{');
        let path = condition(&variant.when);
        to.text_of("when", path.strip_suffix('.').unwrap_or(&path));
        to.bool_of("holds", when.hold(&variant.when));
        if variant.factor != Factor::ONE {
            to.text_of("multiplier", &variant.factor.to_string());
        }
        write_rates(&variant.rates, to);
        to.close('}');
    }
    to.close(']');
}

fn write_items(cost: &Cost, sheet: &Sheet<'_>, to: &mut Writer) {
    to.key("items");
    to.open('[');
    for item in &cost.items {
        let found = found(sheet, &item.name);
        to.open('{');
        to.text_of("unit", &item.name);
        to.number_of("quantity", item.amount());
        to.text_of("ratePerMillion", &item.rate.per_million_at(item.factor));
        to.value_of("usd", &item.usd);
        let Some(found) = found else {
            to.close('}');
            continue;
        };
        // The unit whose rate it is: another one where it has none of its own.
        to.text_of("rateOf", found.unit.map_or(&*item.name, |unit| rate_of(unit, &item.name)));
        to.text_of("rate", &item.rate.per_million());
        to.text_of("variant", &place(sheet, found.place));
        let mut product =
            format!("{} x {} / 1000000", crate::json::number::print(item.amount()), item.rate.per_million());
        to.key("multipliers");
        to.open('[');
        for at in (0..64).filter(|at| found.multiplied >> at & 1 == 1) {
            if let Some((_, factor)) = sheet.place(at) {
                to.open('{');
                to.text_of("variant", &place(sheet, at));
                to.text_of("multiplier", &factor.to_string());
                to.close('}');
                product += &format!(" x {factor}");
            }
        }
        to.close(']');
        to.text_of("product", &format!("{product} = {}", item.usd));
        to.close('}');
    }
    to.close(']');
}

/// The unit that a rate is named for: a name that says more closely what the unit is keeps it.
fn rate_of(unit: Unit, name: &str) -> &str {
    if unit_of_name(name) == Some(unit) { name } else { unit.key() }
}

fn found(sheet: &Sheet<'_>, name: &str) -> Option<Found> {
    match Unit::parse(name) {
        Some(unit) => sheet.rate(unit),
        None => sheet.named(name),
    }
}

/// The condition of a place; nothing for the row's own rates.
fn place(sheet: &Sheet<'_>, at: usize) -> String {
    let path = sheet.place(at).and_then(|(when, _)| when).map(condition).unwrap_or_default();
    path.strip_suffix('.').unwrap_or(&path).to_owned()
}

/// What the price takes for granted: what the query left open, and what the catalogue does not say.
fn assumptions(
    subject: &Subject<'_>,
    query: &Query<'_>,
    service: Service<'_>,
    when: &Circumstances<'_>,
    sheet: &Sheet<'_>,
    cost: &Cost,
) -> Vec<String> {
    let mut all = Vec::new();
    let mut say = |line: String| all.push(line);
    let (model, asked) = (quote(subject.model), quote(query.model));
    match subject.kind {
        MatchKind::Exact => {}
        MatchKind::Prefix => say(format!("{asked} names the model {model} of {}", subject.provider)),
        MatchKind::Alias => say(format!("{asked} is another name of {model}")),
        MatchKind::Dated => {
            say(format!("{asked} is a snapshot without a price of its own, and costs what {model} does"))
        }
    }
    if query.provider.is_none() && matches!(subject.kind, MatchKind::Exact | MatchKind::Alias) {
        say(format!("no provider is named, so the model is that of {}", subject.provider));
    }
    if service == Service::Default && query.service_tier.is_none() && query.served_tier.is_none() {
        say("no service tier is named, so the default tier served".to_owned());
    }
    if query.region.is_none() {
        say(match &subject.region {
            Some(region) => format!("the name says the region {}", quote(region)),
            None => "no region is named, so the global one served".to_owned(),
        });
    }
    if when.service.is_none()
        && when.region.is_none()
        && subject.variants().any(|variant| variant.when.schedule.is_some())
    {
        say(format!("the hours are those of {}", query.at));
    }
    for item in &cost.items {
        if let Some(stand) = found(sheet, &item.name).and_then(|found| found.unit)
            && rate_of(stand, &item.name) != item.name
        {
            say(format!("{} has no rate of its own, and counts as {}", item.name, stand.key()));
        }
    }
    match Instant::parse(&cost.source.retrieved_at).ok() {
        None => say("nobody says when the source was read".to_owned()),
        Some(read) if query.at < read => {
            if cost.source.effective_from.is_none() {
                say(format!(
                    "the price of {} is taken for {}, since no first day is known",
                    cost.source.retrieved_at, query.at
                ));
            }
        }
        Some(read) => {
            let days = (query.at.ms() - read.ms()).div_euclid(DAY);
            say(format!("the price has not changed in the {days} days since the source was read"));
        }
    }
    all
}
