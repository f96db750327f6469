//! Price books and trackers, handed out. What a model costs, and what to do when nobody knows, is decided in
//! [`crate::price`].

use std::{cell::RefCell, rc::Rc, sync::Arc};

use wasm_bindgen::{JsValue, prelude::wasm_bindgen};

use crate::{
    call::{self, Asked, BoundOptions},
    catalog::{self, Book, Clock, Handle, MatchKind, Words},
    error::{Error, Result, Warning, check_keys},
    json::{Raw, ToJson, Writer},
    money::Usd,
    object::{Object, wrong},
    price::{self, Breakdown, Custom, Item, ModelPricing, Query, QuickSheet, UnknownModel},
    time::Instant,
    usage::{MAX_COUNT, Unit, Usage},
    web::{clock, seen::Seen, tokens::with_room, value},
};

/// A price book.
#[wasm_bindgen]
pub struct PriceBook {
    book: Arc<Book>,
    /// When the newest source was read.
    retrieved: f64,
    /// What the last bodies said their models were.
    seen: RefCell<Seen>,
}

/// A model found.
struct Found<'a> {
    id: &'a str,
    provider: &'a str,
    match_type: MatchKind,
    region: Option<&'a str>,
}

impl ToJson for Found<'_> {
    fn write(&self, to: &mut Writer) {
        to.open('{');
        to.text_of("id", self.id);
        to.text_of("provider", self.provider);
        to.text_of("matchType", self.match_type.as_str());
        to.optional_text_of("region", self.region);
        to.close('}');
    }
}

const BOUND: [&str; 6] = ["provider", "model", "maxOutputTokens", "at", "region", "fallbacks"];
const QUERY: [&str; 7] = ["model", "provider", "usage", "at", "serviceTier", "region", "aggregated"];
const RESPONSE: [&str; 5] = ["provider", "model", "at", "serviceTier", "region"];

#[wasm_bindgen]
impl PriceBook {
    /// Opens a packed book, in UTF-8: one of the package's own, which was checked when it was made.
    ///
    /// Bytes and no text: the glue reads a text character by character, which takes milliseconds in a new process.
    #[wasm_bindgen(constructor)]
    pub fn new(packed: &[u8]) -> Result<PriceBook> {
        let packed = str::from_utf8(packed).map_err(|_| Error::input("cannot read price book: expected UTF-8"))?;
        Ok(Self::of(Book::open(packed)?))
    }

    /// Reads a table of prices as JSON text: ours, LiteLLM's, genai-prices' or models.dev's. None of its sources was read later
    /// than the clock says; what was a book already comes without one.
    #[wasm_bindgen(js_name = fromJSON)]
    pub fn from_json(text: &str, clock: Option<f64>) -> Result<PriceBook> {
        let clock = clock.map_or(Clock::Unknown, |now| Clock::Kept(Instant::from_ms(now as i64)));
        Ok(Self::of(Book::from_json_at(text, clock)?))
    }

    /// The book as JSON text in our format.
    #[wasm_bindgen(js_name = toJSON)]
    pub fn to_json(&self) -> String {
        self.book.to_json()
    }

    /// How many models it has.
    #[wasm_bindgen(getter)]
    pub fn size(&self) -> u32 {
        self.book.len() as u32
    }

    /// The handle of a model, -1 when it is not known.
    pub fn handle(&self, model: &str, provider: Option<String>) -> i32 {
        // A handle names no region, and without it the price would be another one.
        let found = self.book.find(model, provider.as_deref()).filter(|found| found.region.is_none());
        found.map_or(-1, |found| found.handle.0 as i32)
    }

