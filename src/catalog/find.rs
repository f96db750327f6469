//! From a name to its model. A name either is one of a model's names, or is cut at a known place and then is one;
//! nothing is compared by prefix or likeness, so `gpt-4o-mini` is never priced as `gpt-4o`.

use super::book::{Book, Handle, Provider};

/// How a name came to its model.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MatchKind {
    /// The model's own id, in any case.
    Exact,
    /// Another name of the model, its `-latest`, or a fine-tune named after it.
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
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Match {
    /// The model.
    pub handle: Handle,
    /// How it was found.
    pub kind: MatchKind,
}

/// No id is longer: a name beyond this is not looked up.
const MAX_NAME: usize = 256;

impl Book {
    /// The model of that name.
    ///
    /// A named provider is always honoured: a model of another one is never given. Without one, the provider named by
    /// a prefix (`openai/gpt-5`) counts, then the providers in the book's order, first parties before resellers.
    pub fn find(&self, model: &str, provider: Option<&str>) -> Option<Match> {
        if model.is_empty() || model.len() > MAX_NAME {
            return None;
        }
        let name = model.to_ascii_lowercase();
        let prefixed = name.split_once('/').and_then(|(prefix, rest)| Some((self.provider(prefix)?, rest)));
        match provider {
            Some(provider) => {
                let provider = self.provider(provider)?;
                self.find_in(provider, &name).or_else(|| {
                    // A prefix that contradicts the provider is no name of that provider's model.
                    let (named, rest) = prefixed?;
                    if named.place == provider.place { self.find_prefixed(named, rest) } else { None }
                })
            }
            None => prefixed
                .and_then(|(provider, rest)| self.find_prefixed(provider, rest))
                .or_else(|| self.providers().iter().find_map(|provider| self.find_in(provider, &name))),
        }
    }

    fn find_prefixed(&self, provider: &Provider, rest: &str) -> Option<Match> {
        let mut found = self.find_in(provider, rest)?;
        if found.kind == MatchKind::Exact {
            found.kind = MatchKind::Prefix;
        }
        Some(found)
    }

    fn find_in(&self, provider: &Provider, name: &str) -> Option<Match> {
        let own = |name: &str, kind: Option<MatchKind>| {
            let found = self.names.find(&self.text, provider.place, name)?;
            let kind = kind.unwrap_or(if found.is_alias { MatchKind::Alias } else { MatchKind::Exact });
            Some(Match { handle: found.handle, kind })
        };
        own(name, None)
            .or_else(|| own(name.strip_suffix("-latest")?, Some(MatchKind::Alias)))
            .or_else(|| own(strip_date(name)?, Some(MatchKind::Dated)))
            .or_else(|| own(base_of_fine_tune(name)?, Some(MatchKind::Alias)))
    }
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

    const BOOK: &str = "tollgate-prices 1\nS 2026-11-01 a test\nP openai\nM gpt-4o =gpt-4-omni\nR s0 i2.5 o10\n\
        M gpt-4o-2024-05-13\nR s0 i5 o15\nM GPT-5\nR s0 i1.25 o10\nM ft:gpt-4o-2024-08-06\nR s0 i3.75 o15\n\
        M mistral-large\nR s0 i9 o9\nP mistral mistralai\nM mistral-large-latest\nR s0 i2 o6\nM mistral-small\nR s0 i1 o1\n\
        P azure-openai azure\nM gpt-4o\nR s0 i2.75 o11\nM gpt-4o-mini\nR s0 i0.15 o0.6\n";

    fn found(model: &str, provider: Option<&str>) -> Option<String> {
        let book = Book::parse(BOOK).unwrap();
        let found = book.find(model, provider)?;
        let model = book.model(found.handle).unwrap();
        Some(format!("{} {} {}", found.kind.as_str(), model.provider, model.id))
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
            ("gpt-4o", Some("azure-openai"), "exact azure-openai gpt-4o"),
            ("azure/gpt-4o", Some("azure-openai"), "prefix azure-openai gpt-4o"),
            ("gpt-4o-mini", None, "exact azure-openai gpt-4o-mini"),
            ("mistral-large-latest", Some("mistral"), "exact mistral mistral-large-latest"),
            ("mistralai/mistral-small", None, "prefix mistral mistral-small"),
            ("ft:gpt-4o-2024-08-06:acme::9f3a", None, "alias openai ft:gpt-4o-2024-08-06"),
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
        ] {
            assert_eq!(found(model, provider), None, "{model:?} {provider:?}");
        }
        assert_eq!(found(&"g".repeat(10_000), None), None);
    }
}
