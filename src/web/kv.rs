//! Workers KV, or anything with its four methods.
//!
//! KV allows one write a second for a key and is eventually consistent: each store begins a segment of its own, and no
//! segment is ever written twice, so what was read once need not be read again.
//!
//! Methods give promises that own what they work on: on Workers the future of a cancelled request never resumes, and a
//! borrow held across an await would be held for ever.

use crate::collections::{Map, Set};
use std::cell::{Cell, RefCell, RefMut};
use std::rc::Rc;

use js_sys::{Array, Function, Object, Promise, Reflect};
use wasm_bindgen::{JsCast, JsValue, prelude::wasm_bindgen};
use wasm_bindgen_futures::{JsFuture, future_to_promise};

use super::{
    clock::now,
    error::host_error,
    ids::generate_id,
    ledger::fold,
    value::{get, instant, kind_of, optional_instant},
};
use crate::{
    error::{Code, Error, Result},
    json::ToJson,
    ledger::{Files, Namespace, Record, Write, files::expiry, memory::to_json},
    time::{Instant, MINUTE},
};

#[wasm_bindgen]
extern "C" {
    /// A KV binding, by what it can do.
    #[derive(Clone)]
    type Binding;

    #[wasm_bindgen(method, catch, js_name = get)]
    fn get(this: &Binding, key: &str) -> std::result::Result<Promise, JsValue>;
    #[wasm_bindgen(method, catch, js_name = put)]
    fn put(this: &Binding, key: &str, text: &str, options: &JsValue) -> std::result::Result<Promise, JsValue>;
    #[wasm_bindgen(method, catch, js_name = delete)]
    fn delete(this: &Binding, key: &str) -> std::result::Result<Promise, JsValue>;
    #[wasm_bindgen(method, catch, js_name = list)]
    fn list(this: &Binding, options: &JsValue) -> std::result::Result<Promise, JsValue>;
}

/// How long a list may not yet show what was written: KV says "up to 60 seconds or more".
const STALE_MS: i64 = 5 * MINUTE;
/// How many keys are read at a time.
const BATCH: usize = 32;
/// What was read is kept up to here; a long-lived instance forgets it then and reads anew.
const CACHE_BYTES: usize = 8 * 1024 * 1024;

/// Cost records in Workers KV.
#[wasm_bindgen]
pub struct KvStore {
    inner: Rc<Inner>,
}

struct Inner {
    binding: Binding,
    tied: Function,
    namespace: Namespace,
    /// For how long the host is to keep a record, in milliseconds.
    keep_ms: Option<i64>,
    files: RefCell<Option<Files>>,
    /// Whether it was read which schemas are here.
    opened: Cell<bool>,
    /// What this instance wrote or deleted a short time ago: a list may not show it yet.
    written: RefCell<Map<String, Instant>>,
    deleted: RefCell<Map<String, Instant>>,
}

#[wasm_bindgen]
impl KvStore {
    /// The records of a namespace behind a binding. Touches no storage yet.
    #[wasm_bindgen(constructor)]
    ///
    /// `tied` is the face's function of that name: a promise goes through it before the core waits for it, so that one which
    /// outlives its instance is not answered into another.
    pub fn new(binding: JsValue, namespace: &str, tied: Function, ttl_seconds: Option<f64>) -> Result<Self> {
        for method in ["get", "put", "delete", "list"] {
            if !binding.is_object() || !get(&binding, method).is_function() {
                return Err(Error::config(format!(
                    "cannot use this KV binding: expected an object with get, put, delete and list, found {}",
                    if binding.is_object() { format!("one without {method}") } else { kind_of(&binding).to_owned() }
                )));
            }
        }
        // The least that KV takes, and what is a number of milliseconds by far.
        if ttl_seconds.is_some_and(|seconds| !(60.0..=1e11).contains(&seconds)) {
            return Err(Error::config(
                "cannot read the options of KVCostStorage: expected ttlSeconds to be a number of at least 60, found another one",
            ));
        }
        Ok(Self {
            inner: Rc::new(Inner {
                keep_ms: ttl_seconds.map(|seconds| (seconds * 1000.0) as i64),
                binding: binding.unchecked_into(),
                tied,
                namespace: Namespace::new(namespace)?,
                files: RefCell::new(None),
                opened: Cell::new(false),
                written: RefCell::default(),
                deleted: RefCell::default(),
            }),
        })
    }

