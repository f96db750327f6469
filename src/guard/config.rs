//! The guards of a scanner, as configured.

use std::sync::Arc;

use crate::{
    collections::Map,
    error::{Error, Result, check_keys},
    json::Raw,
    object::Object,
};

use super::{
    action::{Action, Stage, named},
    allow::AllowList,
    detector::{Detector, Form, Sensitivity, Streaming},
    finding::Hit,
    injection::Ngrams,
    keywords::Keywords,
    kind::Kind,
    leak::Leak,
    limits::{Counter, Limits, TokenLimit},
    moderation::{Category, Moderation, Moderator, Thresholds},
    regex::Patterns,
    replace::HELD,
    script::Scripts,
    urls::Urls,
};

/// A guard: what it looks for, what it does then, and where.
#[derive(Clone, Debug, PartialEq)]
pub struct Config {
    /// The name in results.
    pub name: String,
    /// What to look for.
    pub detector: Detector,
    /// What to do with a finding.
    pub action: Action,
    /// Actions that differ by kind. They come before those by stage.
    pub actions: Map<Kind, Action>,
    /// Actions that differ by stage.
    pub stage_actions: Vec<(Stage, Action)>,
    /// Where the guard acts.
    pub stages: Vec<Stage>,
    /// Risks that differ from [`Kind::risk`].
    pub risks: Map<Kind, u8>,
    /// What is less sure than this is no finding; 0 to 100.
    pub min_confidence: u8,
    /// The same by kind.
    pub min_confidences: Map<Kind, u8>,
    /// How many of the last letters and digits [`Action::Mask`] leaves; of secrets it leaves none.
    pub keep_last: u8,
    /// The key of [`Action::Hash`], and of [`Action::Surrogate`].
    pub hash_key: Option<String>,
    /// What [`Detector::Injection`] weighs beside its grammar.
    pub ngrams: Option<Arc<Ngrams>>,
    allow: AllowList,
}

/// How many signs [`Action::Mask`] may leave.
const MOST_KEPT: f64 = 4.0;

/// The shortest key: with a shorter one values could be guessed.
const SHORTEST_KEY: usize = 16;

