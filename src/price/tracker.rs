//! The cost tracker: a book, the caller's own rates over it, and what to do about a model that neither knows.

use crate::collections::Map;
use std::sync::Arc;

use crate::catalog::{Book, MatchKind, Model};
use crate::error::{Code, Error, Result, Warning, WarningCode};
use crate::money::Usd;
use crate::time::Instant;
use crate::usage::Usage;

use super::bound::{BoundAnswer, Demand, bound_subject};
use super::breakdown::Breakdown;
use super::cost::{Answer, Cost, Item, Query, Reason, Unpriced, price_subject};
use super::custom::Custom;
use super::sheet::Subject;
use super::view::{ModelPricing, view};

/// What a tracker does about a model without a price.
#[derive(Clone, Debug, Default, PartialEq)]
pub enum UnknownModel {
    /// Shows 0 with `priced: false` and a warning.
    #[default]
    Zero,
    /// Fails with [`Code::UnknownModel`].
    Error,
    /// Prices it at these rates, with a warning.
    Fallback(Box<Custom>),
}

/// Prices by a book and the caller's own rates.
#[derive(Clone, Debug)]
pub struct Tracker {
    book: Arc<Book>,
    custom: Map<String, Custom>,
    /// What to do about a model without a price.
    pub unknown_model: UnknownModel,
    /// The provider to show for a model whose provider nobody names.
    pub default_provider: Option<String>,
    /// A tracker that is not enabled prices nothing: every cost is 0 with `priced: false`.
    pub enabled: bool,
}

/// A cost as AgentGuard's programs read it: always a number, and a flag whether to believe it.
#[derive(Clone, Debug, PartialEq)]
pub struct Estimate {
    /// The cost; zero where there is no price.
    pub usd: Usd,
    /// Whether there is a price.
    pub priced: bool,
    /// The provider: as asked for, else of the rates found, else the default.
    pub provider: String,
    /// The parts, which sum to the cost.
    pub breakdown: Breakdown,
    /// What the cost is made of.
    pub items: Vec<Item>,
    /// What is worth telling.
    pub warnings: Vec<Warning>,
}

impl Tracker {
    /// A tracker without rates of the caller's own.
    pub fn new(book: Arc<Book>) -> Self {
        Self { book, custom: Map::new(), unknown_model: UnknownModel::Zero, default_provider: None, enabled: true }
    }

    /// The book.
    pub fn book(&self) -> &Book {
        &self.book
    }

    /// Puts rates of the caller's own over the built-in ones of exactly this model; replaces those set before.
    pub fn set_custom(&mut self, model: &str, custom: Custom) -> Result<()> {
        if model.is_empty() {
            return Err(Error::input("cannot add custom pricing: expected the name of a model, found an empty one"));
        }
        self.custom.insert(model.to_ascii_lowercase(), custom);
        Ok(())
    }

    /// Takes them away again; says whether there were any.
    pub fn remove_custom(&mut self, model: &str) -> bool {
        self.custom.remove(&model.to_ascii_lowercase()).is_some()
    }

    /// Whether the caller has set rates for this model.
    pub fn has_custom(&self, model: &str) -> bool {
        self.custom_of(model).is_some()
    }

    /// The model of the book that a name finds.
    pub fn model(&self, model: &str, provider: Option<&str>) -> Option<&Model> {
        self.book.model(self.book.find(model, provider)?.handle)
    }

    /// The cost of a usage. Fails only by the policy for unknown models.
    pub fn price(&self, query: &Query<'_>) -> Result<Answer> {
        let priced = self
            .subject(query.model, query.provider, query.at)
            .and_then(|subject| price_subject(&subject, query))
            .or_else(|unpriced| {
                self.fall_back(unpriced, query.model, query.provider, |s| price_subject(s, query), warn)
            });
        self.answer(priced, query.model).map(|priced| match priced {
            Ok(cost) => Answer::Priced(cost),
            Err(unpriced) => Answer::Unpriced(unpriced),
        })
    }

    /// The most that a demand can cost. Fails only by the policy for unknown models.
    pub fn upper_bound(&self, demand: &Demand<'_>) -> Result<BoundAnswer> {
        let bound = self
            .subject(demand.model, demand.provider, demand.at)
            .and_then(|subject| bound_subject(&subject, demand))
            .or_else(|unpriced| {
                let warn = |bound: &mut super::Bound, warning| bound.cost.warnings.push(warning);
                self.fall_back(unpriced, demand.model, demand.provider, |s| bound_subject(s, demand), warn)
            });
        self.answer(bound, demand.model).map(|bound| match bound {
            Ok(bound) => BoundAnswer::Bounded(bound),
            Err(unpriced) => BoundAnswer::Unpriced(unpriced),
        })
    }

    /// The cost as AgentGuard's programs read it, at the default service tier and region.
    pub fn estimate(&self, model: &str, usage: &Usage, provider: Option<&str>, at: Instant) -> Result<Estimate> {
        self.estimate_query(&Query::new(model, provider, usage, at))
    }

