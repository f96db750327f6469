//! The guarded call, one host answer at a time.

use std::{
    cell::{RefCell, RefMut},
    rc::Rc,
};

use js_sys::Array;
use wasm_bindgen::{JsValue, prelude::wasm_bindgen};
use web_sys::Headers;

use crate::{
    call::{self, Growth, Guarded, Judge, Options, Out, Outcome, Step, Text, ToGuard},
    error::{Code, Error, Result, WarningCode},
    json::{Raw, ToJson, Writer},
    ledger::Record,
    object::Object,
    price::Tracker,
    provider::{
        http::{Head, error_from_response, retry_after_ms},
        route::Route,
        text::ToolText,
    },
    time::Instant,
    web::{
        call_wire::{CONTEXT, Settings, WireStep, read_backoff, read_options, read_reservation},
        guard::Scanner,
        ledger::MemoryStore,
        price::CostTracker,
        vault::Vault,
    },
};

/// One guarded call. `next` says what to do; the other methods tell what came of it.
#[wasm_bindgen]
pub struct Call {
    call: RefCell<call::Call>,
    /// Where events leave as their bytes: those that nobody has taken yet.
    bytes: RefCell<Option<Vec<u8>>>,
    /// What the last `guard` step is about.
    to_guard: RefCell<ToGuard>,
    /// What the last `store` step stores.
    to_store: RefCell<Option<Box<Record>>>,
    tracker: Rc<RefCell<Tracker>>,
}

#[wasm_bindgen]
impl Call {
    /// A chat completion. `options` is JSON text; `body` is the request's. Numbers cross as they are: JSON would make null
    /// of NaN.
    #[wasm_bindgen(constructor)]
    pub fn new(
        tracker: &CostTracker,
        options: &str,
        default_max_output: f64,
        max_retries: f64,
        timeout_ms: f64,
        body: String,
    ) -> Result<Call> {
        let mut wire = Object::parse(options, CONTEXT)?;
        let output_bound = wire.take_text("outputBound", CONTEXT)?.unwrap_or_default();
        let settings = Settings::read(default_max_output, &output_bound, max_retries, timeout_ms)?;
        let options = read_options(wire, settings)?;
        let bytes = options.raw.then(Vec::new).into();
        let mut call = call::Call::new(options, body)?;
        call.count_with(Box::new(super::token_requests::count));
        let call = RefCell::new(call);
        let (to_guard, to_store) = (RefCell::default(), RefCell::default());
        Ok(Call { call, bytes, to_guard, to_store, tracker: tracker.shared() })
    }

    /// The answer is one that was kept: it costs nothing, and is guarded as if it had just come.
    pub fn replay(&self) -> Result<()> {
        self.call()?.replay();
        Ok(())
    }

    /// The request as the guardrails let it pass, for another target.
    pub fn unplanned(&self) -> Result<Option<String>> {
        Ok(self.call()?.unplanned().map(str::to_owned))
    }

    /// Asks another target, after the last has failed. `options` are as those of the constructor.
    #[wasm_bindgen(js_name = fallBack)]
    pub fn fall_back(&self, options: &str, body: String) -> Result<()> {
        let mut call = self.call()?;
        let Options { default_max_output, output_bound, max_retries, timeout_ms, .. } = *call.options();
        let settings = Settings { default_max_output, output_bound, max_retries, timeout_ms };
        call.fall_back(read_options(Object::parse(options, CONTEXT)?, settings)?, body)
    }

    /// What to do next, as JSON text: `{ "do": ... }`. A call that ends with an error throws it.
    pub fn next(&self, now: f64) -> Result<String> {
        let mut step = self.call()?.next(&self.tracker.borrow(), at(now)?);
        match step {
            Step::Fail(error) => return Err(error),
            Step::Guard { ref mut texts, .. } => *self.to_guard.borrow_mut() = std::mem::take(texts),
            Step::Store { ref record, .. } => *self.to_store.borrow_mut() = Some(record.clone()),
            _ => {}
        }
        Ok(WireStep(step).to_json())
    }