    /// The cost at the rates of a moment: NaN without a price, and -1, which no cost is, for a count that is none. For what
    /// [`PriceBook::sheet`] does not say.
    pub fn cost(&self, handle: i32, input: f64, output: f64, cache_read: f64, cache_write: f64, now: f64) -> f64 {
        let counts = [input, output, cache_read, cache_write];
        let Some(model) = u32::try_from(handle).ok().and_then(|handle| self.book.model(Handle(handle))) else {
            return f64::NAN;
        };
        let mut usage = Usage::default();
        for (unit, number) in [Unit::Input, Unit::Output, Unit::CacheRead, Unit::CacheWrite].into_iter().zip(counts) {
            let Some(count) = count(number) else { return -1.0 };
            usage.set(unit, count);
        }
        let at = self.book.present(Instant::from_ms(now as i64));
        let cost = price::price_model(model, &Query::new("", None, &usage, at));
        cost.map_or(f64::NAN, |cost| cost.usd.to_f64())
    }

    /// The prices of a model laid out flat, as [`QuickSheet`] has them, in force when the newest source was read. Of one that has
    /// none they hold at no time; of no model there are no numbers.
    pub fn sheet(&self, handle: i32) -> Vec<f64> {
        let Some(model) = u32::try_from(handle).ok().and_then(|handle| self.book.model(Handle(handle))) else {
            return Vec::new();
        };
        let sheet = QuickSheet::of(model, Instant::from_ms(self.retrieved as i64));
        sheet.map_or_else(|| vec![f64::NAN, f64::NAN, 0.0], |sheet| sheet.numbers().to_vec())
    }

    /// Throws what is wrong with the counts of a `cost`.
    #[wasm_bindgen(js_name = checkCounts)]
    pub fn check_counts(&self, input: f64, output: f64, cache_read: f64, cache_write: f64) -> Result<()> {
        let pairs = [("input", input), ("output", output), ("cacheRead", cache_read), ("cacheWrite", cache_write)];
        Usage::from_pairs(pairs).map(|_| ())
    }

    /// `Cost | Unpriced` of a `PriceQuery`.
    pub fn price(&self, query: &JsValue) -> Result<JsValue> {
        value::check_object_keys(query, "price query", &QUERY)?;
        let text = |key| value::get_string(query, key, "price query");
        let model = text("model")?
            .filter(|model| !model.is_empty())
            .ok_or_else(|| Error::input("cannot read price query: expected model to name a model, found none"))?;
        let (provider, service_tier, region) = (text("provider")?, text("serviceTier")?, text("region")?);
        let aggregated = aggregated(query)?;
        let pairs = value::usage_pairs(&value::get(query, "usage"))?;
        let usage = Usage::from_pairs(pairs.iter().map(|(key, number)| (key.as_str(), *number)))?;
        let at = value::optional_instant(&value::get(query, "at"))?.unwrap_or_else(|| self.present());
        value::to_js(&price::price(
            &self.book,
            &Query {
                model: &model,
                provider: provider.as_deref(),
                usage: &usage,
                at,
                service_tier: service_tier.as_deref(),
                served_tier: None,
                region: region.as_deref(),
                aggregated,
            },
        ))
    }

    /// What a name finds as one number: the handle times the length of [`PriceBook::kinds`], and the place of how it was found there;
    /// -1 when nothing is.
    pub fn find(&self, model: &str, provider: Option<String>) -> i32 {
        self.number_of(model, provider.as_deref())
    }

    /// What a body tells of its bill, as [`call::told`] has it. The body lies in the room for texts, behind it the provider's name,
    /// whose length is -1 for none.
    ///
    /// Gives the number of the model, as [`PriceBook::find`] does, and -2 where the body names none. It leaves doubles where the body
    /// was: the place of the service tier among [`PriceBook::tiers`], the four counts that nearly every answer has, and how many follow:
    /// none, or where there are others all counts in the order of [`PriceBook::usage_keys`]. -1 where it leaves none.
    pub fn told(&self, length: u32, provider: i32) -> i32 {
        let told = with_room(|room| {
            let (body, rest) = room.split_at_checked(length as usize)?;
            let provider = match usize::try_from(provider) {
                Ok(length) => Some(str::from_utf8(rest.get(..length)?).ok()?),
                Err(_) => None,
            };
            let told = call::told(str::from_utf8(body).ok()?, provider)?;
            let number = match &told.model {
                None => -2,
                Some(model) => self.seen.borrow_mut().number(model, provider, || self.number_of(model, provider)),
            };
            let others = told.usage.iter().any(|(unit, _)| !FOUR.contains(&unit));
            let count = |unit: Unit| told.usage.get(unit) as f64 / f64::from(unit.scale());
            // The memo of reasoning is billed nowhere.
            let more: &[Unit] = if others { &Unit::ALL } else { &[] };
            let first = [told.tier as f64].into_iter().chain(FOUR.map(count)).chain([more.len() as f64]);
            let more = more.iter().copied().map(count);
            let mut places = room.chunks_exact_mut(8);
            first.chain(more).try_for_each(|number| {
                places.next()?.copy_from_slice(&number.to_le_bytes());
                Some(())
            })?;
            Some(number)
        });
        told.unwrap_or(-1)
    }

