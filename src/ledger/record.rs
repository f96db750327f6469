//! The cost record, version 1. Field by field: `docs/design/storage.md`.

use std::borrow::Cow;

use super::scope::Scope;
use crate::{
    error::{Code, Error, Result},
    json::{Json, Raw, Writer, number},
    money::Usd,
    object::{Object, wrong},
    time::Instant,
    usage::Usage,
};

/// The record's schema that this release writes, and the newest it reads.
pub const SCHEMA: f64 = 1.0;

/// Where a record's cost came from.
pub mod cost_source {
    /// The provider said so.
    pub const PROVIDER: &str = "provider";
    /// Usage times price.
    pub const COMPUTED: &str = "computed";
    /// A bound or a count stood in for usage that never came.
    pub const ESTIMATED: &str = "estimated";
}

/// A cost in parts, which sum to it. A part that is `None` was not there at all.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Breakdown {
    /// Input, cache read and cache write.
    pub input: Usd,
    /// Output, reasoning included.
    pub output: Usd,
    /// Whole images.
    pub image: Option<Usd>,
    /// Seconds of audio.
    pub audio: Option<Usd>,
    /// Fees, citations, requests, and what nobody broke down.
    pub other: Option<Usd>,
}

impl Breakdown {
    /// Makes the parts sum to a total: what is missing is `other`, what is too much goes from the last part backwards.
    fn sum_to(&mut self, total: Usd) {
        let sum = [Some(self.input), Some(self.output), self.image, self.audio, self.other].into_iter().flatten().sum();
        if total > sum {
            self.other = Some(self.other.unwrap_or_default().saturating_add(total.saturating_sub(sum)));
        }
        let mut excess = sum.saturating_sub(total);
        let parts = [
            self.other.as_mut(),
            self.audio.as_mut(),
            self.image.as_mut(),
            Some(&mut self.output),
            Some(&mut self.input),
        ];
        for part in parts.into_iter().flatten() {
            let rest = part.saturating_sub(excess);
            excess = excess.saturating_sub(*part);
            *part = rest;
        }
    }
}

/// Entries that this release does not know, byte for byte.
pub type Unknown = Vec<(String, Json)>;

/// What one call did cost.
///
/// Money is exact; the numbers of the public form are derived when it is written. What this release does not know is
/// kept byte for byte.
#[derive(Clone, Debug, Default)]
pub struct Record {
    /// The identity of the record. Not empty.
    pub id: String,
    /// The request; several records (attempts, fallbacks) may share it.
    pub request_id: String,
    /// Who made the call.
    pub agent_id: String,
    /// As asked for. Not empty.
    pub model: String,
    /// Who answered.
    pub provider: String,
    /// When.
    pub timestamp: Instant,
    /// The cost: authoritative.
    pub usd: Usd,
    /// Whether a price was known.
    pub priced: bool,
    /// One of [`cost_source`], or what a later release writes.
    pub cost_source: String,
    /// What was consumed.
    pub usage: Usage,
    /// The caller's own total, where it is not the sum of the parts.
    pub total_tokens: Option<u64>,
    /// The cost in parts.
    pub breakdown: Breakdown,
    /// Absent is 0; a correction is the same id with one more.
    pub revision: Option<u32>,
    /// The reservation it settles.
    pub reservation_id: Option<String>,
    /// The attempt at the provider, from 1.
    pub attempt: Option<u32>,
    /// Whose money it is, beside the agent's.
    pub scopes: Option<Vec<Scope>>,
    /// Why the cost is an estimate.
    pub estimated: Option<String>,
    /// How the call ended.
    pub outcome: Option<String>,
    /// By how much the bill passed its reservation.
    pub over_reservation: Option<Usd>,
    /// What a correction replaced.
    pub corrected_from: Option<Usd>,
    /// Milliseconds for the whole call.
    pub latency_ms: Option<f64>,
    /// Milliseconds to the first token.
    pub time_to_first_token_ms: Option<f64>,
    /// The service tier that was billed.
    pub service_tier: Option<String>,
    /// Whether the answer was streamed.
    pub streamed: Option<bool>,
    /// The cost's items, as JSON.
    pub items: Option<Json>,
    /// Warnings, as JSON.
    pub warnings: Option<Json>,
    /// The caller's own, as JSON.
    pub metadata: Option<Json>,
    /// Top-level fields that this release does not know.
    pub unknown: Unknown,
    pub(super) unknown_tokens: Unknown,
    pub(super) unknown_parts: Unknown,
    pub(super) unknown_part_usd: Unknown,
    /// `scopes` as it was read, where it said more of them than type and id.
    pub(super) fuller_scopes: Option<(Vec<Scope>, Json)>,
}

