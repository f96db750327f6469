//! What guards look for, and the form of their options.

use std::sync::Arc;

use super::{
    action::named,
    keywords::Keywords,
    kind::Kind,
    leak::Leak,
    limits::Limits,
    moderation::Moderation,
    pass::{Pass, Whole},
    regex::Patterns,
    script::Scripts,
    urls::Urls,
};
use crate::error::Result;

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
///
/// Personal data, secrets and injection are looked for once, for all guards that ask for them; every other detector is its
/// guard's own.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Detector {
    /// Personal data of these kinds (of [`Kind::PII`]).
    Pii(Vec<Kind>),
    /// Keys, tokens, private keys.
    Secrets,
    /// Prompt injection.
    Injection(Sensitivity),
    /// Words of the application's own.
    Keywords(Keywords),
    /// Patterns of the application's own.
    Patterns(Patterns),
    /// URLs.
    Urls(Arc<Urls>),
    /// The system prompt: words that mark it, and its own.
    Leak(Option<Keywords>, Option<Leak>),
    /// What is to be moderated, offline.
    Moderation(Moderation),
    /// The length.
    Length(Limits),
    /// The writing.
    Language(Scripts),
}

impl Detector {
    /// Whether it looks for that kind.
    pub(super) fn wants(&self, kind: Kind) -> bool {
        match self {
            Detector::Pii(kinds) => kinds.contains(&kind),
            Detector::Secrets => kind == Kind::Secret,
            Detector::Injection(_) => Kind::INJECTION.contains(&kind),
            Detector::Keywords(_) => kind == Kind::Keyword,
            Detector::Patterns(_) => kind == Kind::Pattern,
            Detector::Urls(_) => kind == Kind::Url,
            Detector::Leak(..) => kind == Kind::SystemPrompt,
            Detector::Moderation(_) => Kind::MODERATION.contains(&kind),
            Detector::Length(_) => kind == Kind::Length,
            Detector::Language(_) => kind == Kind::Language,
        }
    }

    /// How it behaves in a stream.
    pub(super) fn streaming(&self) -> Streaming {
        match self {
            Detector::Pii(_) | Detector::Secrets | Detector::Keywords(_) | Detector::Urls(_) => Streaming::Exact,
            Detector::Leak(_, None) => Streaming::Exact,
            Detector::Patterns(patterns) if patterns.is_bounded() => Streaming::Exact,
            Detector::Length(limits) if !limits.is_open() => Streaming::Exact,
            Detector::Leak(..) | Detector::Injection(_) => Streaming::Windowed,
            Detector::Length(_) | Detector::Language(_) | Detector::Patterns(_) | Detector::Moderation(_) => {
                Streaming::Buffered
            }
        }
    }

    /// At work for the guard at that place, where it is that guard's own.
    pub(super) fn passes(&self, guard: usize) -> Vec<Box<dyn Pass>> {
        match self {
            Detector::Pii(_) | Detector::Secrets | Detector::Injection(_) => Vec::new(),
            Detector::Keywords(keywords) => vec![keywords.pass(guard)],
            Detector::Patterns(patterns) => patterns.passes(guard),
            Detector::Urls(urls) => vec![urls.pass(guard)],
            Detector::Leak(canaries, prompt) => {
                let canaries = canaries.as_ref().map(|canaries| canaries.pass(guard));
                canaries.into_iter().chain(prompt.as_ref().map(|prompt| prompt.pass(guard))).collect()
            }
            Detector::Moderation(moderation) => vec![moderation.pass(guard)],
            Detector::Length(limits) => limits.passes(guard),
            Detector::Language(scripts) => {
                let scripts = *scripts;
                vec![Box::new(Whole(move |text: &str, hits: &mut Vec<_>| scripts.look(text, guard, hits)))]
            }
        }
    }
}