    /// The service tiers that are told by number.
    pub fn tiers(&self) -> Vec<String> {
        call::TIERS.into_iter().map(str::to_owned).collect()
    }

    /// How a name may be found.
    pub fn kinds(&self) -> Vec<String> {
        KINDS.into_iter().map(|kind| kind.as_str().to_owned()).collect()
    }

    /// The id and the provider of a model; empty for none.
    pub fn names(&self, handle: u32) -> Vec<String> {
        let model = self.book.model(Handle(handle));
        model.map(|model| vec![model.id.clone(), model.provider.to_string()]).unwrap_or_default()
    }

    /// The keys of `Usage` in the order in which counts are handed over; `reasoning` last.
    #[wasm_bindgen(js_name = usageKeys)]
    pub fn usage_keys(&self) -> Vec<String> {
        Unit::ALL.into_iter().map(Unit::key).chain(["reasoning"]).map(str::to_owned).collect()
    }

    /// The milliseconds before which a clock is not set: when the newest source was read.
    pub fn retrieved(&self) -> f64 {
        self.retrieved
    }

    /// The cost of counts at an instant as exact text, where there is nothing to tell beside it: no warning, no range, no
    /// reason against it. Undefined otherwise, and the caller asks [`PriceBook::price`].
    #[wasm_bindgen(js_name = usdOf)]
    pub fn usd_of(
        &self,
        handle: u32,
        counts: &[f64],
        at: f64,
        tier: Option<String>,
        region: Option<String>,
    ) -> Option<String> {
        let cost = self.cost_of(handle, counts, at, tier.as_deref(), region.as_deref())?;
        (cost.warnings.is_empty() && cost.range.is_none()).then(|| cost.usd.to_string())
    }

    /// The items of such a cost, `CostItem[]` as JSON text.
    #[wasm_bindgen(js_name = itemsOf)]
    pub fn items_of(
        &self,
        handle: u32,
        counts: &[f64],
        at: f64,
        tier: Option<String>,
        region: Option<String>,
    ) -> Option<String> {
        let cost = self.cost_of(handle, counts, at, tier.as_deref(), region.as_deref())?;
        let mut to = Writer::new();
        to.list(&cost.items);
        Some(to.end())
    }

    /// The source of a model's price at an instant, `RateSource` as JSON text.
    #[wasm_bindgen(js_name = sourceOf)]
    pub fn source_of(&self, handle: u32, at: f64) -> Option<String> {
        let row = self.book.model(Handle(handle))?.row_at(Instant::from_ms(at as i64))?;
        Some(row.source.to_json())
    }

    /// What a body cost, `ResponseCost | Unpriced` as JSON text. What [`PriceBook::told`] tells of it the face prices by itself.
    ///
    /// The body comes as UTF-8: the glue takes a text over character by character, in ten times the time.
    #[wasm_bindgen(js_name = priceResponse)]
    pub fn price_response(
        &self,
        body: &[u8],
        provider: Option<String>,
        model: Option<String>,
        at: &JsValue,
        service_tier: Option<String>,
        region: Option<String>,
    ) -> Result<String> {
        let asked = Asked {
            provider: provider.as_deref(),
            model: model.as_deref(),
            at: value::optional_instant(at)?.unwrap_or_else(|| self.present()),
            service_tier: service_tier.as_deref(),
            region: region.as_deref(),
        };
        let body =
            str::from_utf8(body).map_err(|_| Error::input("cannot read a body: expected UTF-8, found other bytes"))?;
        Ok(call::price_response(&self.book, body, &asked).to_json())
    }