const WHAT: &str = "record";

impl Record {
    /// A priced record of no cost, computed at an instant; the rest is to be filled in.
    pub fn new(id: &str, model: &str, timestamp: Instant) -> Self {
        Self {
            id: id.to_owned(),
            request_id: id.to_owned(),
            agent_id: "default".to_owned(),
            model: model.to_owned(),
            provider: "custom".to_owned(),
            timestamp,
            priced: true,
            cost_source: cost_source::COMPUTED.to_owned(),
            ..Self::default()
        }
    }

    /// Reads a record in its public or stored form. A value of the wrong kind is [`Code::InvalidInput`],
    /// [`Code::InvalidUsage`], [`Code::InvalidAmount`] or [`Code::InvalidTime`]; a schema above ours is
    /// [`Code::StorageVersionNewer`].
    pub fn parse(json: &str) -> Result<Self> {
        let mut object = Object::parse(json, WHAT)?;
        if let Some(raw) = object.take("schema") {
            match schema_number(raw) {
                Some(schema) if schema > SCHEMA => return Err(newer(schema)),
                Some(SCHEMA) => {}
                _ => return Err(wrong(WHAT, "schema", "1", raw)),
            }
        }
        let id = object.take_name("id", WHAT)?;
        let model = object.take_name("model", WHAT)?;
        let timestamp = instant(&mut object)?;
        let mut record = Self::new(&id, &model, timestamp);
        for (slot, key) in [
            (&mut record.request_id, "requestId"),
            (&mut record.agent_id, "agentId"),
            (&mut record.provider, "provider"),
            (&mut record.cost_source, "costSource"),
        ] {
            if let Some(text) = object.take_text(key, WHAT)? {
                *slot = text;
            }
        }
        let number = object.take("actualCost");
        record.usd = match (object.take("usd"), number) {
            (Some(usd), _) => amount(usd)?,
            (None, Some(number)) => amount(number)?,
            // What JSON makes of NaN is null, so this is where a cost that is no number ends up.
            (None, None) => {
                return Err(Error::new(
                    Code::InvalidAmount,
                    "cannot read record: expected usd or actualCost to be an amount of at least 0, found neither",
                ));
            }
        };
        record.priced = object.take_bool("priced", WHAT)?.unwrap_or(true);
        if let Some(tokens) = object.take("actualTokens") {
            record.read_tokens(tokens)?;
        }
        if let Some(parts) = object.take("breakdown") {
            record.read_breakdown(parts)?;
        }
        record.breakdown = record.parts();
        record.revision = object.take_whole("revision", WHAT)?;
        record.reservation_id = object.take_text("reservationId", WHAT)?;
        record.attempt = object.take_whole("attempt", WHAT)?;
        if let Some(raw) = object.take("scopes") {
            let (scopes, fuller) =
                Scope::read_list(raw).ok_or_else(|| wrong(WHAT, "scopes", "an array of { type, id }", raw))?;
            record.fuller_scopes = fuller.then(|| (scopes.clone(), raw.into()));
            record.scopes = Some(scopes);
        }
        record.estimated = object.take_text("estimated", WHAT)?;
        record.outcome = object.take_text("outcome", WHAT)?;
        record.over_reservation = object.take("overReservationUsd").map(amount).transpose()?;
        record.corrected_from = object.take("correctedFromUsd").map(amount).transpose()?;
        record.latency_ms = object.take_number("latencyMs", WHAT)?;
        record.time_to_first_token_ms = object.take_number("timeToFirstTokenMs", WHAT)?;
        record.service_tier = object.take_text("serviceTier", WHAT)?;
        record.streamed = object.take_bool("streamed", WHAT)?;
        record.items = object.take("items").map(Json::from);
        record.warnings = object.take("warnings").map(Json::from);
        record.metadata = object.take("metadata").map(Json::from);
        record.unknown = object.rest();
        Ok(record)
    }

