//! The public forms: what TypeScript sees of costs, bounds and estimates. Money stands twice, as its exact text and as
//! the double nearest to that text.

use crate::{
    json::{ToJson, Writer},
    money::Usd,
};

use super::{Answer, Bound, BoundAnswer, Breakdown, Cost, Item, Unpriced};

impl ToJson for Item {
    /// `CostItem`.
    fn write(&self, to: &mut Writer) {
        to.open('{');
        to.text_of("unit", &self.name);
        to.number_of("quantity", self.amount());
        to.text_of("ratePerMillion", &self.rate.per_million_at(self.factor));
        to.value_of("usd", &self.usd);
        to.close('}');
    }
}

impl ToJson for Breakdown {
    /// `CostBreakdown`: input and output always, the other parts where they cost something.
    fn write(&self, to: &mut Writer) {
        let parts = [
            ("inputCost", "input", self.input, true),
            ("outputCost", "output", self.output, true),
            ("imageCost", "image", self.image, false),
            ("audioCost", "audio", self.audio, false),
            ("otherCost", "other", self.other, false),
        ];
        let shown = || parts.iter().filter(|(_, _, usd, always)| *always || *usd != Usd::ZERO);
        to.open('{');
        shown().for_each(|(key, _, usd, _)| to.number_of(key, usd.to_f64()));
        to.key("usd");
        to.open('{');
        shown().for_each(|(_, key, usd, _)| to.value_of(key, usd));
        to.close('}');
        to.close('}');
    }
}

impl ToJson for Cost {
    /// `Cost`.
    fn write(&self, to: &mut Writer) {
        to.open('{');
        write_cost(self, to);
        to.close('}');
    }
}

impl ToJson for Bound {
    /// `Bound`.
    fn write(&self, to: &mut Writer) {
        to.open('{');
        write_cost(&self.cost, to);
        to.list_of("assumptions", &self.assumptions);
        to.number_of("inputTokens", self.input_tokens as f64);
        to.number_of("outputTokens", self.output_tokens as f64);
        to.close('}');
    }
}

/// The members of a `Cost`.
pub(crate) fn write_cost(cost: &Cost, to: &mut Writer) {
    to.bool_of("priced", true);
    to.value_of("usd", &cost.usd);
    to.number_of("amount", cost.usd.to_f64());
    to.list_of("items", &cost.items);
    to.text_of("model", &cost.model);
    to.text_of("provider", &cost.provider);
    to.text_of("matchType", cost.kind.as_str());
    to.value_of("source", &cost.source);
    if let Some((low, high)) = cost.range {
        to.value_of("low", &low);
        to.value_of("high", &high);
    }
    to.list_of("warnings", &cost.warnings);
}

impl ToJson for Unpriced {
    /// `Unpriced`.
    fn write(&self, to: &mut Writer) {
        to.open('{');
        to.bool_of("priced", false);
        to.text_of("reason", self.reason.as_str());
        to.text_of("detail", &self.detail);
        to.close('}');
    }
}

impl ToJson for Answer {
    /// `Cost | Unpriced`.
    fn write(&self, to: &mut Writer) {
        match self {
            Answer::Priced(cost) => cost.write(to),
            Answer::Unpriced(unpriced) => unpriced.write(to),
        }
    }
}

impl ToJson for BoundAnswer {
    /// `Bound | Unpriced`.
    fn write(&self, to: &mut Writer) {
        match self {
            BoundAnswer::Bounded(bound) => bound.write(to),
            BoundAnswer::Unpriced(unpriced) => unpriced.write(to),
        }
    }
}

#[cfg(test)]
mod tests {
    use crate::catalog::Book;
    use crate::json::ToJson;
    use crate::price::{Demand, Query, price, upper_bound};
    use crate::time::Instant;
    use crate::usage::{Unit, Usage};

    #[test]
    fn the_public_forms() {
        let text = r#"{"tollgate":1,"sources":[{"id":"a","name":"a 1","retrievedAt":"2026-11-21"}],
            "models":[{"provider":"p","id":"m","maxOutput":10,"rows":[{"from":"2026-01-01","source":"a",
            "url":"https://p.example","rates":{"input":"1.25","output":"10","webSearches":"0.01"},
            "tiers":[{"above":100,"edge":"disputed","rates":{"input":"2"}}]}]}]}"#;
        let book = Book::from_json(text).unwrap();
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
        assert!(text.contains(r#""assumptions":["output up to the model's maximum of 10 tokens","the context tier from 100 input tokens applies where it is dearer"],"inputTokens":100,"outputTokens":10}"#), "{text}");
    }

    fn json(value: &dyn ToJson) -> String {
        value.to_json()
    }
}