    /// `Bound | Unpriced` of a request's body, with the options of `upperBound`.
    #[wasm_bindgen(js_name = upperBound)]
    pub fn upper_bound(&self, request: &str, options: &JsValue) -> Result<JsValue> {
        const WHAT: &str = "options of upperBound";
        let given = value::from_js(options, WHAT, &BOUND)?;
        let mut given = Object::parse(given.get(), WHAT)?;
        let (provider, model) = (given.take_text("provider", WHAT)?, given.take_text("model", WHAT)?);
        let region = given.take_text("region", WHAT)?;
        let whole = |value: Raw<'_>| {
            value.whole().ok_or_else(|| wrong(WHAT, "maxOutputTokens", "a whole number from 0", value))
        };
        let max_output = given.take("maxOutputTokens").map(whole).transpose()?;
        let fallbacks = given.take("fallbacks").map(|value| {
            let names: Option<Vec<_>> = value.items().and_then(|list| list.into_iter().map(Raw::to_text).collect());
            names.ok_or_else(|| wrong(WHAT, "fallbacks", "an array of models", value))
        });
        let at = value::optional_instant(&value::get(options, "at"))?.unwrap_or_else(|| self.present());
        let tracker = price::Tracker::new(Arc::clone(&self.book));
        value::to_js(&call::upper_bound(
            &tracker,
            request,
            &BoundOptions {
                provider: provider.as_deref(),
                model: model.as_deref(),
                max_output,
                region: region.as_deref(),
                fallbacks: &fallbacks.transpose()?.unwrap_or_default(),
                count: Some(&super::token_requests::count),
                ..BoundOptions::new(at)
            },
        )?)
    }

    /// The model that a name finds: `{ id, provider, matchType }`, or undefined.
    #[wasm_bindgen(js_name = findModel)]
    pub fn find_model(&self, model: &str, provider: Option<String>) -> Result<JsValue> {
        let found = self.book.find(model, provider.as_deref());
        match found.and_then(|found| Some((self.book.model(found.handle)?, found))) {
            Some((model, found)) => value::to_js(&Found {
                id: &model.id,
                provider: &model.provider,
                match_type: found.kind,
                region: found.region.as_deref(),
            }),
            None => Ok(JsValue::UNDEFINED),
        }
    }

    /// `ModelPricing` of this moment as JSON text, or undefined.
    pub fn pricing(&self, model: &str, provider: Option<String>) -> Option<String> {
        let found = self.book.find(model, provider.as_deref());
        found.and_then(|found| ModelPricing::of(&self.book, found.handle, self.present())).map(|p| p.to_json())
    }

    /// The providers, first parties before resellers.
    pub fn providers(&self) -> Vec<String> {
        self.book.provider_names().map(str::to_owned).collect()
    }

    /// The ids of a provider's models.
    #[wasm_bindgen(js_name = modelsOf)]
    pub fn models_of(&self, provider: &str) -> Vec<String> {
        self.book.ids_of(provider).map(str::to_owned).collect()
    }
}

/// How a name may be found.
const KINDS: [MatchKind; 4] = [MatchKind::Exact, MatchKind::Alias, MatchKind::Dated, MatchKind::Prefix];

/// The counts of nearly every answer.
const FOUR: [Unit; 4] = [Unit::Input, Unit::Output, Unit::CacheRead, Unit::CacheWrite];