/// How a detector behaves in a stream, by how much it holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Streaming {
    /// Text leaves as soon as it can be no part of a finding; the result equals that over the whole text.
    Exact,
    /// Text leaves a stated window later; the result equals that over the whole text, which has the same windows.
    Windowed,
    /// Text is held to the end.
    Buffered,
}

impl Streaming {
    /// The name in results.
    pub const fn as_str(self) -> &'static str {
        match self {
            Streaming::Exact => "exact",
            Streaming::Windowed => "windowed",
            Streaming::Buffered => "buffered",
        }
    }
}

/// The form of a guard's options, for [`Config::read`](super::Config::read).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Form {
    /// `PIIDetectionGuardrail`
    Pii,
    /// `SecretDetectionGuardrail`
    Secrets,
    /// `PromptInjectionGuardrail`
    Injection,
    /// `KeywordGuardrail`
    Keywords,
    /// `RegexGuardrail`
    Regex,
    /// `UrlGuardrail`
    Urls,
    /// `SystemPromptLeakGuardrail`
    Leak,
    /// `ContentModerationGuardrail`, offline
    Moderation,
    /// `LengthGuardrail`
    Length,
    /// `LanguageGuardrail`
    Language,
}

/// The options that every guard has.
const COMMON: &[&str] = &[
    "name",
    "enabled",
    "version",
    "description",
    "action",
    "actions",
    "stageActions",
    "stages",
    "riskScores",
    "minConfidence",
    "allow",
    "keepLast",
    "hashKey",
];

impl Form {
    /// Every form.
    pub const ALL: &'static [Form] = &[
        Form::Pii,
        Form::Secrets,
        Form::Injection,
        Form::Keywords,
        Form::Regex,
        Form::Urls,
        Form::Leak,
        Form::Moderation,
        Form::Length,
        Form::Language,
    ];

    /// The name across the boundary.
    pub const fn as_str(self) -> &'static str {
        match self {
            Form::Pii => "pii",
            Form::Secrets => "secrets",
            Form::Injection => "injection",
            Form::Keywords => "keywords",
            Form::Regex => "regex",
            Form::Urls => "urls",
            Form::Leak => "leak",
            Form::Moderation => "moderation",
            Form::Length => "length",
            Form::Language => "language",
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
            Form::Keywords => "keyword options",
            Form::Regex => "regex options",
            Form::Urls => "url options",
            Form::Leak => "leak options",
            Form::Moderation => "content moderation options",
            Form::Length => "length options",
            Form::Language => "language options",
        }
    }

    /// The keys of the options.
    pub fn keys(self) -> Vec<&'static str> {
        let own: &[&str] = match self {
            Form::Pii => &["detectTypes"],
            Form::Secrets => &[],
            Form::Injection => &["sensitivity", "ngrams"],
            Form::Keywords => &["keywords", "caseSensitive", "wholeWord"],
            Form::Regex => &["patterns"],
            Form::Urls => &["allowedHosts", "deniedHosts", "schemes", "userinfo", "private", "images"],
            Form::Leak => &["canaries", "systemPrompt", "minWords"],
            Form::Moderation => &["thresholds"],
            Form::Length => &["maxCharacters", "minCharacters", "maxWords", "maxLines", "maxTokens", "model"],
            Form::Language => &["languages", "maxShare"],
        };
        [COMMON, own].concat()
    }

    /// The kinds that it may find: those that `riskScores`, `actions` and `minConfidence` may name.
    pub(super) const fn kinds(self) -> &'static [Kind] {
        match self {
            Form::Pii => Kind::PII,
            Form::Secrets => &[Kind::Secret],
            Form::Injection => Kind::INJECTION,
            Form::Keywords => &[Kind::Keyword],
            Form::Regex => &[Kind::Pattern],
            Form::Urls => &[Kind::Url],
            Form::Leak => &[Kind::SystemPrompt],
            Form::Moderation => Kind::MODERATION,
            Form::Length => &[Kind::Length],
            Form::Language => &[Kind::Language],
        }
    }
}