    /// The revision; absent is 0.
    pub fn revision(&self) -> u32 {
        self.revision.unwrap_or(0)
    }

    /// The reservation that may have paid for it: the one it names, else the one of its request, which is how a caller who
    /// reserves by hand calls it. A ledger that knows none of that id counts the record by its own.
    pub fn reservation(&self) -> &str {
        self.reservation_id.as_deref().unwrap_or(&self.request_id)
    }

    /// All tokens: the caller's own total, else the sum of the parts.
    pub fn total_tokens(&self) -> u64 {
        self.total_tokens.unwrap_or_else(|| self.usage.total_tokens())
    }

    /// Every scope that a budget may bind it by: its own, its agent's and its model's.
    pub fn all_scopes(&self) -> Vec<Scope> {
        let mut scopes = vec![Scope::new("agent", &self.agent_id), Scope::new("model", &self.model)];
        for scope in self.scopes.iter().flatten() {
            if !scopes.contains(scope) {
                scopes.push(scope.clone());
            }
        }
        scopes
    }

    /// The public form: JSON with the derived numbers.
    pub fn to_json(&self) -> String {
        self.write(true)
    }

    /// The stored form: one line of JSON without anything derived.
    pub fn to_stored(&self) -> String {
        self.write(false)
    }

    fn read_tokens(&mut self, raw: Raw<'_>) -> Result<()> {
        let object = Object::of(raw).ok_or_else(|| wrong(WHAT, "actualTokens", "an object of counts", raw))?;
        let mut known = Vec::new();
        for (key, value) in object.entries() {
            if key == "extra" {
                let counts =
                    Object::of(value).ok_or_else(|| wrong(WHAT, "actualTokens.extra", "an object of counts", value))?;
                known.extend(counts.entries().map(|(name, value)| (Cow::from(format!("extra.{name}")), number(value))));
            } else if is_token_key(key) {
                known.push((Cow::from(key), number(value)));
            } else {
                self.unknown_tokens.push((key.to_owned(), value.into()));
            }
        }
        let (usage, total) = Usage::from_token_pairs(known.iter().map(|(key, number)| (&**key, *number)))?;
        self.total_tokens = total.filter(|total| *total != usage.total_tokens());
        self.usage = usage;
        Ok(())
    }

    fn read_breakdown(&mut self, raw: Raw<'_>) -> Result<()> {
        let bad = || wrong(WHAT, "breakdown", "an object of amounts", raw);
        let mut numbers = Object::of(raw).ok_or_else(bad)?;
        let exact = numbers.take("usd").unwrap_or(Raw::EMPTY);
        let mut exact = Object::of(exact).ok_or_else(bad)?;
        let mut part = |key: &str, number_key: &str| -> Result<Option<Usd>> {
            let number = numbers.take(number_key);
            exact.take(key).or(number).map(amount).transpose()
        };
        self.breakdown = Breakdown {
            input: part("input", "inputCost")?.unwrap_or_default(),
            output: part("output", "outputCost")?.unwrap_or_default(),
            image: part("image", "imageCost")?,
            audio: part("audio", "audioCost")?,
            other: part("other", "otherCost")?,
        };
        self.unknown_parts = numbers.rest();
        self.unknown_part_usd = exact.rest();
        Ok(())
    }

    /// The parts, which sum to the cost together with those that this release does not know.
    fn parts(&self) -> Breakdown {
        let unknown = self.unknown_part_usd.iter().filter_map(|(_, raw)| amount(raw.raw()).ok()).sum::<Usd>();
        let mut parts = self.breakdown;
        parts.sum_to(self.usd.saturating_sub(unknown));
        parts
    }