impl PriceBook {
    fn number_of(&self, model: &str, provider: Option<&str>) -> i32 {
        let found = self.book.find(model, provider);
        // A model that can't be read has no price, and so is none. A name that says a region has another price than its model.
        let found = found.filter(|found| found.region.is_none() && self.book.model(found.handle).is_some());
        let number = found.and_then(|found| {
            let kind = KINDS.iter().position(|kind| *kind == found.kind)?;
            i32::try_from(found.handle.0 as usize * KINDS.len() + kind).ok()
        });
        number.unwrap_or(-1)
    }

    fn cost_of(
        &self,
        handle: u32,
        counts: &[f64],
        at: f64,
        service_tier: Option<&str>,
        region: Option<&str>,
    ) -> Option<price::Cost> {
        let usage = Usage::from_numbers(counts).ok()?;
        let at = Instant::from_ms(at as i64);
        let query = Query { service_tier, region, ..Query::new("", None, &usage, at) };
        price::price_model(self.book.model(Handle(handle))?, &query).ok()
    }

    /// The book itself.
    pub(super) fn book(&self) -> &Book {
        &self.book
    }

    pub(super) fn of(book: Book) -> Self {
        let retrieved = book.retrieved().map_or(0.0, |retrieved| retrieved.ms() as f64);
        Self { book: Arc::new(book), retrieved, seen: RefCell::default() }
    }

    /// The host's time, but never earlier than the prices were read.
    pub(super) fn present(&self) -> Instant {
        self.book.present(clock::now())
    }
}

/// A cost tracker.
#[wasm_bindgen]
pub struct CostTracker {
    tracker: Rc<RefCell<price::Tracker>>,
}

const CONFIG: [&str; 8] = [
    "enabled",
    "persistRecords",
    "customPricing",
    "defaultProvider",
    "enableBudgets",
    "enableAlerts",
    "unknownModel",
    "priceBook",
];

/// What the face makes a `CostEstimate` or a `CostRecord` of.
struct Out<'a> {
    usd: Usd,
    amount: f64,
    priced: bool,
    provider: String,
    tokens: Usage,
    breakdown: Breakdown,
    items: Vec<Item>,
    warnings: &'a [Warning],
    timestamp: String,
}

impl ToJson for Out<'_> {
    fn write(&self, to: &mut Writer) {
        to.open('{');
        to.value_of("usd", &self.usd);
        to.number_of("amount", self.amount);
        to.bool_of("priced", self.priced);
        to.text_of("provider", &self.provider);
        to.key("tokens");
        write_tokens(&self.tokens, to);
        to.value_of("breakdown", &self.breakdown);
        to.list_of("items", &self.items);
        to.list_of("warnings", self.warnings);
        to.text_of("timestamp", &self.timestamp);
        to.close('}');
    }
}

/// A `TokenUsage`.
pub fn write_tokens(usage: &Usage, to: &mut Writer) {
    to.open('{');
    usage.to_token_pairs().into_iter().for_each(|(key, number)| to.number_of(key, number));
    to.close('}');
}

#[wasm_bindgen]
impl CostTracker {
    /// A tracker over a book. The configuration is a `CostTrackerConfig`; its `customPricing` is handed over model by
    /// model, since its keys are a user's.
    #[wasm_bindgen(constructor)]
    pub fn new(book: &PriceBook, config: &JsValue) -> Result<CostTracker> {
        Ok(CostTracker { tracker: Rc::new(RefCell::new(tracker(Arc::clone(&book.book), config)?)) })
    }

    /// Adds rates of the caller's own; gives back `Warning[]`.
    #[wasm_bindgen(js_name = setCustom)]
    pub fn set_custom(&self, model: &str, pricing: &JsValue) -> Result<JsValue> {
        let (custom, warnings) = custom(pricing)?;
        self.tracker.borrow_mut().set_custom(model, custom)?;
        value::to_js(&warnings)
    }

    /// Takes them away; says whether there were any.
    #[wasm_bindgen(js_name = removeCustom)]
    pub fn remove_custom(&self, model: &str) -> bool {
        self.tracker.borrow_mut().remove_custom(model)
    }

