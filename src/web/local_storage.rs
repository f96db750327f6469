//! localStorage: `getItem`, `setItem` and `removeItem`, and nothing of the rules, which are [`Files`].
//!
//! Every operation looks at what is there: another tab may have written. Texts that did not change are not read again, and where no
//! entry has come or gone, entries that are full are not looked at.

use crate::collections::Set;
use std::cell::{RefCell, RefMut};

use gloo_storage::{LocalStorage, Storage as _};
use js_sys::{JSON, Object, Reflect};
use wasm_bindgen::{JsCast, JsValue, prelude::wasm_bindgen};
use web_sys::Storage;

use super::{
    clock::now,
    error::host_error,
    ids::generate_id,
    ledger::fold,
    value::{instant, optional_instant},
};
use crate::{
    error::{Code, Error, Result},
    json::ToJson,
    ledger::{Files, Namespace, Record, Write, memory::to_json},
};

#[wasm_bindgen]
extern "C" {
    /// The host's storage, whose texts stay with the host.
    type Texts;

    #[wasm_bindgen(method, catch, js_name = getItem)]
    fn text(this: &Texts, key: &str) -> std::result::Result<JsValue, JsValue>;
}

/// What was seen when everything was last looked at, as the host has it: comparing there costs less than bringing it here.
#[derive(Default)]
struct Seen {
    /// The names of all entries.
    names: Option<JsValue>,
    /// Ours that are not full, each with its text.
    open: Vec<(String, JsValue)>,
}

/// Cost records in localStorage.
#[wasm_bindgen]
pub struct LocalStore {
    namespace: Namespace,
    files: RefCell<Option<Files>>,
    seen: RefCell<Seen>,
}

#[wasm_bindgen]
impl LocalStore {
    /// The records of a namespace. Touches no storage yet.
    #[wasm_bindgen(constructor)]
    pub fn new(namespace: &str) -> Result<Self> {
        Ok(Self { namespace: Namespace::new(namespace)?, files: RefCell::new(None), seen: RefCell::default() })
    }

    /// Keeps a record.
    pub fn store(&self, json: &str) -> Result<()> {
        let record = Record::parse(json)?;
        let (mut files, storage) = self.view(false)?;
        if files.get(&record.id)?.is_some() {
            // The line that is superseded goes, wherever it is: only what was just read may be written again.
            self.refresh(&mut files, &storage, true)?;
        }
        let writes = files.store(&record, now())?;
        let written: Vec<String> = writes.iter().map(|write| write.key().to_owned()).collect();
        // Nobody comes in between: a host shows what another tab has done when this turn is over.
        apply(&mut files, &storage, writes).inspect(|()| self.note(&files, &storage, written))
    }

    /// Notes what this has written itself, so that it need not be looked for.
    fn note(&self, files: &Files, storage: &Storage, written: Vec<String>) {
        let mut seen = self.seen.borrow_mut();
        if seen.names.is_none() {
            return;
        }
        if written.iter().any(|key| seen.open.iter().all(|(known, _)| known != key)) {
            seen.names = names(storage);
        }
        seen.open.retain(|(known, _)| !written.contains(known));
        for key in written.into_iter().filter(|key| !files.is_full(key)) {
            let text = storage.unchecked_ref::<Texts>().text(&key).unwrap_or(JsValue::UNDEFINED);
            seen.open.push((key, text));
        }
    }

    /// The record of that id.
    pub fn get(&self, id: &str) -> Result<Option<String>> {
        self.with(|files, _| Ok(files.get(id)?.map(Record::to_json)))
    }

    /// The records of a request, as an array.
    #[wasm_bindgen(js_name = byRequest)]
    pub fn by_request(&self, request_id: &str) -> Result<String> {
        self.with(|files, _| Ok(to_json(files.select(|record| record.request_id == request_id)?)))
    }

    /// The records of an agent within a range, whose ends may be open, as an array.
    #[wasm_bindgen(js_name = byAgent)]
    pub fn by_agent(&self, agent_id: &str, start: &JsValue, end: &JsValue) -> Result<String> {
        let (start, end) = (optional_instant(start)?, optional_instant(end)?);
        self.with(|files, _| {
            Ok(to_json(files.select(|record| {
                record.agent_id == agent_id
                    && start.is_none_or(|start| record.timestamp >= start)
                    && end.is_none_or(|end| record.timestamp <= end)
            })?))
        })
    }

    /// The records of a range, as an array.
    #[wasm_bindgen(js_name = byRange)]
    pub fn by_range(&self, start: &JsValue, end: &JsValue) -> Result<String> {
        let (start, end) = (instant(start)?, instant(end)?);
        self.with(|files, _| Ok(to_json(files.select(|record| record.timestamp >= start && record.timestamp <= end)?)))
    }

    /// What a range adds up to.
    pub fn summary(&self, start: &JsValue, end: &JsValue, agent_id: Option<String>) -> Result<String> {
        let (start, end) = (instant(start)?, instant(end)?);
        self.with(|files, _| Ok(files.summary(start, end, agent_id.as_deref())?.to_json()))
    }

    /// Answers a question: `query`, `series` or `top`.
    pub fn ask(&self, kind: &str, json: &str, cursor: Option<String>) -> Result<String> {
        let mut fold = fold(kind, json, cursor)?;
        self.with(|files, _| files.fold(&mut fold))?;
        fold.finish()
    }