    /// What the `guard` step that was given last, or the last judgement of a stream, is about:
    /// `{ texts: { text, role, stage, aside? }[], calls: { name, arguments }[], tooLong }` as JSON text.
    #[wasm_bindgen(js_name = guardTexts)]
    pub fn guard_texts(&self) -> String {
        let found = self.to_guard.borrow();
        let mut to = Writer::new();
        to.open('{');
        to.list_of("texts", &found.texts);
        to.list_of("calls", &found.calls);
        if let Ok(call) = self.call()
            && let Some(cover) = call.cover()
        {
            // What a tool would run with, for guardrails that send it nowhere.
            let restored = found.calls.iter().map(|call| ToolText {
                name: call.name.clone(),
                arguments: call::restore_arguments(&cover.vault, &call.arguments).text,
            });
            to.list_of("restored", restored);
        }
        to.bool_of("tooLong", found.is_too_long);
        to.close('}');
        to.end()
    }

    /// Whether something of the stream has to be judged now: then [`Call::guard_texts`] says what, and [`Call::guarded`] takes
    /// the judgement. The stream goes on meanwhile.
    #[wasm_bindgen(js_name = toJudge)]
    pub fn to_judge(&self) -> Result<bool> {
        let found = self.call()?.to_judge();
        let due = found.is_some();
        if let Some(found) = found {
            *self.to_guard.borrow_mut() = found;
        }
        Ok(due)
    }

    /// Scans them where they are: `{ guards, texts }` as JSON text, as `Scanner::scanAll` has it.
    #[wasm_bindgen(js_name = scanTexts)]
    pub fn scan_texts(&self, scanner: &Scanner) -> String {
        let texts = self.to_guard.borrow();
        let sources = texts.texts.iter().map(Text::source).collect::<Vec<_>>();
        let cover = self.call().ok().and_then(|call| call.cover());
        scanner.core().scan_all_with(&sources, cover.as_ref()).to_json()
    }

    /// Takes values out of what is sent, and puts them back in what comes.
    #[wasm_bindgen(js_name = useVault)]
    pub fn use_vault(&self, vault: &Vault) -> Result<()> {
        self.call()?.use_vault(vault.core().clone());
        Ok(())
    }

    /// The texts of the `guard` step that was given last as its vault lets them go, undefined where one stays as it is. `texts`
    /// are what guardrails have made of them, undefined where they have not.
    pub fn hide(&self, texts: &Array) -> Result<Array> {
        let Some(cover) = self.call()?.cover() else { return Ok(texts.clone()) };
        let found = self.to_guard.borrow();
        let hidden = found.texts.iter().enumerate().map(|(place, own)| {
            let given = texts.get(place as u32).as_string();
            let text = given.as_deref().unwrap_or(&own.text);
            let hidden = cover.vault.redact(text);
            if hidden == own.text { JsValue::UNDEFINED } else { JsValue::from_str(&hidden) }
        });
        Ok(hidden.collect())
    }

    /// What the `store` step that was given last stores, as JSON text.
    #[wasm_bindgen(js_name = recordToStore)]
    pub fn record_to_store(&self) -> Option<String> {
        self.to_store.borrow().as_ref().map(|record| record.to_json())
    }

    /// Stores it in memory, without a detour through text. Says whether it was kept, as `MemoryStore::store` does.
    #[wasm_bindgen(js_name = storeInto)]
    pub fn store_into(&self, store: &MemoryStore) -> bool {
        self.to_store.borrow().as_ref().is_some_and(|record| store.keep(record))
    }

    /// What the guardrails said: the names of those that failed, and the texts after them, undefined where one stays as it
    /// is. Gives the data of events that were held for it.
    pub fn guarded(&self, passed: bool, failed: Vec<String>, risk: f64, texts: &Array) -> Result<Vec<String>> {
        let texts = texts.iter().map(|text| text.as_string()).collect();
        let out = self.call()?.guarded(&Guarded { passed, failed, risk, texts })?;
        Ok(self.data(out))
    }

    /// A guardrail threw: the call ends, after what it owes.
    #[wasm_bindgen(js_name = guardThrew)]
    pub fn guard_threw(&self) -> Result<()> {
        self.call()?.guard_threw(Error::new(Code::GuardrailBlocked, "a guardrail threw"));
        Ok(())
    }