    /// The cost of a `TokenUsage`, under `PriceOptions` or undefined.
    pub fn estimate(
        &self,
        model: &str,
        tokens: &JsValue,
        provider: Option<String>,
        options: &JsValue,
    ) -> Result<JsValue> {
        const WHAT: &str = "price options";
        if !options.is_undefined() && !options.is_null() {
            value::check_object_keys(options, WHAT, &["at", "serviceTier", "region"])?;
        }
        let text = |key| value::get_string(options, key, WHAT);
        let (service_tier, region) = (text("serviceTier")?, text("region")?);
        let asked_at = value::optional_instant(&value::get(options, "at"))?;
        let pairs = value::pairs(tokens, "tokens")?;
        let (usage, mismatch) = price::read_token_usage(pairs.iter().map(|(key, number)| (key.as_str(), *number)))?;
        let tracker = self.tracker.borrow();
        let now = clock::now();
        let at = asked_at.unwrap_or_else(|| tracker.book().present(now));
        let estimate = tracker.estimate_query(&Query {
            service_tier: service_tier.as_deref(),
            region: region.as_deref(),
            ..Query::new(model, provider.as_deref(), &usage, at)
        })?;
        let warnings: Vec<_> = estimate.warnings.into_iter().chain(mismatch).collect();
        value::to_js(&Out {
            usd: estimate.usd,
            amount: estimate.usd.to_f64(),
            priced: estimate.priced,
            provider: estimate.provider,
            tokens: usage,
            breakdown: estimate.breakdown,
            items: estimate.items,
            warnings: &warnings,
            timestamp: asked_at.unwrap_or(now).to_string(),
        })
    }

    /// `ModelPricing` of this moment as JSON text, rates of the caller's own included; or undefined.
    pub fn pricing(&self, model: &str, provider: Option<String>) -> Option<String> {
        let tracker = self.tracker.borrow();
        let at = tracker.book().present(clock::now());
        tracker.pricing(model, provider.as_deref(), at).map(|pricing| pricing.to_json())
    }
}

impl CostTracker {
    /// The tracker itself, for the calls that price by it. Never hold the borrow across an await.
    pub fn shared(&self) -> Rc<RefCell<price::Tracker>> {
        Rc::clone(&self.tracker)
    }
}

/// Throws what is wrong with the options of a `priceResponse`.
#[wasm_bindgen(js_name = checkResponseOptions)]
pub fn check_response_options(options: &JsValue) -> Result<()> {
    const WHAT: &str = "options of a response's price";
    value::check_object_keys(options, WHAT, &RESPONSE)?;
    let texts = RESPONSE.iter().filter(|key| **key != "at");
    texts.into_iter().try_for_each(|key| value::get_string(options, key, WHAT).map(|_| ()))
}

/// Translates a table of prices into ours, with notes on what was rounded and what is not carried. For the script that
/// makes the shipped books.
#[wasm_bindgen(js_name = translatePrices)]
pub fn translate_prices(text: &str) -> Result<String> {
    catalog::translate(text)
}

/// Reads a tracker's configuration and throws what is wrong with it, without a book: so that a constructor can.
#[wasm_bindgen(js_name = checkTrackerConfig)]
pub fn check_tracker_config(config: &JsValue) -> Result<()> {
    tracker(Arc::new(Book::empty()), config).map(|_| ())
}

/// Reads a custom pricing and throws what is wrong with it; gives back `Warning[]`.
#[wasm_bindgen(js_name = checkCustomPricing)]
pub fn check_custom_pricing(model: &str, pricing: &JsValue) -> Result<JsValue> {
    let (custom, warnings) = custom(pricing)?;
    price::Tracker::new(Arc::new(Book::empty())).set_custom(model, custom)?;
    value::to_js(&warnings)
}