    fn write(&self, derived: bool) -> String {
        let mut out = Writer::new();
        out.open('{');
        out.number_of("schema", SCHEMA);
        for (key, text) in [
            ("id", &self.id),
            ("requestId", &self.request_id),
            ("agentId", &self.agent_id),
            ("model", &self.model),
            ("provider", &self.provider),
            ("timestamp", &self.timestamp.to_string()),
        ] {
            out.text_of(key, text);
        }
        if derived {
            out.number_of("actualCost", self.usd.to_f64());
        }
        out.value_of("usd", &self.usd);
        out.bool_of("priced", self.priced);
        out.text_of("costSource", &self.cost_source);
        out.key("actualTokens");
        self.write_tokens(derived, &mut out);
        out.key("breakdown");
        self.write_breakdown(derived, &mut out);
        let optional_number = |out: &mut Writer, key, number: Option<f64>| {
            if let Some(number) = number {
                out.number_of(key, number);
            }
        };
        optional_number(&mut out, "revision", self.revision.map(f64::from));
        out.optional_text_of("reservationId", self.reservation_id.as_deref());
        optional_number(&mut out, "attempt", self.attempt.map(f64::from));
        if let Some(scopes) = &self.scopes {
            match &self.fuller_scopes {
                Some((read, raw)) if read == scopes => out.value_of("scopes", raw),
                _ => out.value_of("scopes", scopes),
            }
        }
        out.optional_text_of("estimated", self.estimated.as_deref());
        out.optional_text_of("outcome", self.outcome.as_deref());
        for (key, amount) in [("overReservationUsd", self.over_reservation), ("correctedFromUsd", self.corrected_from)]
        {
            if let Some(amount) = amount {
                out.value_of(key, &amount);
            }
        }
        optional_number(&mut out, "latencyMs", self.latency_ms);
        optional_number(&mut out, "timeToFirstTokenMs", self.time_to_first_token_ms);
        out.optional_text_of("serviceTier", self.service_tier.as_deref());
        if let Some(streamed) = self.streamed {
            out.bool_of("streamed", streamed);
        }
        for (key, json) in [("items", &self.items), ("warnings", &self.warnings), ("metadata", &self.metadata)] {
            if let Some(json) = json {
                out.value_of(key, json);
            }
        }
        write_all(&self.unknown, &mut out);
        out.close('}');
        one_line(out.end())
    }

    fn write_tokens(&self, derived: bool, out: &mut Writer) {
        out.open('{');
        for (key, number) in self.usage.to_token_pairs() {
            if key != "totalTokens" {
                out.number_of(key, number);
            } else if derived || self.total_tokens.is_some() {
                out.number_of(key, self.total_tokens() as f64);
            }
        }
        if !self.usage.extra().is_empty() {
            out.key("extra");
            out.open('{');
            for (name, count) in self.usage.extra() {
                out.number_of(name, *count as f64 / f64::from(crate::usage::scale_of_name(name)));
            }
            out.close('}');
        }
        write_all(&self.unknown_tokens, out);
        out.close('}');
    }

    fn write_breakdown(&self, derived: bool, out: &mut Writer) {
        let Breakdown { input, output, image, audio, other } = self.parts();
        let parts = [
            ("input", "inputCost", Some(input)),
            ("output", "outputCost", Some(output)),
            ("image", "imageCost", image),
            ("audio", "audioCost", audio),
            ("other", "otherCost", other),
        ];
        out.open('{');
        for (_, key, amount) in parts.into_iter().filter(|_| derived) {
            if let Some(amount) = amount {
                out.number_of(key, amount.to_f64());
            }
        }
        out.key("usd");
        out.open('{');
        for (key, _, amount) in parts {
            if let Some(amount) = amount {
                out.value_of(key, &amount);
            }
        }
        write_all(&self.unknown_part_usd, out);
        out.close('}');
        write_all(&self.unknown_parts, out);
        out.close('}');
    }
}

/// Entries that are kept as they came.
fn write_all(entries: &[(String, Json)], out: &mut Writer) {
    entries.iter().for_each(|(key, json)| out.raw_of(key, json.get()));
}

impl PartialEq for Record {
    /// Two records are equal when they are written in the same way.
    fn eq(&self, other: &Self) -> bool {
        self.to_stored() == other.to_stored()
    }
}

/// JSON kept byte for byte may hold line breaks between its tokens (never inside a string), and a record is one line.
fn one_line(json: String) -> String {
    if json.contains(['\n', '\r']) { json.replace(['\n', '\r'], " ") } else { json }
}

