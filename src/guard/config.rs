//! The guards of a scanner, as configured.

use crate::collections::Map;

use super::{
    action::{Action, Stage, named},
    finding::Hit,
    kind::Kind,
};
use crate::{
    error::{Error, Result, check_keys},
    json::Raw,
    object::Object,
};

/// How readily injection is found.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Sensitivity {
    /// Only what is complete in itself, or more than one sign.
    Low,
    /// Every clear sign. The default.
    Medium,
    /// Also what has innocent uses, such as a persona.
    High,
}

impl Sensitivity {
    /// Every sensitivity, lowest first.
    pub const ALL: &'static [Sensitivity] = &[Sensitivity::Low, Sensitivity::Medium, Sensitivity::High];

    /// The name in configurations.
    pub const fn as_str(self) -> &'static str {
        match self {
            Sensitivity::Low => "low",
            Sensitivity::Medium => "medium",
            Sensitivity::High => "high",
        }
    }
}

/// What a guard looks for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Detector {
    /// Personal data of these kinds (of [`Kind::PII`]).
    Pii(Vec<Kind>),
    /// Keys, tokens, private keys.
    Secrets,
    /// Prompt injection.
    Injection(Sensitivity),
}

/// How a detector behaves in a stream.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Streaming {
    /// Text leaves as soon as it can be no part of a finding; the result equals that over the whole text.
    Exact,
    /// Text is held to the end.
    Buffered,
}

impl Streaming {
    /// The name in results.
    pub const fn as_str(self) -> &'static str {
        match self {
            Streaming::Exact => "exact",
            Streaming::Buffered => "buffered",
        }
    }
}

/// The form of a guard's options, for [`Config::read`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Form {
    /// `PIIDetectionGuardrail`
    Pii,
    /// `SecretDetectionGuardrail`
    Secrets,
    /// `PromptInjectionGuardrail`
    Injection,
}

impl Form {
    /// Every form.
    pub const ALL: &'static [Form] = &[Form::Pii, Form::Secrets, Form::Injection];

    /// The name across the boundary.
    pub const fn as_str(self) -> &'static str {
        match self {
            Form::Pii => "pii",
            Form::Secrets => "secrets",
            Form::Injection => "injection",
        }
    }

    /// The form of that name.
    pub fn parse(text: &str) -> Result<Self> {
        named(Self::ALL, Self::as_str, text, "guardrail options", "kind")
    }

    /// What the options are called in errors.
    pub const fn options(self) -> &'static str {
        match self {
            Form::Pii => "pii detection options",
            Form::Secrets => "secret detection options",
            Form::Injection => "prompt injection options",
        }
    }

    /// The keys of the options.
    pub const fn keys(self) -> &'static [&'static str] {
        match self {
            Form::Pii => {
                &["name", "enabled", "version", "description", "action", "stages", "detectTypes", "riskScores"]
            }
            Form::Secrets => &["name", "enabled", "version", "description", "action", "stages", "riskScores"],
            Form::Injection => {
                &["name", "enabled", "version", "description", "action", "stages", "sensitivity", "riskScores"]
            }
        }
    }

    /// The kinds that `riskScores` may name.
    const fn kinds(self) -> &'static [Kind] {
        match self {
            Form::Pii => Kind::PII,
            Form::Secrets => &[Kind::Secret],
            Form::Injection => Kind::INJECTION,
        }
    }
}

/// A guard: what it looks for, what it does then, and where.
#[derive(Clone, Debug, PartialEq)]
pub struct Config {
    /// The name in results.
    pub name: String,
    /// What to look for.
    pub detector: Detector,
    /// What to do with a finding.
    pub action: Action,
    /// Where the guard acts.
    pub stages: Vec<Stage>,
    /// Risks that differ from [`Kind::risk`].
    pub risks: Map<Kind, u8>,
}