fn tracker(book: Arc<Book>, config: &JsValue) -> Result<price::Tracker> {
    const WHAT: &str = "tracker configuration";
    value::check_object_keys(config, WHAT, &CONFIG)?;
    let flag = |key: &str| {
        let found = value::get(config, key);
        if found.is_undefined() {
            return Ok(true);
        }
        found.as_bool().ok_or_else(|| {
            Error::config(format!(
                "cannot read {WHAT}: expected {key} to be true or false, found {}",
                value::kind_of(&found)
            ))
        })
    };
    let mut tracker = price::Tracker::new(book);
    tracker.enabled = flag("enabled")?;
    for key in ["persistRecords", "enableBudgets", "enableAlerts"] {
        flag(key)?;
    }
    tracker.default_provider = value::get_string(config, "defaultProvider", WHAT)?;
    let unknown = value::get(config, "unknownModel");
    tracker.unknown_model = match unknown.as_string().as_deref() {
        Some("zero") => UnknownModel::Zero,
        Some("error") => UnknownModel::Error,
        None if unknown.is_undefined() => UnknownModel::Zero,
        None if unknown.is_object() => UnknownModel::Fallback(Box::new(custom(&unknown)?.0)),
        _ => {
            return Err(Error::config(format!(
                "cannot read {WHAT}: expected unknownModel to be \"zero\", \"error\" or a custom pricing, found {}",
                value::kind_of(&unknown)
            )));
        }
    };
    Ok(tracker)
}

/// Reads a `CustomPricing`.
fn custom(pricing: &JsValue) -> Result<(Custom, Vec<Warning>)> {
    const WHAT: &str = "custom pricing";
    Custom::check_keys(value::own_keys(pricing, WHAT)?.iter().map(String::as_str))?;
    let mut custom = Custom::default();
    let mut warnings = Vec::new();
    for key in Custom::FIELDS {
        let usd = value::get(pricing, key);
        if !usd.is_undefined() {
            warnings.extend(custom.set_field(key, &value::decimal(&usd)?)?);
        }
    }
    let rates = value::get(pricing, "rates");
    if !rates.is_undefined() {
        for name in value::own_keys(&rates, "custom pricing.rates")? {
            let usd = value::get(&rates, &name);
            if !usd.is_undefined() {
                warnings.extend(custom.set_rate(&name, &value::decimal(&usd)?)?);
            }
        }
    }
    if Words::KEYS.iter().any(|key| !value::get(pricing, key).is_undefined()) {
        warnings.extend(custom.set_variants(value::from_js(pricing, WHAT, &Custom::KEYS)?.raw())?);
    }
    custom.provider = value::get_string(pricing, "provider", WHAT)?;
    if let Some(updated) = value::get_string(pricing, "lastUpdated", WHAT)? {
        custom.row.source.retrieved_at = updated.into();
    }
    let source = value::get(pricing, "source");
    if let Some(name) = source.as_string() {
        custom.row.source.name = name.into();
    } else if !source.is_undefined() {
        const SOURCE: &str = "custom pricing.source";
        let keys = value::own_keys(&source, SOURCE)?;
        check_keys(SOURCE, keys.iter().map(String::as_str), &["name", "url", "effectiveFrom", "retrievedAt"])?;
        let text = |key| value::get_string(&source, key, SOURCE);
        if let Some(name) = text("name")? {
            custom.row.source.name = name.into();
        }
        if let Some(url) = text("url")? {
            custom.row.source.url = url.into();
        }
        if let Some(retrieved) = text("retrievedAt")? {
            custom.row.source.retrieved_at = retrieved.into();
        }
        custom.row.source.effective_from = text("effectiveFrom")?;
    }
    Ok((custom, warnings))
}

/// Whether a query says that its usage sums several calls.
pub(super) fn aggregated(query: &JsValue) -> Result<bool> {
    let value = value::get(query, "aggregated");
    value.as_bool().or(value.is_undefined().then_some(false)).ok_or_else(|| {
        Error::input("cannot read price query: expected aggregated to be true or false, found something else")
    })
}

/// A count of tokens out of a double.
fn count(number: f64) -> Option<u64> {
    let whole = number as u64;
    (whole as f64 == number && whole <= MAX_COUNT).then_some(whole)
}
