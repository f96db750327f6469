//! From a name to its model. A name either is one of a model's names, or is cut at a known place and then is one;
//! nothing is compared by prefix or likeness, so `gpt-4o-mini` is never priced as `gpt-4o`.

use std::cmp::Ordering;
use std::ops::Range;

use super::book::{Book, Handle, Provider};
use super::json::MAX_NAME;
use super::region::split_region;

/// How a name came to its model.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MatchKind {
    /// The model's own id, in any case.
    Exact,
    /// Another name of the model, another spelling of its id, its `-latest`, or a fine-tune named after it.
    Alias,
    /// A dated snapshot that has no row of its own: `gpt-5-2031-01-31`.
    Dated,
    /// The model's own id behind its provider's name: `openai/gpt-5`.
    Prefix,
}

impl MatchKind {
    /// The name in the public interface.
    pub const fn as_str(self) -> &'static str {
        match self {
            MatchKind::Exact => "exact",
            MatchKind::Alias => "alias",
            MatchKind::Dated => "dated",
            MatchKind::Prefix => "prefix",
        }
    }
}

/// A model found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Match {
    /// The model.
    pub handle: Handle,
    /// How it was found.
    pub kind: MatchKind,
    /// The region that the name says, lower case: `us` of Bedrock's `us.anthropic.claude-opus-4-7`. Its price holds unless
    /// the call names another.
    pub region: Option<String>,
}

/// What resource names put before an id, and whose they are.
pub(super) const RESOURCES: [(&str, &str); 8] = [
    ("google", "models/"),
    ("google", "publishers/google/models/"),
    ("vertex", "publishers/google/models/"),
    ("vertex", "publishers/anthropic/models/"),
    ("vertex", "publishers/"),
    ("fireworks", "accounts/fireworks/models/"),
    // LiteLLM's names of Bedrock's two interfaces.
    ("bedrock", "invoke/"),
    ("bedrock", "converse/"),
];

impl Book {
    /// The model of that name.
    ///
    /// A named provider is always honoured: a model of another one is never given. Without one, the provider named by
    /// a prefix (`openai/gpt-5`) counts, then the ranked providers in the book's order, first parties before resellers. A
    /// name that only others have is found when one of them has it: which of several is meant, nobody can know.
    pub fn find(&self, model: &str, provider: Option<&str>) -> Option<Match> {
        if model.is_empty() || model.len() > MAX_NAME {
            return None;
        }
        let name = model.to_ascii_lowercase();
        if let Some(provider) = provider {
            let provider = self.provider(provider)?;
            return self.find_in(provider, &name).or_else(|| {
                // A prefix that contradicts the provider is no name of that provider's model.
                let (named, rest) = self.split_provider(&name)?;
                if named.name == provider.name { self.find_prefixed(named, rest) } else { None }
            });
        }
        // `openai/gpt-oss-120b` is an id with many resellers, and no model of OpenAI's own.
        self.find_ahead(&name).or_else(|| self.find_alone(self.providers(), &name))
    }

    /// The model of a name in lower case that says its provider, or that a provider has which comes before all others.
    pub(super) fn find_ahead(&self, name: &str) -> Option<Match> {
        if let Some((provider, rest)) = self.split_provider(name) {
            return self.find_prefixed(provider, rest);
        }
        let ranked = self.providers().iter().filter(|provider| provider.is_ranked);
        ranked.into_iter().find_map(|provider| self.find_in(provider, name))
    }