    /// Whether a budget binds that can refuse, and whether one of those counts tokens.
    pub fn budgeted(&self, strict: bool, tokens: bool, now: f64) -> Result<()> {
        self.call()?.budgeted(strict, tokens, &self.tracker.borrow(), at(now)?);
        Ok(())
    }

    /// What the budgets said: a `Reservation` as JSON text.
    pub fn reserved(&self, reservation: &str) -> Result<()> {
        let outcome = read_reservation(reservation)?;
        self.call()?.reserved(outcome);
        Ok(())
    }

    /// The budgets could not be asked.
    #[wasm_bindgen(js_name = reserveFailed)]
    pub fn reserve_failed(&self, why: &str) -> Result<()> {
        self.call()?.reserve_failed(why);
        Ok(())
    }

    /// The request's body as it is to be sent.
    pub fn body(&self) -> Result<String> {
        Ok(self.call()?.body().to_owned())
    }

    /// The host is about to call `fetch`.
    pub fn sent(&self, now: f64, record_id: String) -> Result<()> {
        self.call()?.sent(at(now)?, record_id);
        Ok(())
    }

    /// What scans a streamed answer: the built-in detectors.
    #[wasm_bindgen(js_name = scanWith)]
    pub fn scan_with(&self, scanner: &Scanner) -> Result<()> {
        self.call()?.scan_with(scanner.core().clone());
        Ok(())
    }

    /// The answer's head has come. `judge` says what of a stream guardrails outside the scanner must see whole: 1 for what is
    /// said, 2 for calls of tools; 4 where they only report.
    pub fn responded(&self, status: u16, headers: &Headers, judge: u8, now: f64) -> Result<()> {
        let head = read_head(status, headers, now);
        let judge = Judge { content: judge & 1 != 0, calls: judge & 2 != 0, observe: judge & 4 != 0 };
        self.call()?.responded(head, judge);
        Ok(())
    }

    /// The whole body has come.
    pub fn received(&self, body: String, now: f64) -> Result<()> {
        self.call()?.received(body, &self.tracker.borrow(), at(now)?, &random);
        Ok(())
    }

    /// No answer came, or it broke off. `why` is `network`, `timeout` or `aborted`; `code` and `message` are the host's.
    pub fn failed(&self, why: &str, code: String, message: String, now: f64) -> Result<()> {
        self.call()?.failed(&outcome(why, code, message), at(now)?, &random);
        Ok(())
    }

    /// Takes bytes of the stream; gives the data of the events that may leave.
    pub fn chunk(&self, bytes: &[u8], now: f64) -> Result<Vec<String>> {
        let out = self.call()?.chunk(bytes, &self.tracker.borrow(), at(now)?);
        Ok(self.data(out))
    }

    /// The same, where events leave as their bytes, and what is to be done then, as the sum of: 1, those bytes are just these; 2,
    /// [`Call::take_bytes`] has some; 4, the stream has ended; 8, [`Call::to_grow`] has something; 16, [`Call::to_judge`] has.
    #[wasm_bindgen(js_name = chunkBytes)]
    pub fn chunk_bytes(&self, bytes: &[u8], now: f64) -> Result<u8> {
        let out = self.call()?.chunk(bytes, &self.tracker.borrow(), at(now)?);
        self.data(out);
        let mut left = 0;
        if let Some(waiting) = &mut *self.bytes.borrow_mut() {
            if waiting.as_slice() == bytes {
                waiting.clear();
                left = 1;
            } else if !waiting.is_empty() {
                left = 2;
            }
        }
        Ok(left + self.stream_needs()?)
    }

    /// What a stream needs, as the sum of what [`Call::chunk_bytes`] says from 4 on.
    #[wasm_bindgen(js_name = streamNeeds)]
    pub fn stream_needs(&self) -> Result<u8> {
        let call = self.call()?;
        let flag = |is: bool, flag: u8| if is { flag } else { 0 };
        Ok(flag(call.stream_ended(), 4) + flag(call.wants_to_grow(), 8) + flag(call.is_due(), 16))
    }