impl Config {
    /// A guard with the defaults of its detector: personal data and injection block, secrets are redacted; personal data
    /// and secrets at every stage, injection where text comes from outside (input, tool results, retrieved text).
    pub fn new(detector: Detector) -> Self {
        let (name, action) = match detector {
            Detector::Pii(_) => ("PIIDetection", Action::Block),
            Detector::Secrets => ("SecretDetection", Action::Redact),
            Detector::Injection(_) => ("PromptInjection", Action::Block),
        };
        let stages = match detector {
            Detector::Injection(_) => vec![Stage::Input, Stage::ToolResult, Stage::Retrieved],
            _ => Stage::ALL.to_vec(),
        };
        Self { name: name.to_owned(), detector, action, stages, risks: Map::new() }
    }

    /// Personal data of every kind.
    pub fn pii() -> Self {
        Self::new(Detector::Pii(Kind::PII.to_vec()))
    }

    /// Secrets.
    pub fn secrets() -> Self {
        Self::new(Detector::Secrets)
    }

    /// Injection, at medium sensitivity.
    pub fn injection() -> Self {
        Self::new(Detector::Injection(Sensitivity::Medium))
    }

    /// The same guard with another action.
    #[must_use]
    pub fn with_action(mut self, action: Action) -> Self {
        self.action = action;
        self
    }

    /// The same guard at other stages.
    #[must_use]
    pub fn with_stages(mut self, stages: &[Stage]) -> Self {
        self.stages = stages.to_vec();
        self
    }

    /// Reads a guard's options. Keys are checked apart, by [`check_keys`] with [`Form::keys`].
    pub fn read(form: Form, options: Raw<'_>) -> Result<Self> {
        let what = form.options();
        let wrong = |key: &str, expected: &str, found: Raw<'_>| {
            Error::config(format!("cannot read {what}: expected {key} to be {expected}, found {}", found.kind()))
        };
        let options = Object::of(options).ok_or_else(|| wrong("them", "an object", options))?;
        let text = |key: &str| {
            let Some(value) = options.get(key) else { return Ok(None) };
            value.to_text().map(Some).ok_or_else(|| wrong(key, "a string", value))
        };
        let texts = |key: &str| {
            let Some(value) = options.get(key) else { return Ok(None) };
            let items = value.items().and_then(|items| items.into_iter().map(Raw::to_text).collect::<Option<Vec<_>>>());
            items.map(Some).ok_or_else(|| wrong(key, "an array of strings", value))
        };
        let sensitivity = match text("sensitivity")? {
            Some(text) => named(Sensitivity::ALL, Sensitivity::as_str, &text, what, "sensitivity")?,
            None => Sensitivity::Medium,
        };
        let detector = match form {
            Form::Pii => Detector::Pii(match texts("detectTypes")? {
                Some(types) => {
                    read_all(&types, |text| named(Kind::PII, Kind::as_str, text, what, "each of detectTypes"))?
                }
                None => Kind::PII.to_vec(),
            }),
            Form::Secrets => Detector::Secrets,
            Form::Injection => Detector::Injection(sensitivity),
        };
        let mut config = Self::new(detector);
        if let Some(name) = text("name")? {
            config.name = name;
        }
        if let Some(action) = text("action")? {
            config.action = Action::parse(&action, what)?;
        }
        if let Some(stages) = texts("stages")? {
            config.stages = read_all(&stages, |text| Stage::parse(text, what))?;
        }
        let risks = options.get("riskScores").unwrap_or(Raw::EMPTY);
        let risks = Object::of(risks).ok_or_else(|| wrong("riskScores", "an object of numbers", risks))?;
        let known: Vec<_> = form.kinds().iter().map(|kind| kind.as_str()).collect();
        check_keys("riskScores", risks.keys(), &known)?;
        for (name, risk) in risks.entries() {
            let risk = risk.number().unwrap_or(f64::NAN);
            if !(0.0..=100.0).contains(&risk) {
                return Err(Error::config(format!(
                    "cannot read {what}: expected each of riskScores to be a number from 0 to 100, found another"
                )));
            }
            if let Some(kind) = form.kinds().iter().find(|kind| kind.as_str() == name) {
                config.risks.insert(*kind, risk.round() as u8);
            }
        }
        Ok(config)
    }

    /// How the guard behaves in a stream.
    pub fn streaming(&self) -> Streaming {
        match self.detector {
            Detector::Injection(_) => Streaming::Buffered,
            _ => Streaming::Exact,
        }
    }

    /// Whether the guard looks for that kind.
    pub(super) fn wants(&self, kind: Kind) -> bool {
        match &self.detector {
            Detector::Pii(kinds) => kinds.contains(&kind),
            Detector::Secrets => kind == Kind::Secret,
            Detector::Injection(_) => Kind::INJECTION.contains(&kind),
        }
    }

    /// The score of a kind.
    pub(super) fn risk(&self, kind: Kind) -> u8 {
        self.risks.get(&kind).copied().unwrap_or(kind.risk())
    }

    /// Whether a hit is one of this guard's.
    pub(super) fn finds(&self, hit: &Hit) -> bool {
        self.wants(hit.kind)
    }
}

