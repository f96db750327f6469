//! Cost records handed out: the store in memory, and what is asked of single records. Records cross as JSON text.

use std::cell::RefCell;
use std::rc::Rc;

use wasm_bindgen::{JsValue, prelude::wasm_bindgen};

use super::{
    clock::{now, zone},
    value::{instant, optional_instant},
};
use crate::{
    error::{Error, Result},
    json::{Raw, ToJson, Writer},
    ledger::{Ask, Bounds, Fold, Memory, Record, memory::to_json, summarize, summary::Part},
};

/// The store in memory.
#[wasm_bindgen]
pub struct MemoryStore {
    records: RefCell<Memory>,
    bounded: bool,
}

impl MemoryStore {
    /// Keeps a record; says whether it did, which it does not where a higher revision is there.
    pub fn keep(&self, record: &Record) -> bool {
        let mut records = self.records.borrow_mut();
        let kept = records.store(record);
        if self.bounded {
            records.trim(now());
        }
        kept
    }
}

#[wasm_bindgen]
impl MemoryStore {
    /// An empty store, of at most so many records, and of records of at most so many milliseconds.
    #[wasm_bindgen(constructor)]
    pub fn new(max_records: Option<f64>, max_age_ms: Option<f64>) -> Result<Self> {
        let whole = |key: &str, value: Option<f64>| match value {
            None => Ok(None),
            Some(value) if value >= 1.0 && value.fract() == 0.0 && value <= 9e15 => Ok(Some(value as i64)),
            Some(_) => Err(Error::config(format!(
                "cannot read the options of InMemoryCostStorage: expected {key} to be a whole number above 0, found another one"
            ))),
        };
        let records = whole("maxRecords", max_records)?.and_then(|most| usize::try_from(most).ok());
        let bounds = Bounds { records, age_ms: whole("maxAgeMs", max_age_ms)? };
        Ok(Self { records: RefCell::new(Memory::bounded(bounds)), bounded: bounds != Bounds::default() })
    }

    /// Keeps a record; says whether it did. With `back` it is given back as it will be read, else an empty text.
    pub fn store(&self, json: &str, back: bool) -> Result<Option<String>> {
        let record = Record::parse(json)?;
        let kept = self.keep(&record);
        Ok(kept.then(|| if back { record.to_json() } else { String::new() }))
    }

    /// Answers a question: `query`, `series` or `top`.
    pub fn ask(&self, kind: &str, json: &str, cursor: Option<String>) -> Result<String> {
        let mut fold = fold(kind, json, cursor)?;
        self.records.borrow_mut().fold(&mut fold);
        fold.finish()
    }

    /// About how many bytes it takes.
    pub fn bytes(&self) -> f64 {
        self.records.borrow().bytes() as f64
    }

    /// The record of that id.
    pub fn get(&self, id: &str) -> Option<String> {
        self.records.borrow().get(id).as_ref().map(Record::to_json)
    }

    /// The records of a request, as an array.
    #[wasm_bindgen(js_name = byRequest)]
    pub fn by_request(&self, request_id: &str) -> String {
        to_json(&self.records.borrow().by_request(request_id))
    }

    /// The records of an agent within a range, whose ends may be open, as an array.
    #[wasm_bindgen(js_name = byAgent)]
    pub fn by_agent(&self, agent_id: &str, start: &JsValue, end: &JsValue) -> Result<String> {
        let (start, end) = (optional_instant(start)?, optional_instant(end)?);
        Ok(to_json(&self.records.borrow_mut().by_agent(agent_id, start, end)))
    }

    /// The records of a range, as an array.
    #[wasm_bindgen(js_name = byRange)]
    pub fn by_range(&self, start: &JsValue, end: &JsValue) -> Result<String> {
        let (start, end) = (instant(start)?, instant(end)?);
        Ok(to_json(&self.records.borrow_mut().by_range(start, end)))
    }

    /// What a range adds up to.
    pub fn summary(&self, start: &JsValue, end: &JsValue, agent_id: Option<String>) -> Result<String> {
        let (start, end) = (instant(start)?, instant(end)?);
        Ok(self.records.borrow_mut().summary(start, end, agent_id.as_deref()).to_json())
    }

    /// Deletes what is strictly older.
    #[wasm_bindgen(js_name = deleteOlderThan)]
    pub fn delete_older_than(&self, before: &JsValue) -> Result<u32> {
        Ok(self.records.borrow_mut().delete_older_than(instant(before)?) as u32)
    }

    /// Deletes everything.
    pub fn clear(&self) {
        self.records.borrow_mut().clear();
    }

    /// How many records.
    pub fn size(&self) -> u32 {
        self.records.borrow().len() as u32
    }
}

/// A question as asked, in the zone that it names.
pub(super) fn fold(kind: &str, json: &str, cursor: Option<String>) -> Result<Fold> {
    let ask = Ask::parse(kind, json, cursor.as_deref())?;
    let zone = zone(&ask.time_zone)?;
    Ok(Fold::new(ask, Rc::from(zone)))
}