    /// Keeps a record.
    pub fn store(&self, json: &str) -> Result<Promise> {
        let record = Record::parse(json)?;
        let elsewhere = |files: &Files| files.is_elsewhere(&record);
        let reading =
            if self.inner.files.borrow().as_ref().is_some_and(elsewhere) { Reading::All } else { Reading::Meta };
        Ok(self.promise(reading, move |files| Ok((JsValue::UNDEFINED, files.store(&record, now())?))))
    }

    /// The record of that id. Reads every segment that was not read before.
    pub fn get(&self, id: String) -> Promise {
        self.promise(Reading::All, move |files| answer(files.get(&id)?.map(Record::to_json)))
    }

    /// The records of a request, as an array. Reads every segment that was not read before.
    #[wasm_bindgen(js_name = byRequest)]
    pub fn by_request(&self, request_id: String) -> Promise {
        self.select(Reading::All, move |record| record.request_id == request_id)
    }

    /// The records of an agent within a range, whose ends may be open, as an array.
    #[wasm_bindgen(js_name = byAgent)]
    pub fn by_agent(&self, agent_id: String, start: &JsValue, end: &JsValue) -> Result<Promise> {
        let (start, end) = (optional_instant(start)?, optional_instant(end)?);
        let reading = start.zip(end).map_or(Reading::All, |(start, end)| Reading::Days(start, end));
        Ok(self.select(reading, move |record| {
            record.agent_id == agent_id
                && start.is_none_or(|start| record.timestamp >= start)
                && end.is_none_or(|end| record.timestamp <= end)
        }))
    }

    /// The records of a range, as an array. Reads the days of the range only.
    #[wasm_bindgen(js_name = byRange)]
    pub fn by_range(&self, start: &JsValue, end: &JsValue) -> Result<Promise> {
        let (start, end) = (instant(start)?, instant(end)?);
        Ok(self.select(Reading::Days(start, end), move |record| record.timestamp >= start && record.timestamp <= end))
    }

    /// What a range adds up to. Reads the days of the range only.
    pub fn summary(&self, start: &JsValue, end: &JsValue, agent_id: Option<String>) -> Result<Promise> {
        let (start, end) = (instant(start)?, instant(end)?);
        Ok(self.promise(Reading::Days(start, end), move |files| {
            answer(files.summary(start, end, agent_id.as_deref())?.to_json())
        }))
    }

    /// Deletes what is strictly older.
    #[wasm_bindgen(js_name = deleteOlderThan)]
    pub fn delete_older_than(&self, before: &JsValue) -> Result<Promise> {
        let before = instant(before)?;
        Ok(self.promise(Reading::All, move |files| {
            let (count, writes) = files.delete_older_than(before, now())?;
            Ok(((count as u32).into(), writes))
        }))
    }

    /// Answers a question: `query`, `series` or `top`. Reads the days of its range only, where it has one.
    pub fn ask(&self, kind: &str, json: &str, cursor: Option<String>) -> Result<Promise> {
        let mut fold = fold(kind, json, cursor)?;
        let range = fold.ask().filter.start.zip(fold.ask().filter.end);
        let reading = range.map_or(Reading::All, |(start, end)| Reading::Days(start, end));
        Ok(self.promise(reading, move |files| {
            files.fold(&mut fold)?;
            answer(fold.finish()?)
        }))
    }

    /// Puts small segments together, and says how many keys there are less.
    pub fn compact(&self) -> Promise {
        self.promise(Reading::All, |files| {
            let writes = files.compact(now())?;
            let puts = writes.iter().filter(|write| matches!(write, Write::Put { .. })).count();
            Ok(((writes.len() as u32).saturating_sub(2 * puts as u32).into(), writes))
        })
    }