fn is_token_key(key: &str) -> bool {
    matches!(key, "totalTokens" | "reasoningTokens")
        || crate::usage::Unit::ALL.into_iter().any(|unit| unit.token_key() == key)
}

/// A count; what is no number becomes NaN, and so is refused, as is null, which is what JSON makes of NaN.
fn number(raw: Raw<'_>) -> f64 {
    raw.number().unwrap_or(f64::NAN)
}

/// A schema: any JSON number that is not negative. One beyond every double is the largest.
pub(super) fn schema_number(raw: Raw<'_>) -> Option<f64> {
    (raw.kind() == "a number").then(|| raw.number().unwrap_or(f64::MAX))
}

/// A text or number as an amount.
fn amount(raw: Raw<'_>) -> Result<Usd> {
    match (raw.text(), raw.kind()) {
        (Some(text), _) => Usd::parse(&text),
        // A JSON number is its own shortest decimal.
        (None, "a number" | "a negative number") => Usd::parse(raw.get()),
        (None, kind) => {
            Err(Error::new(Code::InvalidAmount, format!("cannot read record: expected an amount of USD, found {kind}")))
        }
    }
}

fn instant(object: &mut Object<'_>) -> Result<Instant> {
    let raw = object.take("timestamp").ok_or_else(|| {
        Error::new(Code::InvalidTime, "cannot read record: expected timestamp to be an instant, found nothing")
    })?;
    let at = match (raw.number(), raw.text()) {
        (Some(ms), _) => Instant::from_number(ms)?,
        (_, Some(text)) => Instant::parse(&text)?,
        _ => {
            return Err(Error::new(
                Code::InvalidTime,
                format!("cannot read record: expected timestamp to be an instant, found {}", raw.kind()),
            ));
        }
    };
    if (MIN_MS..MAX_MS).contains(&at.ms()) {
        Ok(at)
    } else {
        Err(Error::new(
            Code::InvalidTime,
            "cannot read record: expected timestamp to be of the years 0000 to 9999, found another year",
        ))
    }
}

/// 0000-01-01 and 10000-01-01: a day in a key has eight digits.
const MIN_MS: i64 = -62_167_219_200_000;
const MAX_MS: i64 = 253_402_300_800_000;