    /// What must be reserved before the stream goes on, as the `reserve` step is; undefined where nothing must. Then
    /// [`Call::grown`] or [`Call::grow_failed`].
    #[wasm_bindgen(js_name = toGrow)]
    pub fn to_grow(&self) -> Result<Option<String>> {
        Ok(self.call()?.to_grow().map(|Growth { id, scopes, usd, tokens, lease_ms }| {
            WireStep(Step::Reserve { id, scopes, usd, tokens: Some(tokens), requests: 0, lease_ms }).to_json()
        }))
    }

    /// What the budgets said to that: a `Reservation` as JSON text. Gives the data of the events that may leave.
    pub fn grown(&self, reservation: &str, now: f64) -> Result<Vec<String>> {
        let outcome = read_reservation(reservation)?;
        let out = self.call()?.grown(outcome, &self.tracker.borrow(), at(now)?);
        Ok(self.data(out))
    }

    /// They could not be asked: the stream ends. Gives the data of the events that may leave.
    #[wasm_bindgen(js_name = growFailed)]
    pub fn grow_failed(&self, why: &str) -> Result<Vec<String>> {
        let out = self.call()?.grow_failed(why);
        Ok(self.data(out))
    }

    /// The bytes of the events that may leave, where they leave as they came.
    #[wasm_bindgen(js_name = takeBytes)]
    pub fn take_bytes(&self) -> Vec<u8> {
        self.bytes.borrow_mut().as_mut().map(std::mem::take).unwrap_or_default()
    }

    /// Whether the stream has ended by itself.
    #[wasm_bindgen(js_name = streamEnded)]
    pub fn stream_ended(&self) -> Result<bool> {
        Ok(self.call()?.stream_ended())
    }

    /// Whether it was ended here, with more of it to come.
    #[wasm_bindgen(js_name = streamStopped)]
    pub fn stream_stopped(&self) -> Result<bool> {
        Ok(self.call()?.stream_stopped())
    }

    /// The stream is over: by its end (`why` absent), or as in `failed`. Gives the data of what was still held.
    pub fn finish(&self, why: Option<String>, message: String, now: f64) -> Result<Vec<String>> {
        let why = why.map(|why| outcome(&why, String::new(), message));
        let out = self.call()?.finish(why.as_ref(), &self.tracker.borrow(), at(now)?);
        Ok(self.data(out))
    }

    /// What was used so far, as JSON text: `{ usd?, amount?, inputTokens, outputTokens, exact }`; undefined before anything was
    /// sent.
    #[wasm_bindgen(js_name = soFar)]
    pub fn so_far(&self, now: f64) -> Result<Option<String>> {
        let Some(found) = self.call()?.so_far(&self.tracker.borrow(), at(now)?) else { return Ok(None) };
        let mut to = Writer::new();
        to.open('{');
        if let Some(usd) = &found.usd {
            to.value_of("usd", usd);
            to.number_of("amount", usd.to_f64());
        }
        to.number_of("inputTokens", found.usage.input_tokens() as f64);
        to.number_of("outputTokens", found.usage.output_tokens() as f64);
        to.bool_of("exact", found.exact);
        to.close('}');
        Ok(Some(to.end()))
    }

    /// The answer's body, after redaction.
    pub fn answer(&self) -> Result<String> {
        Ok(self.call()?.answer().to_owned())
    }

    /// Something of the host's worth telling.
    pub fn warn(&self, code: &str, message: String) -> Result<()> {
        let code = WarningCode::parse(code).ok_or_else(|| Error::internal("cannot warn: found an unknown code"))?;
        self.call()?.warn(code, message);
        Ok(())
    }

    /// What happened, as JSON text: `{ costEstimate?, costRecord?, streamGuards?, warnings }`.
    pub fn report(&self) -> Result<String> {
        let call = self.call()?;
        let mut to = Writer::new();
        to.open('{');
        if let Some(expected) = call.estimate() {
            to.value_of("costEstimate", expected);
        }
        if let Some(record) = call.record() {
            to.raw_of("costRecord", &record.to_json());
        }
        if let Some((restored, unknown)) = call.restored() {
            to.key("vault");
            to.open('{');
            to.number_of("restored", restored as f64);
            to.list_of("notRestored", &unknown);
            to.close('}');
        }
        if let Some(reports) = call.stream_reports() {
            to.list_of("streamGuards", &reports.guards);
        }
        to.list_of("warnings", call.warnings());
        to.close('}');
        Ok(to.end())
    }
}