    /// Deletes what is strictly older.
    #[wasm_bindgen(js_name = deleteOlderThan)]
    pub fn delete_older_than(&self, before: &JsValue) -> Result<u32> {
        let before = instant(before)?;
        self.with(|files, storage| {
            let (count, writes) = files.delete_older_than(before, now())?;
            apply(files, storage, writes)?;
            Ok(count as u32)
        })
    }

    /// Deletes every record. What can't be read stays.
    pub fn clear(&self) -> Result<()> {
        self.with(|files, storage| {
            let writes = files.clear(now())?;
            apply(files, storage, writes)
        })
    }

    /// What is here, as JSON.
    pub fn report(&self) -> Result<String> {
        self.with(|files, _| Ok(files.report().to_json()))
    }

    /// Brings the view up to date, and works on it. Nothing in here calls back, so the borrow is alone.
    fn with<T>(&self, work: impl FnOnce(&mut Files, &Storage) -> Result<T>) -> Result<T> {
        let (mut files, storage) = self.view(true)?;
        work(&mut files, &storage)
    }

    /// The view brought up to date: all of it, or, without `whole`, what another tab may have appended or begun. A segment
    /// that is full is not appended to, so it is enough to see that it is still there.
    fn view(&self, whole: bool) -> Result<(RefMut<'_, Files>, Storage)> {
        let storage = open()?;
        let mut files = self.files.borrow_mut();
        if files.is_none() {
            *files = Some(Files::new(self.namespace.clone(), generate_id()?, true));
        }
        let mut files = RefMut::filter_map(files, Option::as_mut)
            .map_err(|_| Error::internal("cannot read localStorage: the view is gone"))?;
        self.refresh(&mut files, &storage, whole)?;
        Ok((files, storage))
    }

    fn refresh(&self, files: &mut Files, storage: &Storage, whole: bool) -> Result<()> {
        let failed = |thrown: JsValue| host_error(Code::StorageUnavailable, "read localStorage", &thrown);
        let mut seen = self.seen.borrow_mut();
        let names = names(storage);
        if whole || names.is_none() || seen.names != names {
            // Should it fail, all is looked at the next time.
            *seen = Seen::default();
            let mut keys = Set::new();
            for index in 0..storage.length().map_err(failed)? {
                let key = storage.key(index).map_err(failed)?;
                keys.extend(key.filter(|key| key.starts_with(files.namespace().prefix())));
            }
            files.retain(&keys, |_| false);
            files.retain_metas(&keys);
            for key in keys {
                if whole || !files.is_full(&key) {
                    files.load(&key, storage.get_item(&key).map_err(failed)?);
                }
                if !files.is_full(&key) {
                    seen.open.push((key, JsValue::UNDEFINED));
                }
            }
            seen.names = names;
            return Ok(());
        }
        let texts: &Texts = storage.unchecked_ref();
        for (key, known) in &mut seen.open {
            let text = texts.text(key).map_err(failed)?;
            if text == *known {
                files.is_unchanged(key);
            } else {
                files.load(key, text.as_string());
                *known = text;
            }
        }
        Ok(())
    }
}

/// The names of all entries as one text, by which it is seen whether any came or went; none where a host does not list them so.
fn names(storage: &Storage) -> Option<JsValue> {
    let keys = Object::keys(storage.unchecked_ref::<Object>());
    let all = storage.length().is_ok_and(|count| count == keys.length());
    all.then(|| JSON::stringify(&keys).ok().map(JsValue::from)).flatten()
}

/// The host's localStorage. Reading the property throws where access is denied, and gives nothing in a Worker; gloo's
/// handle would throw what cannot be caught, so it is asked for only where that has been ruled out.
fn open() -> Result<Storage> {
    let found = Reflect::get(&js_sys::global(), &JsValue::from_str("localStorage"))
        .map_err(|thrown| host_error(Code::StorageUnavailable, "open localStorage", &thrown))?;
    if !found.is_object() {
        return Err(Error::new(
            Code::StorageUnavailable,
            "cannot open localStorage: expected a host that has it, found none",
        ));
    }
    if web_sys::window().is_some_and(|window| window.local_storage().is_ok_and(|storage| storage.is_some())) {
        Ok(LocalStorage::raw())
    } else {
        // Not a browser's window, but it has one: Deno, Node, a test's stand-in.
        Ok(found.unchecked_into())
    }
}

fn apply(files: &mut Files, storage: &Storage, writes: Vec<Write>) -> Result<()> {
    for write in writes {
        match &write {
            Write::Put { key, text } => storage.set_item(key, text).map_err(|thrown| put_error(&thrown))?,
            Write::Delete { key } => storage
                .remove_item(key)
                .map_err(|thrown| host_error(Code::StorageUnavailable, "write to localStorage", &thrown))?,
        }
        files.done(write);
    }
    Ok(())
}

/// A full storage is told from one that refuses by the exception's name; Firefox had one of its own.
fn put_error(thrown: &JsValue) -> Error {
    let name = super::value::get(thrown, "name").as_string().unwrap_or_default();
    if matches!(name.as_str(), "QuotaExceededError" | "NS_ERROR_DOM_QUOTA_REACHED") {
        Error::new(Code::StorageQuota, "cannot write to localStorage: expected room for the record, found it full")
    } else {
        host_error(Code::StorageUnavailable, "write to localStorage", thrown)
    }
}
