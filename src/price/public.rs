//! The public forms: what TypeScript sees of costs, bounds and estimates. Money stands twice, as its exact text and as
//! the double nearest to that text.

use serde::{Serialize, Serializer, ser::SerializeMap};

use crate::money::Usd;

use super::{Answer, Bound, BoundAnswer, Breakdown, Cost, Item, Unpriced};

impl Serialize for Item {
    /// `CostItem`.
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        let mut map = to.serialize_map(None)?;
        map.serialize_entry("unit", &self.name)?;
        map.serialize_entry("quantity", &Number(self.amount()))?;
        map.serialize_entry("ratePerMillion", &self.rate.per_million())?;
        map.serialize_entry("usd", &self.usd)?;
        map.end()
    }
}

/// A number that JSON shows whole where it is (`100`, not `100.0`).
struct Number(f64);

impl Serialize for Number {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        // Beyond 2^53 - 1 an integer would not cross into JavaScript.
        if self.0.fract() == 0.0 && self.0 < (1_u64 << 53) as f64 {
            to.serialize_u64(self.0 as u64)
        } else {
            to.serialize_f64(self.0)
        }
    }
}

impl Serialize for Breakdown {
    /// `CostBreakdown`: input and output always, the other parts where they cost something.
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        let parts = [
            ("inputCost", "input", self.input, true),
            ("outputCost", "output", self.output, true),
            ("imageCost", "image", self.image, false),
            ("audioCost", "audio", self.audio, false),
            ("otherCost", "other", self.other, false),
        ];
        let shown = parts.into_iter().filter(|(_, _, usd, always)| *always || *usd != Usd::ZERO);
        let mut map = to.serialize_map(None)?;
        for (key, _, usd, _) in shown.clone() {
            map.serialize_entry(key, &usd.to_f64())?;
        }
        map.serialize_entry("usd", &Exact(shown.map(|(_, key, usd, _)| (key, usd)).collect()))?;
        map.end()
    }
}

/// Amounts by fixed names.
struct Exact(Vec<(&'static str, Usd)>);

impl Serialize for Exact {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        to.collect_map(self.0.iter().copied())
    }
}

impl Serialize for Cost {
    /// `Cost`.
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        let mut map = to.serialize_map(None)?;
        cost_entries(self, &mut map)?;
        map.end()
    }
}

impl Serialize for Bound {
    /// `Bound`.
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        let mut map = to.serialize_map(None)?;
        cost_entries(&self.cost, &mut map)?;
        map.serialize_entry("assumptions", &self.assumptions)?;
        map.serialize_entry("inputTokens", &Number(self.input_tokens as f64))?;
        map.serialize_entry("outputTokens", &Number(self.output_tokens as f64))?;
        map.end()
    }
}

fn cost_entries<M: SerializeMap>(cost: &Cost, map: &mut M) -> Result<(), M::Error> {
    map.serialize_entry("priced", &true)?;
    map.serialize_entry("usd", &cost.usd)?;
    map.serialize_entry("amount", &cost.usd.to_f64())?;
    map.serialize_entry("items", &cost.items)?;
    map.serialize_entry("model", &cost.model)?;
    map.serialize_entry("provider", &cost.provider)?;
    map.serialize_entry("matchType", &cost.kind)?;
    map.serialize_entry("source", &cost.source)?;
    if let Some((low, high)) = cost.range {
        map.serialize_entry("low", &low)?;
        map.serialize_entry("high", &high)?;
    }
    map.serialize_entry("warnings", &cost.warnings)
}

impl Serialize for Unpriced {
    /// `Unpriced`.
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        let mut map = to.serialize_map(None)?;
        map.serialize_entry("priced", &false)?;
        map.serialize_entry("reason", self.reason.as_str())?;
        map.serialize_entry("detail", &self.detail)?;
        map.end()
    }
}

impl Serialize for Answer {
    /// `Cost | Unpriced`.
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        match self {
            Answer::Priced(cost) => cost.serialize(to),
            Answer::Unpriced(unpriced) => unpriced.serialize(to),
        }
    }
}

impl Serialize for BoundAnswer {
    /// `Bound | Unpriced`.
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        match self {
            BoundAnswer::Bounded(bound) => bound.serialize(to),
            BoundAnswer::Unpriced(unpriced) => unpriced.serialize(to),
        }
    }
}

#[cfg(test)]
mod tests {
    use crate::catalog::Book;
    use crate::price::{Demand, Query, price, upper_bound};
    use crate::time::Instant;
    use crate::usage::{Unit, Usage};

    #[test]
    fn the_public_forms() {
        let text = "tollgate-prices 1\nS 2026-11-21 a 1\nU https://p.example\nP p\nM m o10\nR s0 u0 f2026-01-01 i1.25 o10 e0.01\nT ?100 i2\n";
        let book = Book::parse(text).unwrap();
        let at = Instant::parse("2026-11-21").unwrap();
        let used = Usage::tokens(100, 3).with(Unit::WebSearches, 2);
        let cost = price(&book, &Query::new("m", None, &used, at));
        assert_eq!(
            json(&cost),
            r#"{"priced":true,"usd":"0.020155","amount":0.020155,"items":[{"unit":"input","quantity":100,"ratePerMillion":"1.25","usd":"0.000125"},{"unit":"output","quantity":3,"ratePerMillion":"10","usd":"0.00003"},{"unit":"webSearches","quantity":2,"ratePerMillion":"10000","usd":"0.02"}],"model":"m","provider":"p","matchType":"exact","source":{"name":"a 1","url":"https://p.example","effectiveFrom":"2026-01-01","retrievedAt":"2026-11-21"},"low":"0.020155","high":"0.02023","warnings":[{"code":"tier_boundary","message":"the sources differ on whether a request of exactly 100 input tokens is in the dearer tier; the cost is the low side"}]}"#
        );
        let crate::price::Answer::Priced(cost) = cost else { panic!("priced") };
        assert_eq!(
            json(&cost.breakdown()),
            r#"{"inputCost":0.000125,"outputCost":0.00003,"otherCost":0.02,"usd":{"input":"0.000125","output":"0.00003","other":"0.02"}}"#
        );
        let none = price(&book, &Query::new("n", None, &used, at));
        assert_eq!(
            json(&none),
            r#"{"priced":false,"reason":"unknown_model","detail":"no price is known for the model \"n\""}"#
        );
        let bound = upper_bound(&book, &Demand::new("m", None, 100, None, at));
        let text = json(&bound);
        assert!(text.contains(r#""assumptions":["output up to the model's maximum of 10 tokens","the context tier of 100 input tokens applies where it is dearer"],"inputTokens":100,"outputTokens":10}"#), "{text}");
    }

    fn json(value: &impl serde::Serialize) -> String {
        serde_json::to_string(value).unwrap()
    }
}