fn read_all<T: PartialEq>(texts: &[String], read: impl Fn(&str) -> Result<T>) -> Result<Vec<T>> {
    let mut all = Vec::with_capacity(texts.len());
    for text in texts {
        let item = read(text)?;
        if !all.contains(&item) {
            all.push(item);
        }
    }
    Ok(all)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(form: Form, json: serde_json::Value) -> Result<Config> {
        Config::read(form, Raw::parse(&json.to_string()).unwrap())
    }

    #[test]
    fn options_over_defaults() {
        let config = read(
            Form::Pii,
            serde_json::json!({"action": "mask", "detectTypes": ["ssn", "ssn"], "stages": ["output"], "riskScores": {"ssn": 70}}),
        )
        .unwrap();
        assert_eq!(config.detector, Detector::Pii(vec![Kind::Ssn]));
        assert_eq!((config.action, config.stages.as_slice()), (Action::Mask, &[Stage::Output][..]));
        assert_eq!((config.risk(Kind::Ssn), config.risk(Kind::Email)), (70, 30));
        assert_eq!(read(Form::Pii, serde_json::json!({})), Ok(Config::pii()));
        assert_eq!(read(Form::Injection, serde_json::json!({})), Ok(Config::injection()));
    }

    #[test]
    fn what_is_unknown_is_refused_with_what_is_known() {
        let cases = [
            (
                Form::Pii,
                serde_json::json!({"detectTypes": ["name"]}),
                "cannot read pii detection options: expected each of detectTypes to be one of email, phone, ssn, creditCard, iban, ipAddress, ",
            ),
            (
                Form::Injection,
                serde_json::json!({"sensitivity": "max"}),
                "cannot read prompt injection options: expected sensitivity to be one of low, medium, high, found another",
            ),
            (
                Form::Secrets,
                serde_json::json!({"stages": ["system"]}),
                "cannot read secret detection options: expected stage to be one of input, output, tool_call, tool_result, retrieved, found another",
            ),
            (
                Form::Pii,
                serde_json::json!({"riskScores": {"email": 101}}),
                "cannot read pii detection options: expected each of riskScores to be a number from 0 to 100, found another",
            ),
            (
                Form::Pii,
                serde_json::json!({"riskScores": {"emial": 1}}),
                "cannot read riskScores: expected one of email, phone, ssn, creditCard, iban, ipAddress, ",
            ),
        ];
        for (form, json, message) in cases {
            // Of long lists of what is known, the beginning.
            let found = read(form, json).unwrap_err();
            let found =
                if message.ends_with(", ") { found.message().get(..message.len()) } else { Some(found.message()) };
            assert_eq!(found, Some(message));
        }
    }
}
