//! Fresh prices for a book, handed in; and what is there to know about the ones it has. The rules are in
//! [`crate::catalog`] and [`crate::price`].

use wasm_bindgen::{JsValue, prelude::wasm_bindgen};

use crate::{
    catalog::{Book, Clock, Difference, Handle, Limits},
    error::{Error, Result},
    json::Writer,
    price::{self, Query},
    provider::http::{Head, error_from_response},
    time::Instant,
    usage::Usage,
    web::{
        price::{PriceBook, aggregated},
        value,
    },
};

const QUERY: [&str; 6] = ["provider", "usage", "at", "serviceTier", "region", "aggregated"];

#[wasm_bindgen]
impl PriceBook {
    /// Reads a table as [`PriceBook::from_json`], in UTF-8, that was fetched at a moment.
    #[wasm_bindgen(js_name = readFetched)]
    pub fn read_fetched(text: &[u8], clock: f64) -> Result<PriceBook> {
        let text = str::from_utf8(text).map_err(|bad| {
            Error::input(format!("cannot read prices: expected UTF-8, found other bytes at {}", bad.valid_up_to()))
        })?;
        let clock = Clock::Fetched(Instant::from_ms(clock as i64));
        Ok(Self::of(Book::from_json_at(text, clock)?))
    }

    /// This book with another one over it.
    pub fn merge(&self, over: &PriceBook) -> Result<PriceBook> {
        Ok(Self::of(self.book().merge(over.book())?))
    }

    /// What a table would change, which lies over this book in `merged`: the lists of an `UpdateReport` as JSON text, with its
    /// `refusal` where that is too much.
    pub fn difference(&self, table: &PriceBook, merged: &PriceBook, price_ratio: f64, lost: f64, taken: f64) -> String {
        let limits = Limits { price_ratio, lost, taken };
        let difference = Difference::between(self.book(), table.book(), merged.book(), limits);
        let mut to = Writer::new();
        to.open('{');
        if let Some(refusal) = difference.refusal(limits) {
            to.key("refusal");
            to.open('{');
            to.text_of("reason", refusal.reason);
            to.text_of("detail", &refusal.detail);
            to.optional_text_of("path", refusal.path.as_deref());
            to.close('}');
        }
        to.bool_of("same", difference.is_empty());
        to.value_of("difference", &difference);
        to.close('}');
        to.end()
    }

    /// Where the models of an earlier book stand in this one, by their handles there; -1 for none.
    #[wasm_bindgen(js_name = placesOf)]
    pub fn places_of(&self, earlier: &PriceBook) -> Vec<i32> {
        let place = |handle: Option<Handle>| handle.map_or(-1, |handle| handle.0 as i32);
        self.book().places_of(earlier.book()).into_iter().map(place).collect()
    }

    /// `StaleRate[]` as JSON text, as of an instant; now, if left out.
    pub fn stale(&self, older_than_days: f64, at: &JsValue) -> Result<String> {
        if older_than_days.is_nan() || older_than_days < 0.0 {
            return Err(Error::input("cannot look for stale rates: expected a number of days from 0, found another"));
        }
        let at = value::optional_instant(at)?.unwrap_or_else(|| self.present());
        let mut to = Writer::new();
        to.list(self.book().stale(older_than_days, at));
        Ok(to.end())
    }

    /// `Explanation | Unpriced` as JSON text, of a model and the rest of a `PriceQuery`.
    pub fn explain(&self, model: &str, query: &JsValue) -> Result<String> {
        const WHAT: &str = "price query";
        if !query.is_undefined() && !query.is_null() {
            value::check_object_keys(query, WHAT, &QUERY)?;
        }
        let text = |key| value::get_string(query, key, WHAT);
        let (provider, service_tier, region) = (text("provider")?, text("serviceTier")?, text("region")?);
        let given = value::get(query, "usage");
        let usage = if given.is_undefined() {
            Usage::default()
        } else {
            let pairs = value::usage_pairs(&given)?;
            Usage::from_pairs(pairs.iter().map(|(key, number)| (key.as_str(), *number)))?
        };
        let at = value::optional_instant(&value::get(query, "at"))?.unwrap_or_else(|| self.present());
        Ok(price::explain(
            self.book(),
            &Query {
                service_tier: service_tier.as_deref(),
                region: region.as_deref(),
                aggregated: aggregated(query)?,
                ..Query::new(model, provider.as_deref(), &usage, at)
            },
        ))
    }
}

/// Throws the error of an answer with an error status to a request for prices.
#[wasm_bindgen(js_name = throwStatus)]
pub fn throw_status(status: u16, body: &str) -> Result<()> {
    Err(error_from_response("prices", &Head { status, ..Head::default() }, body))
}