impl Config {
    /// A guard with the defaults of its detector: all block, but secrets and URLs are redacted; personal data, secrets and
    /// keywords at every stage, injection where text comes from outside (input, tool results, retrieved text), URLs and the
    /// system prompt where it leaves (output, tool calls), length and language in the input.
    pub fn new(detector: Detector) -> Self {
        let (name, action) = match detector {
            Detector::Pii(_) => ("PIIDetection", Action::Block),
            Detector::Secrets => ("SecretDetection", Action::Redact),
            Detector::Injection(_) => ("PromptInjection", Action::Block),
            Detector::Keywords(_) => ("Keyword", Action::Block),
            Detector::Patterns(_) => ("Regex", Action::Block),
            Detector::Urls(_) => ("Url", Action::Redact),
            Detector::Leak(..) => ("SystemPromptLeak", Action::Block),
            Detector::Moderation(_) => ("ContentModeration", Action::Block),
            Detector::Length(_) => ("Length", Action::Block),
            Detector::Language(_) => ("Language", Action::Block),
        };
        let stages = match detector {
            Detector::Injection(_) => vec![Stage::Input, Stage::ToolResult, Stage::Retrieved],
            Detector::Urls(_) | Detector::Leak(..) => vec![Stage::Output, Stage::ToolCall],
            Detector::Length(_) | Detector::Language(_) => vec![Stage::Input],
            _ => Stage::ALL.to_vec(),
        };
        Self {
            name: name.to_owned(),
            detector,
            action,
            actions: Map::new(),
            stage_actions: Vec::new(),
            stages,
            risks: Map::new(),
            min_confidence: 0,
            min_confidences: Map::new(),
            keep_last: 0,
            hash_key: None,
            ngrams: None,
            allow: AllowList::default(),
        }
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

    /// The same guard with weights for n-grams.
    #[must_use]
    pub fn with_ngrams(mut self, ngrams: Arc<Ngrams>) -> Self {
        self.ngrams = Some(ngrams);
        self
    }

    /// The same guard with who moderates, for [`Detector::Moderation`].
    #[must_use]
    pub fn with_moderator(mut self, moderator: Arc<Moderator>) -> Self {
        if let Detector::Moderation(moderation) = &mut self.detector {
            moderation.moderator = Some(moderator);
        }
        self
    }

    /// The same guard with somebody who counts tokens, for [`Limits::max_tokens`].
    #[must_use]
    pub fn with_counter(mut self, counter: Counter) -> Self {
        if let Detector::Length(Limits { max_tokens: Some(limit), .. }) = &mut self.detector {
            limit.counter = Some(counter);
        }
        self
    }

    /// Reads a guard's options. Keys are checked apart, by [`check_keys`] with [`Form::keys`].
    pub fn read(form: Form, options: Raw<'_>) -> Result<Self> {
        let options = Options::of(form, options)?;
        let mut config = Self::new(options.detector()?);
        if let Some(name) = options.text("name")? {
            config.name = name;
        }
        if let Some(action) = options.text("action")? {
            config.action = options.action(&action)?;
        }
        for (kind, action) in options.by_kind("actions", "an object of actions")? {
            let action = action.to_text().ok_or_else(|| options.wrong("each of actions", "a string", action))?;
            config.actions.insert(kind, options.action(&action)?);
        }
        for (stage, action) in options.entries("stageActions", "an object of actions")? {
            let stage = Stage::parse(&stage, options.what)?;
            let action = action.to_text().ok_or_else(|| options.wrong("each of stageActions", "a string", action))?;
            config.stage_actions.push((stage, options.action(&action)?));
        }
        if let Some(stages) = options.texts("stages")? {
            config.stages = read_all(&stages, |text| Stage::parse(text, options.what))?;
        }
        for (kind, risk) in options.by_kind("riskScores", "an object of numbers")? {
            config.risks.insert(kind, options.percent("each of riskScores", risk)?);
        }
        match options.get("minConfidence") {
            Some(least) if least.number().is_some() => {
                config.min_confidence = options.percent("minConfidence", least)?;
            }
            _ => {
                for (kind, least) in options.by_kind("minConfidence", "a number, or an object of numbers")? {
                    config.min_confidences.insert(kind, options.percent("each of minConfidence", least)?);
                }
            }
        }
        if let Some(values) = options.texts("allow")? {
            config.allow = AllowList::read(values, options.what)?;
        }
        if let Some(keep) = options.get("keepLast") {
            let number = keep.number().filter(|number| (0.0..=MOST_KEPT).contains(number) && number.fract() == 0.0);
            config.keep_last =
                number.ok_or_else(|| options.wrong("keepLast", "a whole number from 0 to 4", keep))? as u8;
        }
        if matches!(config.detector, Detector::Length(_))
            && Action::ALL.iter().any(|action| action.edits() && config.uses(*action))
        {
            return Err(Error::config(
                "cannot read length options: expected action to be block, warn or allow, found one that changes texts",
            ));
        }
        // Whether there are weights is for who hands them in.
        options.flag("ngrams")?;
        config.hash_key = options.text("hashKey")?;
        let is_hashed = config.uses(Action::Hash);
        let is_short = config.hash_key.as_ref().is_some_and(|key| key.len() < SHORTEST_KEY);
        if is_short && config.uses(Action::Surrogate) || is_hashed && (is_short || config.hash_key.is_none()) {
            let action = if is_hashed { "hash" } else { "surrogate" };
            return Err(Error::config(format!(
                "cannot read {}: expected hashKey to be at least {SHORTEST_KEY} bytes, since an action is {action}, found none or a shorter one",
                options.what
            )));
        }
        Ok(config)
    }

    /// How the guard behaves in a stream.
    pub fn streaming(&self) -> Streaming {
        self.detector.streaming()
    }

    /// Whether any of its actions is that one.
    pub fn uses(&self, action: Action) -> bool {
        self.action == action
            || self.actions.values().any(|own| *own == action)
            || self.stage_actions.iter().any(|(_, own)| *own == action)
    }

    /// What it does at that stage with a finding of that kind.
    pub fn action_for(&self, stage: Stage, kind: Kind) -> Action {
        let by_stage = || self.stage_actions.iter().find(|(at, _)| *at == stage).map(|(_, action)| *action);
        self.actions.get(&kind).copied().or_else(by_stage).unwrap_or(self.action)
    }

    /// Whether it looks for injection.
    pub(super) fn is_injection(&self) -> bool {
        matches!(self.detector, Detector::Injection(_))
    }

    /// Whether the guard looks for that kind.
    pub(super) fn wants(&self, kind: Kind) -> bool {
        self.detector.wants(kind)
    }

    /// The score of a kind.
    pub(super) fn risk(&self, kind: Kind) -> u8 {
        self.risks.get(&kind).copied().unwrap_or(kind.risk())
    }

    /// Whether the guard counts that hit, which is that text.
    pub(super) fn counts(&self, hit: &Hit, text: &str) -> bool {
        let least = self.min_confidences.get(&hit.kind).copied().unwrap_or(self.min_confidence);
        // Of a long secret a stream can't wait for the end to compare it.
        let is_open = hit.kind == Kind::Secret && text.len() > HELD;
        self.wants(hit.kind) && hit.confidence >= least && (is_open || !self.allow.has(text))
    }

    /// How many bytes of a secret have to be known before it may be hidden: what it is hidden by may depend on them.
    pub(super) fn held_secret(&self, stage: Stage) -> usize {
        let needed = match self.action_for(stage, Kind::Secret) {
            Action::Hash => HELD,
            action if action.keeps() => usize::MAX,
            _ => 0,
        };
        self.allow.reach().min(HELD).max(needed)
    }
}

/// A guard's options, and what they are called in errors.
struct Options<'a> {
    form: Form,
    what: &'static str,
    object: Object<'a>,
}