    /// The provider that a name begins with, and the rest.
    fn split_provider<'a>(&self, name: &'a str) -> Option<(&Provider, &'a str)> {
        let (prefix, rest) = name.split_once('/')?;
        Some((self.provider(prefix)?, rest))
    }

    /// The model of that name when exactly one provider has one.
    fn find_alone(&self, providers: &[Provider], name: &str) -> Option<Match> {
        let mut found = providers.iter().filter_map(|provider| self.find_in(provider, name));
        let first = found.next()?;
        if found.next().is_none() { Some(first) } else { None }
    }

    fn find_prefixed(&self, provider: &Provider, rest: &str) -> Option<Match> {
        let mut found = self.find_in(provider, rest)?;
        if found.kind == MatchKind::Exact {
            found.kind = MatchKind::Prefix;
        }
        Some(found)
    }

    fn find_in(&self, provider: &Provider, name: &str) -> Option<Match> {
        let spelled = |name: &str| {
            self.find_spelled(provider, name).or_else(|| {
                let (region, rest) = split_region(&provider.name, name)?;
                let found = self.find_spelled(provider, rest)?;
                Some(Match { region: Some(region.to_owned()), ..found })
            })
        };
        spelled(name).or_else(|| {
            let is_own = |(of, _): &&(&str, &str)| *of == &*provider.name;
            RESOURCES.iter().filter(is_own).find_map(|(_, resource)| {
                let found = spelled(name.strip_prefix(resource)?)?;
                Some(Match {
                    kind: if found.kind == MatchKind::Exact { MatchKind::Prefix } else { found.kind },
                    ..found
                })
            })
        })
    }

    /// A provider's model of that name or of one that is the same but for spelling.
    fn find_spelled(&self, provider: &Provider, name: &str) -> Option<Match> {
        find_spelling(name, &mut |name| self.find_name(provider, name))
    }

    /// The provider's model of exactly that name, and whether it is not its id.
    pub(super) fn find_name(&self, provider: &Provider, name: &str) -> Option<(Handle, bool)> {
        let ids = provider.ids..provider.ids + provider.handles.len() as u32;
        if let Some(place) = self.search(ids, |line| line, name) {
            return Some((Handle(provider.handles.start + place), false));
        }
        let others = provider.others.clone();
        let place = self.search(others.clone(), |line| split_alias(line).0, name)?;
        let (_, of) = split_alias(self.line(others.start + place));
        let handle = provider.handles.start.checked_add(of.parse().ok()?)?;
        provider.handles.contains(&handle).then_some((Handle(handle), true))
    }

    /// The place of a name among sorted lines.
    fn search(&self, lines: Range<u32>, key: fn(&str) -> &str, name: &str) -> Option<u32> {
        let (mut low, mut high) = (lines.start, lines.end);
        while low < high {
            let middle = low + (high - low) / 2;
            match compare(key(self.line(middle)), name) {
                Ordering::Equal => return Some(middle - lines.start),
                Ordering::Less => low = middle + 1,
                Ordering::Greater => high = middle,
            }
        }
        None
    }
}

/// The first of a name's spellings that is found, the longest first: `look` finds names that are spelled just so, and says whether
/// they are another name than the id.
pub(super) fn find_spelling(name: &str, look: &mut dyn FnMut(&str) -> Option<(Handle, bool)>) -> Option<Match> {
    let mut own = |name: &str, kind: MatchKind| {
        let (handle, is_alias) = look(name)?;
        let kind = if kind == MatchKind::Exact && is_alias { MatchKind::Alias } else { kind };
        Some(Match { handle, kind, region: None })
    };
    let mut plain = |name: &str, kind: MatchKind| {
        own(name, kind).or_else(|| {
            let kind = if kind == MatchKind::Exact { MatchKind::Alias } else { kind };
            own(&respell(name)?, kind)
        })
    };
    plain(name, MatchKind::Exact)
        .or_else(|| plain(strip_version(name)?, MatchKind::Alias))
        .or_else(|| plain(name.strip_suffix("-latest").or_else(|| name.strip_suffix("@latest"))?, MatchKind::Alias))
        .or_else(|| plain(name.strip_suffix("@default")?, MatchKind::Alias))
        .or_else(|| plain(strip_date(strip_version(name).unwrap_or(name))?, MatchKind::Dated))
        .or_else(|| own(base_of_fine_tune(name)?, MatchKind::Alias))
}

/// What stands before the last of a byte, and behind it. Searching for characters takes as long as the rest of a look-up.
fn split_last(text: &str, byte: u8) -> Option<(&str, &str)> {
    let mut at = text.len();
    while text.as_bytes().get(at) != Some(&byte) {
        at = at.checked_sub(1)?;
    }
    Some((text.get(..at)?, text.get(at + 1..)?))
}

/// The other name of a model in a line, and its place.
fn split_alias(line: &str) -> (&str, &str) {
    split_last(line, b' ').unwrap_or((line, ""))
}

/// Compares a name in any case with one in lower case.
pub(super) fn compare(name: &str, lower: &str) -> Ordering {
    // A loop over two slices: a search makes some twenty of these, and in a module made for size iterators are calls.
    let (name, lower) = (name.as_bytes(), lower.as_bytes());
    let mut at = 0;
    while let (Some(a), Some(b)) = (name.get(at), lower.get(at)) {
        let a = a.to_ascii_lowercase();
        if a != *b {
            return if a < *b { Ordering::Less } else { Ordering::Greater };
        }
        at += 1;
    }
    name.len().cmp(&lower.len())
}