/// The error for what a later release wrote.
pub(super) fn newer(schema: f64) -> Error {
    Error::new(
        Code::StorageVersionNewer,
        format!(
            "cannot read this storage: expected schema {} or below, found {}",
            number::print(SCHEMA),
            number::print(schema)
        ),
    )
    .with("schema", schema)
    .with("supported", SCHEMA)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const LEAST: &str = r#"{"id":"r","model":"m","timestamp":"2026-01-02","actualCost":0.1}"#;

    #[test]
    fn fills_in_what_is_absent() {
        let record = Record::parse(LEAST).unwrap();
        assert_eq!(
            record.to_json(),
            r#"{"schema":1,"id":"r","requestId":"r","agentId":"default","model":"m","provider":"custom","timestamp":"2026-01-02T00:00:00.000Z","actualCost":0.1,"usd":"0.1","priced":true,"costSource":"computed","actualTokens":{"inputTokens":0,"outputTokens":0,"totalTokens":0},"breakdown":{"inputCost":0,"outputCost":0,"otherCost":0.1,"usd":{"input":"0","output":"0","other":"0.1"}}}"#
        );
        assert_eq!(
            record.to_stored(),
            r#"{"schema":1,"id":"r","requestId":"r","agentId":"default","model":"m","provider":"custom","timestamp":"2026-01-02T00:00:00.000Z","usd":"0.1","priced":true,"costSource":"computed","actualTokens":{"inputTokens":0,"outputTokens":0},"breakdown":{"usd":{"input":"0","output":"0","other":"0.1"}}}"#
        );
    }

    #[test]
    fn usd_counts_and_numbers_are_derived() {
        let record = Record::parse(
            r#"{"id":"r","model":"m","timestamp":0,"usd":"0.30","actualCost":999,"actualTokens":{"inputTokens":2,"totalTokens":7},"breakdown":{"inputCost":5,"outputCost":0.1,"usd":{"input":"0.2"}},"latencyMs":12.5}"#,
        )
        .unwrap();
        assert_eq!(record.usd.to_string(), "0.3");
        assert_eq!(
            (record.breakdown.input.to_string(), record.breakdown.output.to_string()),
            ("0.2".into(), "0.1".into())
        );
        assert_eq!(record.total_tokens(), 7);
        assert!(record.to_stored().contains(r#""totalTokens":7"#));
        assert!(record.to_json().contains(r#""actualCost":0.3,"#));
        assert!(record.to_json().contains(r#""latencyMs":12.5"#));
    }

    #[test]
    fn what_is_unknown_keeps_its_bytes() {
        let json = r#"{"id":"r","model":"m","timestamp":"2026-01-02","usd":"1","actualTokens":{"inputTokens":1,"videoTokens":5.0},"breakdown":{"usd":{"input":"0.5","video":"0.50"},"videoCost":0.50},"metadata":{ "n": 1.0, "__proto__": {"x": 1e2}, "u": "\u0041" },"zeta":1.10,"__proto__":{"a":[]},"later":null}"#;
        let stored = Record::parse(json).unwrap().to_stored();
        for part in [
            r#""videoTokens":5.0"#,
            r#""video":"0.50""#,
            r#""videoCost":0.50"#,
            r#""metadata":{ "n": 1.0, "__proto__": {"x": 1e2}, "u": "\u0041" }"#,
            r#""zeta":1.10,"__proto__":{"a":[]},"later":null}"#,
        ] {
            assert!(stored.contains(part), "{part} in {stored}");
        }
        assert_eq!(Record::parse(&stored).unwrap().to_stored(), stored);
        assert_eq!(Record::parse(&Record::parse(json).unwrap().to_json()).unwrap().to_stored(), stored);
    }

    #[test]
    fn a_record_is_one_line() {
        let record = Record::parse(
            "{\"id\":\"a\\nb\",\"model\":\"m\",\n\"timestamp\":0,\"usd\":\"1\",\"metadata\":{\n\"a\":\r\n1}}",
        );
        let stored = record.unwrap().to_stored();
        assert!(!stored.contains(['\n', '\r']), "{stored}");
        assert_eq!(Record::parse(&stored).unwrap().id, "a\nb");
    }

    fn with(fields: &str) -> Record {
        Record::parse(&format!(r#"{{"id":"r","model":"m","timestamp":0,"usd":"1",{fields}}}"#)).unwrap()
    }

    #[test]
    fn what_is_no_text_loses_no_record() {
        let record = with(
            r#""agentId":"a\ud83d","scopes":[{"type":"tag","id":"\ude00"}],"metadata":{"t":"\ud83d"},"estimated":"x\ud83d\ude00""#,
        );
        assert_eq!((record.agent_id.as_str(), record.estimated.as_deref()), ("a\u{fffd}", Some("x😀")));
        assert_eq!(record.scopes, Some(vec![Scope::new("tag", "\u{fffd}")]));
        assert!(record.to_stored().ends_with(r#""metadata":{"t":"\ud83d"}}"#));
        let record = with(r#""x\ud83d":1,"actualTokens":{"y\ud83d":2,"extra":{"z\ud83d":3}}"#);
        assert_eq!(record.usage.extra().get("z\u{fffd}"), Some(&3));
        assert!(record.to_stored().ends_with("\"x\u{fffd}\":1}"), "{}", record.to_stored());
        assert_eq!(Record::parse(&record.to_stored()).unwrap(), record);
    }

    #[test]
    fn an_empty_text_is_absence() {
        let record = with(
            r#""requestId":"","agentId":"","provider":"","costSource":"","reservationId":"","estimated":"","outcome":"","serviceTier":"""#,
        );
        assert_eq!(record.to_stored(), with(r#""streamed":null"#).to_stored());
    }

    #[test]
    fn parts_sum_to_the_cost() {
        for (breakdown, shown) in [
            (r#"{"usd":{"input":"0.25"}}"#, r#"{"input":"0.25","output":"0","other":"0.75"}"#),
            (r#"{"usd":{"input":"0.5","other":"0.1"}}"#, r#"{"input":"0.5","output":"0","other":"0.5"}"#),
            (r#"{"inputCost":0.5,"outputCost":0.500000000001}"#, r#"{"input":"0.5","output":"0.5"}"#),
            (r#"{"usd":{"input":"7","output":"1","audio":"2"}}"#, r#"{"input":"1","output":"0","audio":"0"}"#),
            (
                r#"{"usd":{"input":"0.4","video":"0.50"}}"#,
                r#"{"input":"0.4","output":"0","other":"0.1","video":"0.50"}"#,
            ),
            ("null", r#"{"input":"0","output":"0","other":"1"}"#),
        ] {
            let stored = with(&format!(r#""breakdown":{breakdown}"#)).to_stored();
            assert!(stored.ends_with(&format!(r#""breakdown":{{"usd":{shown}}}}}"#)), "{breakdown}: {stored}");
        }
    }

    #[test]
    fn counts_of_the_callers_own_and_fuller_scopes_are_kept() {
        let fields = r#""actualTokens":{"inputTokens":1,"outputTokens":0,"extra":{"clips":5,"__proto__":2}},"breakdown":{"usd":{"input":"1","output":"0"}},"scopes":[{"type":"tag","id":"x", "name":1.0}]"#;
        let mut record = with(fields);
        assert!(
            record.to_stored().ends_with(&format!(
                "{}}}",
                fields.replace(r#""clips":5,"__proto__":2"#, r#""__proto__":2,"clips":5"#)
            ))
        );
        assert_eq!(Record::parse(&record.to_json()).unwrap(), record);
        record.scopes = Some(vec![Scope::new("tag", "y")]);
        assert!(record.to_stored().ends_with(r#""scopes":[{"type":"tag","id":"y"}]}"#));
    }

    #[test]
    fn sums_beyond_the_largest_count_read_back() {
        let mut record = with(r#""streamed":true"#);
        record.usage = Usage::tokens(1 << 53, 1 << 53);
        assert_eq!(record.total_tokens(), 1 << 53);
        assert_eq!(Record::parse(&record.to_json()).unwrap().to_json(), record.to_json());
    }

    #[test]
    fn of_two_equal_keys_the_last_counts() {
        let record = Record::parse(r#"{"id":"a","id":"b","model":"m","timestamp":0,"usd":"1","x":1,"x":2}"#).unwrap();
        assert_eq!(record.id, "b");
        assert!(record.to_stored().ends_with(r#""x":2}"#));
    }

    #[test]
    fn refuses_what_is_no_record() {
        for (change, code, message) in [
            ("[]", Code::InvalidInput, "cannot read record: expected a JSON object, found an array"),
            ("", Code::InvalidInput, "cannot read record: expected a JSON object, found nothing"),
            (
                r#"{"id":""}"#,
                Code::InvalidInput,
                "cannot read record: expected id to be a string that is not empty, found an empty one",
            ),
            (
                r#"{"id":null}"#,
                Code::InvalidInput,
                "cannot read record: expected id to be a string that is not empty, found nothing",
            ),
            (r#"{"id":7}"#, Code::InvalidInput, "cannot read record: expected id to be a string, found a number"),
            (
                r#"{"model":null}"#,
                Code::InvalidInput,
                "cannot read record: expected model to be a string that is not empty, found nothing",
            ),
            (
                r#"{"timestamp":null}"#,
                Code::InvalidTime,
                "cannot read record: expected timestamp to be an instant, found nothing",
            ),
            (
                r#"{"timestamp":"2026-01-02T10:00:00"}"#,
                Code::InvalidTime,
                "cannot read instant: expected a Date, milliseconds, RFC 3339 with an offset or YYYY-MM-DD, found \"2026-01-02T10:00:00\"",
            ),
            (
                r#"{"timestamp":8640000000000000}"#,
                Code::InvalidTime,
                "cannot read record: expected timestamp to be of the years 0000 to 9999, found another year",
            ),
            (
                r#"{"actualCost":null}"#,
                Code::InvalidAmount,
                "cannot read record: expected usd or actualCost to be an amount of at least 0, found neither",
            ),
            (
                r#"{"actualCost":-1}"#,
                Code::InvalidAmount,
                "cannot read amount: expected a non-negative decimal number of USD, found \"-1\"",
            ),
            (
                r#"{"usd":"NaN"}"#,
                Code::InvalidAmount,
                "cannot read amount: expected a non-negative decimal number of USD, found \"NaN\"",
            ),
            (r#"{"usd":{}}"#, Code::InvalidAmount, "cannot read record: expected an amount of USD, found an object"),
            (
                r#"{"actualTokens":{"inputTokens":null}}"#,
                Code::InvalidUsage,
                "cannot read usage: expected inputTokens to be a whole number from 0 to 2^53, found NaN",
            ),
            (
                r#"{"actualTokens":{"outputTokens":-3}}"#,
                Code::InvalidUsage,
                "cannot read usage: expected outputTokens to be a whole number from 0 to 2^53, found -3",
            ),
            (
                r#"{"actualTokens":3}"#,
                Code::InvalidInput,
                "cannot read record: expected actualTokens to be an object of counts, found a number",
            ),
            (
                r#"{"revision":1.5}"#,
                Code::InvalidInput,
                "cannot read record: expected revision to be a whole number, found a number",
            ),
            (
                r#"{"scopes":["a"]}"#,
                Code::InvalidInput,
                "cannot read record: expected scopes to be an array of { type, id }, found an array",
            ),
            (
                r#"{"latencyMs":-1}"#,
                Code::InvalidInput,
                "cannot read record: expected latencyMs to be a number of at least 0, found a negative number",
            ),
            (
                r#"{"schema":2}"#,
                Code::StorageVersionNewer,
                "cannot read this storage: expected schema 1 or below, found 2",
            ),
            (
                r#"{"schema":4294967296.5}"#,
                Code::StorageVersionNewer,
                "cannot read this storage: expected schema 1 or below, found 4294967296.5",
            ),
            (r#"{"schema":0}"#, Code::InvalidInput, "cannot read record: expected schema to be 1, found a number"),
            (
                r#"{"actualTokens":{"extra":{"clips":1.5}}}"#,
                Code::InvalidUsage,
                "cannot read usage: expected extra.clips to be a whole number from 0 to 2^53, found 1.5",
            ),
        ] {
            let json = match serde_json::from_str::<serde_json::Map<String, serde_json::Value>>(change) {
                Ok(change) => {
                    let mut least: serde_json::Map<String, serde_json::Value> = serde_json::from_str(LEAST).unwrap();
                    least.extend(change);
                    serde_json::to_string(&least).unwrap()
                }
                Err(_) => change.to_owned(),
            };
            let error = Record::parse(&json).unwrap_err();
            assert_eq!((error.code(), error.message()), (code, message), "{change}");
        }
    }

    proptest! {
        #[test]
        fn both_forms_read_back(
            id in "\\PC{1,12}", model in "\\PC{1,12}", agent in "\\PC{1,12}", ms in MIN_MS..MAX_MS,
            pico in 0_i128..1_i128 << 80, tokens in prop::collection::vec(0_u64..1 << 50, 3), revision in prop::option::of(0_u32..9),
            scopes in prop::option::of(prop::collection::vec(("\\PC{1,6}", "\\PC{0,6}"), 0..3)),
        ) {
            let mut record = Record::new(&id, &model, Instant::from_ms(ms));
            record.agent_id = agent;
            record.usd = Usd::from_pico(pico).unwrap();
            record.breakdown.other = Some(record.usd);
            record.usage = Usage::tokens(tokens[0], tokens[1]);
            record.total_tokens = Some(tokens[2]).filter(|total| *total != record.usage.total_tokens());
            record.revision = revision;
            record.scopes = scopes.map(|all| all.iter().map(|(kind, id)| Scope::new(kind, id)).collect());
            let stored = record.to_stored();
            prop_assert_eq!(Record::parse(&stored).unwrap().to_stored(), stored.clone());
            prop_assert_eq!(Record::parse(&record.to_json()).unwrap().to_stored(), stored.clone());
            prop_assert_eq!(Record::parse(&stored).unwrap().to_json(), record.to_json());
            prop_assert!(!stored.contains('\n'));
        }
    }
}