/// How long to wait before try number `attempt` + 1, undefined where there is to be none; `options` is JSON text.
#[wasm_bindgen(js_name = retryDelay)]
pub fn retry_delay(attempt: u32, asked_ms: Option<f64>, options: &str) -> Option<f64> {
    let backoff = read_backoff(Raw::parse(options).ok());
    backoff.wait_ms(attempt, asked_ms.map(|ms| ms as u64), random()).map(|ms| ms as f64)
}

/// What a URL asks for: `{ format, provider?, model?, deployment?, stream? }` as JSON text; undefined for what no call is
/// guarded by.
#[wasm_bindgen(js_name = routeOf)]
pub fn route_of(url: &str) -> Option<String> {
    let Route { format, provider, model, is_deployment, stream } = Route::of(url)?;
    let mut to = Writer::new();
    to.open('{');
    to.text_of("format", format.as_str());
    to.optional_text_of("provider", provider);
    to.optional_text_of(if is_deployment { "deployment" } else { "model" }, model.as_deref());
    if let Some(stream) = stream {
        to.bool_of("stream", stream);
    }
    to.close('}');
    Some(to.end())
}

/// Refuses settings of a call that are out of range: for clients, when they are made.
#[wasm_bindgen(js_name = checkCallSettings)]
pub fn check_call_settings(
    default_max_output: f64,
    output_bound: &str,
    max_retries: f64,
    timeout_ms: f64,
) -> Result<()> {
    Settings::read(default_max_output, output_bound, max_retries, timeout_ms).map(|_| ())
}

impl Call {
    /// The data of events, or nothing where they leave as their bytes.
    fn data(&self, out: Vec<Out>) -> Vec<String> {
        match &mut *self.bytes.borrow_mut() {
            None => out.into_iter().filter_map(|event| event.data).collect(),
            Some(bytes) => {
                out.iter().for_each(|event| bytes.extend_from_slice(&event.raw));
                Vec::new()
            }
        }
    }

    fn call(&self) -> Result<RefMut<'_, call::Call>> {
        self.call.try_borrow_mut().map_err(|_| Error::internal("cannot go on with this call: it is in use"))
    }
}

fn at(now: f64) -> Result<Instant> {
    Instant::from_number(now)
}

fn outcome(why: &str, code: String, message: String) -> Outcome {
    match why {
        "timeout" => Outcome::Timeout,
        "aborted" => Outcome::Aborted,
        "late" => Outcome::Late { ms: message.parse().unwrap_or_default() },
        _ => Outcome::Network { code, message },
    }
}

/// A number in 0..1, to spread tries. Without randomness they are spread by nothing: every try waits half its time.
fn random() -> f64 {
    getrandom::u32().map_or(0.5, |bits| f64::from(bits) / 4_294_967_296.0)
}

/// What an answer asks to wait before another try, in milliseconds.
#[wasm_bindgen(js_name = retryAfter)]
pub fn retry_after(headers: &Headers, now: f64) -> Option<f64> {
    read_head(0, headers, now).retry_after_ms.map(|ms| ms as f64)
}

/// Throws the error that a provider's answer stands for.
#[wasm_bindgen(js_name = throwResponse)]
pub fn throw_response(provider: &str, status: u16, headers: &Headers, body: &str, now: f64) -> Result<()> {
    Err(error_from_response(provider, &read_head(status, headers, now), body))
}

fn read_head(status: u16, headers: &Headers, now: f64) -> Head {
    let get = |name: &str| headers.get(name).ok().flatten();
    let after = get("retry-after");
    let date = after.as_deref().map(js_sys::Date::parse);
    Head {
        status,
        request_id: get("x-request-id"),
        retry_after_ms: retry_after_ms(get("retry-after-ms").as_deref(), after.as_deref(), date, now as i64),
        should_retry: get("x-should-retry").and_then(|text| text.parse().ok()),
        content_type: get("content-type").unwrap_or_default().to_ascii_lowercase(),
    }
}