/// A question over a host that is read by plan: rows of a database.
#[wasm_bindgen]
pub struct Question {
    fold: RefCell<Option<Fold>>,
    plan: String,
}

#[wasm_bindgen]
impl Question {
    /// `query`, `series` or `top`, as asked.
    #[wasm_bindgen(constructor)]
    pub fn new(kind: &str, json: &str, cursor: Option<String>) -> Result<Self> {
        let fold = fold(kind, json, cursor)?;
        Ok(Self { plan: fold.ask().plan(), fold: RefCell::new(Some(fold)) })
    }

    /// What a range adds up to, of one agent or of all.
    pub fn summary(start: &JsValue, end: &JsValue, agent_id: Option<String>) -> Result<Self> {
        let ask = Ask::summary(instant(start)?, instant(end)?, agent_id.as_deref());
        Ok(Self { plan: ask.plan(), fold: RefCell::new(Some(Fold::new(ask, Rc::from(zone("UTC")?)))) })
    }

    /// What to read.
    #[wasm_bindgen(getter)]
    pub fn plan(&self) -> String {
        self.plan.clone()
    }

    /// Takes records in, as stored; answers whether more are wanted of those that come after them in the plan's order.
    pub fn add(&self, texts: Vec<String>) -> Result<bool> {
        let mut fold = self.fold.borrow_mut();
        let Some(fold) = fold.as_mut() else { return Ok(false) };
        let mut more = true;
        for text in texts {
            more = fold.add(&Record::parse(&text)?) && more;
        }
        Ok(more)
    }

    /// Takes in what the records of a day add up to, if that answers the question; says whether it did.
    #[wasm_bindgen(js_name = takeDay)]
    pub fn take_day(&self, part: &str) -> bool {
        let Some(mut part) = Part::parse(part) else { return false };
        part.settle();
        self.fold.borrow_mut().as_mut().is_some_and(|fold| fold.take(&Rc::new(part)))
    }

    /// The answer, once.
    pub fn finish(&self) -> Result<String> {
        match self.fold.borrow_mut().take() {
            Some(fold) => fold.finish(),
            None => {
                Err(Error::internal("cannot answer: expected a question that was not answered yet, found one that was"))
            }
        }
    }
}

/// What stored records, those of a day, add up to: to be kept beside them.
#[wasm_bindgen(js_name = sumDay)]
pub fn sum_day(texts: Vec<String>) -> Result<String> {
    let mut part = Part::default();
    for text in texts {
        part.add(&(&Record::parse(&text)?).into());
    }
    part.settle();
    Ok(part.to_json())
}

/// A record as a database keeps it, and what it is found by: `[id, at, requestId, agentId, revision, day, text]` as JSON.
#[wasm_bindgen(js_name = rowOfRecord)]
pub fn row_of_record(json: &str) -> Result<String> {
    let record = Record::parse(json)?;
    let mut row = Writer::new();
    row.open('[');
    row.text(&record.id);
    row.number(record.timestamp.ms() as f64);
    row.text(&record.request_id);
    row.text(&record.agent_id);
    row.number(f64::from(record.revision()));
    row.number(record.timestamp.ms().div_euclid(crate::time::DAY) as f64);
    row.text(&record.to_stored());
    row.close(']');
    Ok(row.end())
}

/// Stored records in their public form, as an array. What can't be read is left out, and counted by `damagedRecords`.
#[wasm_bindgen(js_name = publicRecords)]
pub fn public_records(texts: Vec<String>) -> Result<String> {
    let records = texts.iter().map(|text| Record::parse(text)).collect::<Result<Vec<_>>>()?;
    Ok(to_json(&records))
}

/// An instant as UTC milliseconds.
#[wasm_bindgen(js_name = readInstant)]
pub fn read_instant(value: &JsValue) -> Result<f64> {
    Ok(instant(value)?.ms() as f64)
}

/// What any records, a JSON array, add up to.
#[wasm_bindgen(js_name = summarizeRecords)]
pub fn summarize_records(json: &str) -> Result<String> {
    let items = Raw::parse(json)
        .ok()
        .and_then(Raw::items)
        .ok_or_else(|| Error::input("cannot summarize: expected an array of records, found something else"))?;
    let records = items.into_iter().map(|raw| Record::parse(raw.get())).collect::<Result<Vec<_>>>()?;
    Ok(summarize(&records).to_json())
}

/// What a ledger has to know of a record, as JSON: `{ id, usd, scopes, at, reservationId, revision }`.
#[wasm_bindgen(js_name = chargeOfRecord)]
pub fn charge_of_record(json: &str) -> Result<String> {
    let record = Record::parse(json)?;
    let mut charge = Writer::new();
    charge.open('{');
    charge.text_of("id", &record.id);
    charge.value_of("usd", &record.usd);
    charge.number_of("tokens", record.total_tokens() as f64);
    charge.list_of("scopes", record.all_scopes());
    charge.text_of("at", &record.timestamp.to_string());
    charge.text_of("reservationId", record.reservation());
    charge.number_of("revision", f64::from(record.revision()));
    charge.close('}');
    Ok(charge.end())
}