    /// Deletes every record. What can't be read stays.
    pub fn clear(&self) -> Promise {
        self.promise(Reading::All, |files| Ok((JsValue::UNDEFINED, files.clear(now())?)))
    }

    /// What is here, as JSON.
    pub fn report(&self) -> Promise {
        self.promise(Reading::All, |files| answer(files.report().to_json()))
    }

    fn select(&self, reading: Reading, keep: impl Fn(&Record) -> bool + 'static) -> Promise {
        self.promise(reading, move |files| answer(to_json(files.select(keep)?)))
    }

    /// Reads, works on the view, writes. The one future of this file: each more would be compiled anew.
    fn promise(&self, reading: Reading, work: impl FnOnce(&mut Files) -> Result<Done> + 'static) -> Promise {
        let (inner, work): (_, Box<Work>) = (Rc::clone(&self.inner), Box::new(work));
        future_to_promise(async move { inner.run(reading, work).await.map_err(JsValue::from) })
    }
}

/// What must be read before the work.
#[derive(Clone, Copy)]
enum Reading {
    Meta,
    All,
    Days(Instant, Instant),
}

/// The answer, and what must be written before it is given.
type Done = (JsValue, Vec<Write>);
type Work = dyn FnOnce(&mut Files) -> Result<Done>;

fn answer(value: impl Into<JsValue>) -> Result<Done> {
    Ok((value.into(), Vec::new()))
}

impl Inner {
    async fn run(&self, reading: Reading, work: Box<Work>) -> Result<JsValue> {
        match reading {
            Reading::Meta => self.open().await?,
            Reading::All => self.refresh(None).await?,
            Reading::Days(start, end) => self.refresh(Some((start, end))).await?,
        }
        let (answer, writes) = self.files(work)?;
        self.apply(writes).await?;
        Ok(answer)
    }

    /// Works on the view. No await is in here, so the borrow ends before anything else runs.
    fn files<T>(&self, work: impl FnOnce(&mut Files) -> Result<T>) -> Result<T> {
        work(&mut *self.view()?)
    }