/// The same id as others spell it: OpenRouter's `claude-sonnet-4.5` is Anthropic's `claude-sonnet-4-5`, and Vertex's
/// `claude-sonnet-4-5@20250929` its `claude-sonnet-4-5-20250929`.
fn respell(name: &str) -> Option<String> {
    let bytes = name.as_bytes();
    let is_digit = |at: Option<usize>| at.and_then(|at| bytes.get(at)).is_some_and(u8::is_ascii_digit);
    let is_other = |at: usize, byte: u8| match byte {
        b'.' => is_digit(at.checked_sub(1)) && is_digit(Some(at + 1)),
        b'@' => is_digit(Some(at + 1)),
        _ => false,
    };
    // Nearly every name is spelled as it should be.
    bytes.iter().enumerate().position(|(at, byte)| is_other(at, *byte))?;
    let spelled = bytes.iter().enumerate().map(|(at, byte)| if is_other(at, *byte) { b'-' } else { *byte }).collect();
    String::from_utf8(spelled).ok()
}

/// What stands before Bedrock's `-v1:0` or `:0`.
fn strip_version(name: &str) -> Option<&str> {
    let (rest, number) = split_last(name, b':')?;
    if number.is_empty() || number.len() > 2 || !number.bytes().all(|b| b.is_ascii_digit()) {
        return None;
    }
    let base = match rest.rsplit_once("-v") {
        Some((base, version)) if !version.is_empty() && version.bytes().all(|b| b.is_ascii_digit()) => base,
        _ => rest,
    };
    (!base.is_empty()).then_some(base)
}

/// `ft:gpt-4o-2024-08-06` of `ft:gpt-4o-2024-08-06:acme::9f3`. Never the base model itself, which costs less.
fn base_of_fine_tune(name: &str) -> Option<&str> {
    let (base, _) = name.strip_prefix("ft:")?.split_once(':')?;
    name.get(.."ft:".len() + base.len())
}

/// What stands before `-YYYY-MM-DD`, `-YYYYMMDD` or `@YYYYMMDD`. Four digits are no date: `-2411` and `-0613` name models
/// with prices of their own.
fn strip_date(name: &str) -> Option<&str> {
    let number = |text: &str| text.bytes().all(|b| b.is_ascii_digit()).then(|| text.parse::<u32>().ok()).flatten();
    let is_date = |year: &str, month: &str, day: &str| {
        matches!(number(year), Some(2020..=2099))
            && matches!(number(month), Some(1..=12))
            && matches!(number(day), Some(1..=31))
    };
    if let Some((base, date)) = split_back(name, 11) {
        let mut parts = date.split('-');
        if let (Some(""), Some(year), Some(month), Some(day), None) =
            (parts.next(), parts.next(), parts.next(), parts.next(), parts.next())
            && (year.len(), month.len(), day.len()) == (4, 2, 2)
            && is_date(year, month, day)
        {
            return Some(base);
        }
    }
    let (base, date) = split_back(name, 9)?;
    let date = date.strip_prefix(['-', '@'])?;
    is_date(date.get(..4)?, date.get(4..6)?, date.get(6..)?).then_some(base)
}

/// The text without its last `count` bytes, and those.
fn split_back(text: &str, count: usize) -> Option<(&str, &str)> {
    text.split_at_checked(text.len().checked_sub(count)?).filter(|(base, _)| !base.is_empty())
}
#[cfg(test)]
mod tests {
    use super::*;