    /// The cost of a query as AgentGuard's programs read it.
    pub fn estimate_query(&self, query: &Query<'_>) -> Result<Estimate> {
        let Query { model, provider, at, .. } = *query;
        if model.is_empty() {
            return Err(Error::input("cannot price the call: expected the name of a model, found an empty one"));
        }
        if !self.enabled {
            return Ok(self.zero(model, provider, at, None));
        }
        Ok(match self.price(query)? {
            Answer::Priced(cost) => Estimate {
                usd: cost.usd,
                priced: true,
                breakdown: cost.breakdown(),
                provider: provider.map_or(cost.provider, |asked| self.canonical(asked)),
                items: cost.items,
                warnings: cost.warnings,
            },
            Answer::Unpriced(unpriced) => self.zero(model, provider, at, Some(unpriced.warning())),
        })
    }

    /// The rates in force, for reading.
    pub fn pricing(&self, model: &str, provider: Option<&str>, at: Instant) -> Option<ModelPricing> {
        self.subject(model, provider, at).ok().map(|subject| view(&subject))
    }

    fn zero(&self, model: &str, provider: Option<&str>, at: Instant, warning: Option<Warning>) -> Estimate {
        let known = || self.subject(model, None, at).ok().map(|subject| subject.provider.to_owned());
        let provider = provider.map(|asked| self.canonical(asked)).or_else(known);
        Estimate {
            usd: Usd::ZERO,
            priced: false,
            provider: provider.or_else(|| self.default_provider.clone()).unwrap_or_else(|| "custom".to_owned()),
            breakdown: Breakdown::default(),
            items: Vec::new(),
            warnings: warning.into_iter().collect(),
        }
    }

    fn canonical(&self, provider: &str) -> String {
        self.book.canonical_provider(provider).unwrap_or(provider).to_owned()
    }

    /// Rates of the caller's own win over the book's, whatever the provider: they are filed by model.
    fn subject<'a>(&'a self, model: &'a str, provider: Option<&'a str>, at: Instant) -> Result<Subject<'a>, Unpriced> {
        let built_in = Subject::find(&self.book, model, provider, at);
        let Some(custom) = self.custom_of(model) else { return built_in };
        // Only the row of exactly that model lies below: a snapshot or alias may cost something else.
        let exact = built_in.ok().filter(|s| matches!(s.kind, MatchKind::Exact | MatchKind::Prefix));
        let provider = custom.provider.as_deref().or(exact.as_ref().map(|s| s.provider)).or(provider);
        Ok(Subject {
            model: exact.as_ref().map_or(model, |s| s.model),
            provider: provider.or(self.default_provider.as_deref()).unwrap_or("custom"),
            kind: MatchKind::Exact,
            region: exact.as_ref().and_then(|s| s.region.clone()),
            built_in: exact.and_then(|s| s.built_in),
            custom: Some(custom),
        })
    }

    fn custom_of(&self, model: &str) -> Option<&Custom> {
        if self.custom.is_empty() {
            return None;
        }
        let name = model.to_ascii_lowercase();
        self.custom.get(&name).or_else(|| {
            // `openai/gpt-5` and `gpt-5` are one model.
            let (prefix, rest) = name.split_once('/')?;
            self.book.canonical_provider(prefix)?;
            self.custom.get(rest)
        })
    }

    /// Tries the fallback rates for a model that has none.
    fn fall_back<'a, T>(
        &'a self,
        unpriced: Unpriced,
        model: &'a str,
        provider: Option<&'a str>,
        price: impl FnOnce(&Subject<'a>) -> Result<T, Unpriced>,
        warn: impl FnOnce(&mut T, Warning),
    ) -> Result<T, Unpriced> {
        let (UnknownModel::Fallback(custom), Reason::UnknownModel) = (&self.unknown_model, unpriced.reason) else {
            return Err(unpriced);
        };
        let subject = Subject {
            model,
            provider: provider.or(custom.provider.as_deref()).or(self.default_provider.as_deref()).unwrap_or("custom"),
            kind: MatchKind::Exact,
            region: None,
            built_in: None,
            custom: Some(custom),
        };
        let mut priced = price(&subject)?;
        let detail = format!("{}; it is priced at the fallback rates", unpriced.detail);
        warn(&mut priced, Warning::new(WarningCode::UnknownModel, detail));
        Ok(priced)
    }

    /// Applies the policy of an error for what has no price.
    fn answer<T>(&self, priced: Result<T, Unpriced>, model: &str) -> Result<Result<T, Unpriced>> {
        match priced {
            Err(unpriced) if self.unknown_model == UnknownModel::Error && unpriced.reason == Reason::UnknownModel => {
                Err(Error::new(
                    Code::UnknownModel,
                    format!("cannot price the call: expected a model with a price, found none: {}", unpriced.detail),
                )
                .with("model", model))
            }
            priced => Ok(priced),
        }
    }
}

/// Reads a `TokenUsage`: its counts, and a warning where its total is not the sum of the parts, which count.
pub fn read_token_usage<'a>(pairs: impl IntoIterator<Item = (&'a str, f64)>) -> Result<(Usage, Option<Warning>)> {
    let (usage, total) = Usage::from_token_pairs(pairs)?;
    let sum = usage.total_tokens();
    let warning = total.filter(|total| *total != sum).map(|total| {
        let message = format!("totalTokens is {total} and the parts sum to {sum}; the parts count");
        Warning::new(WarningCode::TotalMismatch, message)
    });
    Ok((usage, warning))
}

fn warn(cost: &mut Cost, warning: Warning) {
    cost.warnings.push(warning);
}
