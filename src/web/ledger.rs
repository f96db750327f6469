//! Cost records handed out: the store in memory, and what is asked of single records. Records cross as JSON text.

use std::cell::RefCell;

use wasm_bindgen::{JsValue, prelude::wasm_bindgen};

use super::value::{instant, optional_instant};
use crate::{
    error::{Error, Result},
    json::{Raw, ToJson, Writer},
    ledger::{Memory, Record, memory::to_json, summarize},
};

/// The store in memory.
#[wasm_bindgen]
#[derive(Default)]
pub struct MemoryStore {
    records: RefCell<Memory>,
}

impl MemoryStore {
    /// Keeps a record; says whether it did, which it does not where a higher revision is there.
    pub fn keep(&self, record: Record) -> bool {
        self.records.borrow_mut().store(record)
    }
}

#[wasm_bindgen]
impl MemoryStore {
    /// An empty store.
    #[wasm_bindgen(constructor)]
    pub fn new() -> Self {
        Self::default()
    }

    /// Keeps a record, and gives it back as it will be read; undefined when a higher revision is there.
    pub fn store(&self, json: &str) -> Result<Option<String>> {
        let record = Record::parse(json)?;
        let public = record.to_json();
        Ok(self.keep(record).then_some(public))
    }

    /// The record of that id.
    pub fn get(&self, id: &str) -> Option<String> {
        self.records.borrow().get(id).map(Record::to_json)
    }

    /// The records of a request, as an array.
    #[wasm_bindgen(js_name = byRequest)]
    pub fn by_request(&self, request_id: &str) -> String {
        to_json(self.records.borrow().by_request(request_id))
    }

    /// The records of an agent within a range, whose ends may be open, as an array.
    #[wasm_bindgen(js_name = byAgent)]
    pub fn by_agent(&self, agent_id: &str, start: &JsValue, end: &JsValue) -> Result<String> {
        let (start, end) = (optional_instant(start)?, optional_instant(end)?);
        Ok(to_json(self.records.borrow().by_agent(agent_id, start, end)))
    }

    /// The records of a range, as an array.
    #[wasm_bindgen(js_name = byRange)]
    pub fn by_range(&self, start: &JsValue, end: &JsValue) -> Result<String> {
        let (start, end) = (instant(start)?, instant(end)?);
        Ok(to_json(self.records.borrow().by_range(start, end)))
    }

    /// What a range adds up to.
    pub fn summary(&self, start: &JsValue, end: &JsValue, agent_id: Option<String>) -> Result<String> {
        let (start, end) = (instant(start)?, instant(end)?);
        Ok(self.records.borrow().summary(start, end, agent_id.as_deref()).to_json())
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
    charge.list_of("scopes", record.all_scopes());
    charge.text_of("at", &record.timestamp.to_string());
    charge.text_of("reservationId", record.reservation());
    charge.number_of("revision", f64::from(record.revision()));
    charge.close('}');
    Ok(charge.end())
}