    const PROVIDERS: &str = r#"[{"name":"openai","ranked":true},{"name":"mistral","aliases":["mistralai"],"ranked":true},
        {"name":"anthropic","ranked":true},{"name":"google","aliases":["gemini"],"ranked":true},
        {"name":"azure-openai","aliases":["azure"],"ranked":true},{"name":"bedrock","ranked":true},
        {"name":"vertex","aliases":["vertex-ai"],"ranked":true},{"name":"openrouter","ranked":true},
        {"name":"deepinfra"},{"name":"novita"},{"name":"fireworks"}]"#;

    const MODELS: [(&str, &str, &[&str]); 24] = [
        ("openai", "gpt-4o", &["gpt-4-omni"]),
        ("openai", "gpt-4o-2024-05-13", &[]),
        ("openai", "GPT-5", &[]),
        ("openai", "ft:gpt-4o-2024-08-06", &[]),
        ("openai", "mistral-large", &[]),
        ("mistral", "mistral-large-latest", &[]),
        ("mistral", "mistral-small", &[]),
        ("anthropic", "claude-sonnet-4-5", &[]),
        ("anthropic", "claude-sonnet-4-5-20250929", &[]),
        ("google", "gemini-2.5-pro", &[]),
        ("azure-openai", "gpt-4o", &[]),
        ("azure-openai", "gpt-4o-mini", &[]),
        ("azure-openai", "eu/o1-preview", &[]),
        ("bedrock", "anthropic.claude-opus-4-7", &[]),
        ("bedrock", "anthropic.claude-3-haiku-20240307-v1:0", &[]),
        ("bedrock", "us.only.here", &[]),
        ("vertex", "claude-sonnet-4-5", &[]),
        ("openrouter", "anthropic/claude-sonnet-4.5", &[]),
        ("openrouter", "openai/gpt-oss-20b:free", &[]),
        ("deepinfra", "openai/gpt-oss-120b", &[]),
        ("deepinfra", "meta-llama/Llama-3.3-70B", &[]),
        ("novita", "meta-llama/Llama-3.3-70B", &[]),
        ("novita", "only/novita", &[]),
        ("fireworks", "accounts/fireworks/models/kimi-k2", &[]),
    ];

    fn book() -> Book {
        let models = MODELS.map(|(provider, id, aliases)| {
            let aliases: Vec<_> = aliases.iter().map(|alias| format!("\"{alias}\"")).collect();
            let rows = r#"[{"rates":{"input":"1"},"regions":{"us":{"multiplier":"1.1"},"eu":{}}}]"#;
            format!(r#"{{"provider":"{provider}","id":"{id}","aliases":[{}],"rows":{rows}}}"#, aliases.join(","))
        });
        let text = format!(r#"{{"tollgate":1,"providers":{PROVIDERS},"models":[{}]}}"#, models.join(","));
        Book::from_json(&text).unwrap()
    }

    fn found(model: &str, provider: Option<&str>) -> Option<String> {
        let book = book();
        let found = book.find(model, provider)?;
        let model = book.model(found.handle).unwrap();
        let region = found.region.map(|region| format!(" in {region}")).unwrap_or_default();
        Some(format!("{} {} {}{region}", found.kind.as_str(), model.provider, model.id))
    }

    #[test]
    fn names_find_their_model() {
        for (model, provider, expected) in [
            ("gpt-4o", None, "exact openai gpt-4o"),
            ("GPT-4O", None, "exact openai gpt-4o"),
            ("gpt-5", None, "exact openai GPT-5"),
            ("gpt-4-omni", None, "alias openai gpt-4o"),
            ("gpt-4o-2024-05-13", None, "exact openai gpt-4o-2024-05-13"),
            ("gpt-4o-2024-11-20", None, "dated openai gpt-4o"),
            ("gpt-4o-20241120", None, "dated openai gpt-4o"),
            ("gpt-4o@20241120", None, "dated openai gpt-4o"),
            ("gpt-4o-latest", None, "alias openai gpt-4o"),
            ("openai/gpt-4o", None, "prefix openai gpt-4o"),
            ("OpenAI/GPT-4o-2024-11-20", None, "dated openai gpt-4o"),
            ("azure/gpt-4o", None, "prefix azure-openai gpt-4o"),
            ("gpt-4o", Some("azure"), "exact azure-openai gpt-4o"),
            ("gpt-4o", Some("AZURE_OPENAI"), "exact azure-openai gpt-4o"),
            ("azure/gpt-4o", Some("azure-openai"), "prefix azure-openai gpt-4o"),
            ("gpt-4o-mini", None, "exact azure-openai gpt-4o-mini"),
            ("mistral-large-latest", Some("mistral"), "exact mistral mistral-large-latest"),
            ("mistralai/mistral-small", None, "prefix mistral mistral-small"),
            ("ft:gpt-4o-2024-08-06:acme::9f3a", None, "alias openai ft:gpt-4o-2024-08-06"),
            // Regions.
            ("azure/eu/gpt-4o", None, "prefix azure-openai gpt-4o in eu"),
            ("azure/us/gpt-4o-2031-01-01", None, "dated azure-openai gpt-4o in us"),
            ("azure/eu/o1-preview", None, "prefix azure-openai eu/o1-preview"),
            ("bedrock/us.anthropic.claude-opus-4-7", None, "prefix bedrock anthropic.claude-opus-4-7 in us"),
            ("us.anthropic.claude-opus-4-7-v1:0", None, "alias bedrock anthropic.claude-opus-4-7 in us"),
            ("global.anthropic.claude-opus-4-7", Some("bedrock"), "exact bedrock anthropic.claude-opus-4-7 in global"),
            (
                "bedrock/eu-west-1/anthropic.claude-opus-4-7",
                None,
                "prefix bedrock anthropic.claude-opus-4-7 in eu-west-1",
            ),
            ("us.only.here", None, "exact bedrock us.only.here"),
            ("bedrock/converse/us.anthropic.claude-opus-4-7", None, "prefix bedrock anthropic.claude-opus-4-7 in us"),
            ("bedrock/invoke/anthropic.claude-opus-4-7", None, "prefix bedrock anthropic.claude-opus-4-7"),
            // Spellings.
            ("anthropic.claude-3-haiku-20240307-v1:0", None, "exact bedrock anthropic.claude-3-haiku-20240307-v1:0"),
            ("claude-sonnet-4.5", None, "alias anthropic claude-sonnet-4-5"),
            ("anthropic/claude-sonnet-4.5", None, "alias anthropic claude-sonnet-4-5"),
            ("anthropic/claude-sonnet-4.5", Some("openrouter"), "exact openrouter anthropic/claude-sonnet-4.5"),
            ("openrouter/anthropic/claude-sonnet-4.5", None, "prefix openrouter anthropic/claude-sonnet-4.5"),
            ("openai/gpt-oss-20b:free", Some("openrouter"), "exact openrouter openai/gpt-oss-20b:free"),
            ("claude-sonnet-4-5@20250929", Some("anthropic"), "alias anthropic claude-sonnet-4-5-20250929"),
            ("vertex_ai/claude-sonnet-4-5@20250929", None, "dated vertex claude-sonnet-4-5"),
            ("vertex_ai/claude-sonnet-4-5@default", None, "alias vertex claude-sonnet-4-5"),
            ("publishers/anthropic/models/claude-sonnet-4-5", Some("vertex"), "prefix vertex claude-sonnet-4-5"),
            ("models/gemini-2.5-pro", Some("google"), "prefix google gemini-2.5-pro"),
            ("gemini/gemini-2.5-pro", None, "prefix google gemini-2.5-pro"),
            // Ids with many sellers.
            ("openai/gpt-oss-120b", None, "exact deepinfra openai/gpt-oss-120b"),
            ("only/novita", None, "exact novita only/novita"),
            ("novita/meta-llama/llama-3.3-70b", None, "prefix novita meta-llama/Llama-3.3-70B"),
            ("accounts/fireworks/models/kimi-k2", None, "exact fireworks accounts/fireworks/models/kimi-k2"),
        ] {
            assert_eq!(found(model, provider).as_deref(), Some(expected), "{model} {provider:?}");
        }
    }

    #[test]
    fn nothing_else_matches() {
        for (model, provider) in [
            ("", None),
            ("g", None),
            ("gpt-4", None),
            ("gpt-4o-", None),
            ("gpt-4o-min", None),
            ("gpt-4o-mini", Some("openai")),
            ("gpt-4o-mini-2024-07-18", Some("openai")),
            ("gpt-4oo", None),
            ("gpt-4o-0513", None),
            ("gpt-4o-2024", None),
            ("gpt-4o-2024-13-01", None),
            ("gpt-4o-1024-05-13", None),
            ("gpt-4o-latest-latest", None),
            ("mistral-small-2503", None),
            ("constructor", None),
            ("__proto__", None),
            ("toString", None),
            ("-2024-05-13", None),
            ("-latest", None),
            ("openai/", None),
            ("/gpt-4o", None),
            ("openai/openai/gpt-4o", None),
            ("unknown/gpt-4o", None),
            ("openai/gpt-4o", Some("azure-openai")),
            ("gpt-4o", Some("anthropic")),
            ("gpt-4o", Some("")),
            ("gpt-4o ", None),
            ("ft:gpt-4o:acme::9f3a", None),
            ("ft:gpt-4o-2024-08-06:", Some("azure")),
            ("gpt-4o-\u{fe0f}2024-11-20", None),
            ("ÿÿÿÿÿÿ-20241120", None),
            // A variant of OpenRouter's has a price of its own.
            ("anthropic/claude-sonnet-4.5:nitro", Some("openrouter")),
            ("openai/gpt-oss-20b", Some("openrouter")),
            // Which of two sellers is meant, nobody says.
            ("meta-llama/Llama-3.3-70B", None),
            // Regions stand once, and only where they are known.
            ("us.us.anthropic.claude-opus-4-7", None),
            ("us.", Some("bedrock")),
            ("xx.anthropic.claude-opus-4-7", None),
            ("azure/eu/eu/gpt-4o", None),
            ("eu/gpt-4o", Some("openai")),
            ("gpt-4o:0x", None),
            ("gpt.4o", None),
        ] {
            assert_eq!(found(model, provider), None, "{model:?} {provider:?}");
        }
        assert_eq!(found(&"g".repeat(10_000), None), None);
    }
}