    fn view(&self) -> Result<RefMut<'_, Files>> {
        let mut files = self.files.borrow_mut();
        if files.is_none() {
            *files = Some(Files::new(self.namespace.clone(), generate_id()?, false));
        }
        RefMut::filter_map(files, Option::as_mut).map_err(|_| Error::internal("cannot read KV: the view is gone"))
    }

    async fn wait(&self, doing: &str, promise: std::result::Result<Promise, JsValue>) -> Result<JsValue> {
        let failed = |thrown| failed(doing, &thrown);
        // A stand-in may answer without a promise.
        let tied =
            self.tied.call1(&JsValue::UNDEFINED, &Promise::resolve(&promise.map_err(failed)?)).map_err(failed)?;
        JsFuture::from(tied.unchecked_into::<Promise>()).await.map_err(failed)
    }

    /// Reads which schemas were written here, once: ours, and whatever a later release has put beside it.
    async fn open(&self) -> Result<()> {
        if self.opened.get() {
            return Ok(());
        }
        let mut keys = self.list(&self.namespace.meta_prefix()).await?;
        // Also where the list does not show it yet: writing it again within a second would fail.
        keys.insert(self.files(|files| Ok(files.meta_key()))?);
        let keys: Vec<String> = keys.into_iter().collect();
        let texts = self.read(&keys).await?;
        // Another call may have read or written it meanwhile; what is known now is not older.
        if !self.opened.replace(true) {
            self.files(|files| {
                for (key, text) in keys.iter().zip(texts) {
                    files.load(key, text);
                }
                Ok(())
            })?;
        }
        Ok(())
    }

    async fn read(&self, keys: &[String]) -> Result<Vec<Option<String>>> {
        let reads = Array::new();
        for key in keys {
            reads.push(&self.binding.get(key).map_err(|thrown| failed("read from KV", &thrown))?.into());
        }
        let texts: Array = self.wait("read from KV", Ok(Promise::all(&reads))).await?.unchecked_into();
        Ok(texts.iter().map(|text| text_of(&text)).collect())
    }

    /// Brings the view up to date: all of it, or the days of a range.
    async fn refresh(&self, range: Option<(Instant, Instant)>) -> Result<()> {
        self.open().await?;
        let prefix = match range {
            Some((start, end)) => self.namespace.days_prefix(start, end),
            None => self.namespace.prefix().to_owned(),
        };
        let listed = self.list(&prefix).await?;
        let at = now();
        for recent in [&self.written, &self.deleted] {
            recent.borrow_mut().retain(|_, then| at.ms() - then.ms() < STALE_MS);
        }
        let unread: Vec<String> = self.files(|files| {
            let written = self.written.borrow();
            if files.report().bytes > CACHE_BYTES {
                files.retain(&Set::new(), |key| written.contains_key(key));
            }
            files.retain(&listed, |key| !key.starts_with(&prefix) || written.contains_key(key));
            let deleted = self.deleted.borrow();
            let meta = files.meta_key();
            Ok(listed
                .into_iter()
                .filter(|key| !files.knows(key) && !deleted.contains_key(key) && *key != meta)
                .filter(|key| range.is_none_or(|(start, end)| files.namespace().is_within(key, start, end)))
                .collect())
        })?;
        for keys in unread.chunks(BATCH) {
            let texts = self.read(keys).await?;
            self.files(|files| {
                for (key, text) in keys.iter().zip(texts) {
                    files.load(key, text);
                }
                Ok(())
            })?;
        }
        Ok(())
    }

    async fn list(&self, prefix: &str) -> Result<Set<String>> {
        let mut names = Set::new();
        let mut cursor = JsValue::UNDEFINED;
        loop {
            let options = Object::new();
            // Setting a property of a fresh plain object does not fail.
            let _ = Reflect::set(&options, &"prefix".into(), &prefix.into());
            if !cursor.is_undefined() {
                let _ = Reflect::set(&options, &"cursor".into(), &cursor);
            }
            let page = self.wait("list KV", self.binding.list(&options)).await?;
            for entry in Array::from(&get(&page, "keys")).iter() {
                names.extend(get(&entry, "name").as_string());
            }
            let next = get(&page, "cursor");
            if get(&page, "list_complete").is_truthy() || !next.is_truthy() {
                return Ok(names);
            }
            cursor = next;
        }
    }

    async fn apply(&self, writes: Vec<Write>) -> Result<()> {
        for write in writes {
            match &write {
                Write::Put { key, text } => {
                    // Told before it is done, so that calls at the same time do not all write it: a second write of one
                    // key within a second fails.
                    let meta = self.files(|files| {
                        let meta = *key == files.meta_key();
                        if meta {
                            files.done(write.clone());
                        }
                        Ok(meta)
                    })?;
                    let options = match self.keep_ms.filter(|_| !meta) {
                        None => JsValue::UNDEFINED,
                        Some(keep) => {
                            let options = Object::new();
                            let at = (expiry(text, keep, now()).ms() / 1000) as f64;
                            // Setting a property of a fresh plain object does not fail.
                            let _ = Reflect::set(&options, &"expiration".into(), &at.into());
                            options.into()
                        }
                    };
                    if let Err(error) = self.wait("write to KV", self.binding.put(key, text, &options)).await {
                        if meta {
                            self.files(|files| {
                                files.load(key, None);
                                Ok(())
                            })?;
                        }
                        return Err(error);
                    }
                    self.written.borrow_mut().insert(key.clone(), now());
                }
                Write::Delete { key } => {
                    self.wait("write to KV", self.binding.delete(key)).await?;
                    self.deleted.borrow_mut().insert(key.clone(), now());
                }
            }
            self.files(|files| {
                files.done(write);
                Ok(())
            })?;
        }
        Ok(())
    }
}

fn failed(doing: &str, thrown: &JsValue) -> Error {
    host_error(Code::StorageUnavailable, doing, thrown)
}

fn text_of(value: &JsValue) -> Option<String> {
    value.as_string()
}