impl<'a> Options<'a> {
    fn of(form: Form, options: Raw<'a>) -> Result<Self> {
        let what = form.options();
        let object = Object::of(options).ok_or_else(|| {
            Error::config(format!("cannot read {what}: expected them to be an object, found {}", options.kind()))
        })?;
        Ok(Self { form, what, object })
    }

    fn wrong(&self, key: &str, expected: &str, found: Raw<'_>) -> Error {
        Error::config(format!("cannot read {}: expected {key} to be {expected}, found {}", self.what, found.kind()))
    }

    fn get(&self, key: &str) -> Option<Raw<'a>> {
        self.object.get(key)
    }

    fn text(&self, key: &str) -> Result<Option<String>> {
        let Some(value) = self.get(key) else { return Ok(None) };
        value.to_text().map(Some).ok_or_else(|| self.wrong(key, "a string", value))
    }

    fn flag(&self, key: &str) -> Result<Option<bool>> {
        let Some(value) = self.get(key) else { return Ok(None) };
        value.bool().map(Some).ok_or_else(|| self.wrong(key, "true or false", value))
    }

    fn count(&self, key: &str) -> Result<Option<usize>> {
        let Some(value) = self.get(key) else { return Ok(None) };
        let count = value.number().filter(|count| (0.0..=f64::from(u32::MAX)).contains(count) && count.fract() == 0.0);
        count.map(|count| Some(count as usize)).ok_or_else(|| self.wrong(key, "a whole number", value))
    }

    fn texts(&self, key: &str) -> Result<Option<Vec<String>>> {
        let Some(value) = self.get(key) else { return Ok(None) };
        let items = value.items().and_then(|items| items.into_iter().map(Raw::to_text).collect::<Option<Vec<_>>>());
        items.map(Some).ok_or_else(|| self.wrong(key, "an array of strings", value))
    }

    fn action(&self, text: &str) -> Result<Action> {
        Action::parse(text, self.what)
    }

    fn percent(&self, key: &str, value: Raw<'_>) -> Result<u8> {
        let number = value.number().unwrap_or(f64::NAN);
        if (0.0..=100.0).contains(&number) {
            return Ok(number.round() as u8);
        }
        Err(Error::config(format!(
            "cannot read {}: expected {key} to be a number from 0 to 100, found another",
            self.what
        )))
    }

    /// The entries of an object, none where it is left out.
    fn entries(&self, key: &str, expected: &str) -> Result<Vec<(String, Raw<'a>)>> {
        let value = self.get(key).unwrap_or(Raw::EMPTY);
        let object = Object::of(value).ok_or_else(|| self.wrong(key, expected, value))?;
        Ok(object.entries().map(|(name, value)| (name.to_owned(), value)).collect())
    }

    /// The entries of an object whose keys are kinds of this form.
    fn by_kind(&self, key: &str, expected: &str) -> Result<Vec<(Kind, Raw<'a>)>> {
        let entries = self.entries(key, expected)?;
        let kinds = self.form.kinds();
        let known: Vec<_> = kinds.iter().map(|kind| kind.as_str()).collect();
        check_keys(key, entries.iter().map(|(name, _)| name.as_str()), &known)?;
        let kind = |name: &str| kinds.iter().copied().find(|kind| kind.as_str() == name);
        Ok(entries.into_iter().filter_map(|(name, value)| Some((kind(&name)?, value))).collect())
    }

    /// Thresholds from 0 to 1 by category; above it nothing is flagged.
    fn moderation(&self) -> Result<Moderation> {
        let mut thresholds = Thresholds::default();
        for (kind, least) in self.by_kind("thresholds", "an object of numbers")? {
            let least = least.number().ok_or_else(|| self.wrong("each of thresholds", "a number", least))?;
            let category = Kind::MODERATION.iter().position(|one| *one == kind).and_then(|at| Category::ALL.get(at));
            let Some(category) = category else { continue };
            let is_set = (0.0..=1.0).contains(&least);
            thresholds = thresholds.with(*category, is_set.then_some((least * 1000.0).ceil() as u16));
        }
        Ok(Moderation { thresholds, moderator: None })
    }

    fn token_limit(&self) -> Result<Option<TokenLimit>> {
        let model = self.text("model")?;
        let Some(most) = self.count("maxTokens")? else {
            return match model {
                None => Ok(None),
                Some(_) => {
                    Err(Error::config("cannot read length options: expected maxTokens beside model, found none"))
                }
            };
        };
        Ok(Some(TokenLimit { most: most as u64, model: model.unwrap_or_default().into(), counter: None }))
    }

    /// Patterns: each a string, or an object with flags.
    fn patterns(&self) -> Result<Patterns> {
        let value = self.get("patterns").unwrap_or(Raw::EMPTY);
        let wrong = || self.wrong("patterns", "an array of strings and objects with pattern and flags", value);
        let mut patterns = Vec::new();
        for item in value.items().ok_or_else(wrong)? {
            if let Some(pattern) = item.to_text() {
                patterns.push((pattern, String::new()));
                continue;
            }
            let object = Object::of(item).ok_or_else(wrong)?;
            check_keys("a pattern", object.keys(), &["pattern", "flags"])?;
            let text = |key: &str| object.get(key).map(|text| text.to_text().ok_or_else(wrong)).transpose();
            patterns.push((text("pattern")?.ok_or_else(wrong)?, text("flags")?.unwrap_or_default()));
        }
        Patterns::new(&patterns)
    }

    /// What the guard looks for.
    fn detector(&self) -> Result<Detector> {
        Ok(match self.form {
            Form::Pii => Detector::Pii(match self.texts("detectTypes")? {
                Some(types) => {
                    read_all(&types, |text| named(Kind::PII, Kind::as_str, text, self.what, "each of detectTypes"))?
                }
                None => Kind::PII.to_vec(),
            }),
            Form::Secrets => Detector::Secrets,
            Form::Injection => Detector::Injection(match self.text("sensitivity")? {
                Some(text) => named(Sensitivity::ALL, Sensitivity::as_str, &text, self.what, "sensitivity")?,
                None => Sensitivity::Medium,
            }),
            Form::Keywords => Detector::Keywords(Keywords::new(
                &self.texts("keywords")?.unwrap_or_default(),
                self.flag("caseSensitive")?.unwrap_or(false),
                self.flag("wholeWord")?.unwrap_or(true),
            )?),
            Form::Regex => Detector::Patterns(self.patterns()?),
            Form::Urls => {
                let default = Urls::default();
                Detector::Urls(Arc::new(Urls {
                    allowed_hosts: self.texts("allowedHosts")?.unwrap_or_default(),
                    denied_hosts: self.texts("deniedHosts")?.unwrap_or_default(),
                    schemes: self.texts("schemes")?.unwrap_or(default.schemes),
                    userinfo: self.flag("userinfo")?.unwrap_or(default.userinfo),
                    private: self.flag("private")?.unwrap_or(default.private),
                    images: self.flag("images")?.unwrap_or(default.images),
                }))
            }
            Form::Leak => {
                let canaries = self.texts("canaries")?.map(|words| Keywords::canaries(&words)).transpose()?;
                let least = self.count("minWords")?.unwrap_or(Leak::LEAST);
                let prompt = self.text("systemPrompt")?.map(|prompt| Leak::new(&prompt, least)).transpose()?;
                if canaries.is_none() && prompt.is_none() {
                    return Err(Error::config(
                        "cannot read leak options: expected canaries or a systemPrompt, found neither",
                    ));
                }
                Detector::Leak(canaries, prompt)
            }
            Form::Moderation => Detector::Moderation(self.moderation()?),
            Form::Length => Detector::Length(
                Limits {
                    max_characters: self.count("maxCharacters")?,
                    min_characters: self.count("minCharacters")?,
                    max_words: self.count("maxWords")?,
                    max_lines: self.count("maxLines")?,
                    max_tokens: self.token_limit()?,
                }
                .check()?,
            ),
            Form::Language => {
                let languages = self.texts("languages")?.unwrap_or_default();
                if languages.is_empty() {
                    return Err(Error::config(
                        "cannot read language options: expected at least one of languages, found none",
                    ));
                }
                let share = match self.get("maxShare") {
                    Some(share) => self.percent("maxShare", share)?,
                    None => Scripts::SHARE,
                };
                Detector::Language(Scripts::of_languages(&languages, share)?)
            }
        })
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
