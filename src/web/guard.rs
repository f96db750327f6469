//! Guards handed out: the built-in detectors over texts, and over texts that come in pieces.

use std::{cell::RefCell, sync::Arc};

use js_sys::{Array, JSON, Reflect, Uint8Array};
use wasm_bindgen::{JsCast, JsValue, prelude::wasm_bindgen};

use crate::{
    error::{Error, Result},
    guard::{self, Config, Counter, Finding, Form, Ngrams, Seam, Source, Stage, Way, moderation::Moderator, to_utf16},
    json::{Raw, ToJson, Writer},
    web::{
        token_requests,
        value::{from_js, get, get_string},
        vault::Vault,
    },
};

/// Built-in guards: what they look for, and what they do then.
#[wasm_bindgen]
pub struct Scanner {
    scanner: guard::Scanner,
}

/// A `ScanResult`, but for its text: that is set as it is, not written as JSON and read again.
struct Scanned {
    passed: bool,
    action: &'static str,
    findings: Vec<Finding>,
    risk_score: u8,
}

impl ToJson for Scanned {
    fn write(&self, to: &mut Writer) {
        to.open('{');
        to.bool_of("passed", self.passed);
        to.text_of("action", self.action);
        to.list_of("findings", &self.findings);
        to.number_of("riskScore", f64::from(self.risk_score));
        to.close('}');
    }
}

#[wasm_bindgen]
impl Scanner {
    /// Guards in their order: an array of `{ kind, options, table }`, the table being weights for n-grams, if any.
    #[wasm_bindgen(constructor)]
    pub fn new(guards: &Array) -> Result<Scanner> {
        Ok(Scanner { scanner: guard::Scanner::new(read_guards(guards)?)? })
    }

    /// Scans a text: a `ScanResult`, without its text where nothing was changed.
    pub fn scan(&self, text: &str, stage: &str) -> Result<JsValue> {
        scanned(text, self.scanner.scan(text, Stage::parse(stage, "scan options")?), Some(text))
    }

    /// As [`Scanner::scan`], with a vault at work over the text.
    #[wasm_bindgen(js_name = scanWith)]
    pub fn scan_with(&self, text: &str, stage: &str, vault: &Vault) -> Result<JsValue> {
        let stage = Stage::parse(stage, "scan options")?;
        let cover = vault.cover_of(stage);
        let mut scan = self.scanner.scan_with(text, stage, Some(&cover));
        if cover.way == Way::Out {
            // What the text itself has told the vault may stand in it elsewhere too.
            scan.text = cover.vault.cover(&scan.text);
        }
        scanned(text, scan, Some(text))
    }

    /// As [`Scanner::scan_all`], with a vault at work over the texts.
    #[wasm_bindgen(js_name = scanAllWith)]
    pub fn scan_all_with(&self, texts: &Array, vault: &Vault) -> Result<String> {
        self.all(texts, Some(vault))
    }

    /// Scans the texts of one request or answer, an array of `{ text, role, stage }`: `{ guards, texts }` as JSON text.
    #[wasm_bindgen(js_name = scanAll)]
    pub fn scan_all(&self, texts: &Array) -> Result<String> {
        self.all(texts, None)
    }

    fn all(&self, texts: &Array, vault: Option<&Vault>) -> Result<String> {
        let text = |source: &JsValue, key: &str| {
            get_string(source, key, "a text")?
                .ok_or_else(|| Error::input("cannot scan: expected texts with role and stage"))
        };
        let texts = texts.iter().map(|source| {
            let stage = Stage::parse(&text(&source, "stage")?, "scan options")?;
            Ok((text(&source, "text")?, stage, text(&source, "role")? == "system"))
        });
        let texts = texts.collect::<Result<Vec<_>>>()?;
        let sources = texts.iter().map(|(text, stage, is_system)| Source {
            text,
            stage: *stage,
            is_system: *is_system,
            seam: Seam::Apart,
        });
        // All texts of one call go one way.
        let cover = vault.zip(texts.first()).map(|(vault, (_, stage, _))| vault.cover_of(*stage));
        Ok(self.scanner.scan_all_with(&sources.collect::<Vec<_>>(), cover.as_ref()).to_json())
    }
}

impl Scanner {
    /// What scans inside a call.
    pub fn core(&self) -> &guard::Scanner {
        &self.scanner
    }
}

/// A text that comes in pieces.
#[wasm_bindgen]
pub struct TextScan {
    stream: RefCell<guard::TextStream>,
    text: RefCell<String>,
}

#[wasm_bindgen]
impl TextScan {
    /// A stream at that stage under the scanner's guards.
    #[wasm_bindgen(constructor)]
    pub fn new(scanner: &Scanner, stage: &str) -> Result<TextScan> {
        let stage = Stage::parse(stage, "stream options")?;
        let stream = RefCell::new(guard::TextStream::new(&scanner.scanner, stage));
        Ok(TextScan { stream, text: RefCell::default() })
    }

    /// The same, with a vault at work over the text.
    pub fn with(scanner: &Scanner, stage: &str, vault: &Vault) -> Result<TextScan> {
        let stage = Stage::parse(stage, "stream options")?;
        let stream = guard::TextStream::with(&scanner.scanner, stage, Some(vault.cover_of(stage)));
        Ok(TextScan { stream: RefCell::new(stream), text: RefCell::default() })
    }

    /// Takes a piece, gives what may leave.
    pub fn push(&self, piece: &str) -> String {
        self.text.borrow_mut().push_str(piece);
        self.stream.borrow_mut().push(piece)
    }

    /// No more comes: gives what was held.
    pub fn end(&self) -> String {
        self.stream.borrow_mut().end()
    }

    /// The `ScanResult` so far.
    pub fn result(&self) -> Result<JsValue> {
        scanned(&self.text.borrow(), self.stream.borrow().result(), None)
    }
}

/// Refuses options of a built-in guardrail that are wrong; gives its name and how it behaves in a stream.
#[wasm_bindgen(js_name = checkGuardrail)]
pub fn check_guardrail(kind: &str, options: &JsValue) -> Result<Vec<String>> {
    let config = read_config(kind, options)?;
    let streaming = config.streaming().as_str().to_owned();
    Ok(vec![config.name, streaming])
}

/// Guards in their order: an array of `{ kind, options, table }`.
pub fn read_guards(guards: &Array) -> Result<Vec<Config>> {
    let guards = guards.iter().map(|guard| {
        let kind = get_string(&guard, "kind", "guardrail")?.unwrap_or_default();
        let config = read_config(&kind, &get(&guard, "options"))?.with_counter(Counter(token_requests::count));
        // A table of another kind, for who moderates.
        if let Ok(bytes) = get(&guard, "bytes").dyn_into::<Uint8Array>() {
            return Ok(config.with_moderator(Arc::new(Moderator::new(&bytes.to_vec())?)));
        }
        Ok(match get_string(&guard, "table", "guardrail")? {
            Some(table) => config.with_ngrams(Arc::new(Ngrams::parse(&table)?)),
            None => config,
        })
    });
    guards.collect()
}

fn read_config(kind: &str, options: &JsValue) -> Result<Config> {
    let form = Form::parse(kind)?;
    if options.is_undefined() {
        return Config::read(form, Raw::EMPTY);
    }
    Config::read(form, from_js(options, form.options(), &form.keys())?.raw())
}

/// A `ScanResult` over a text, without its text where that is the one that the host knows: to hand it over costs more than to look for
/// personal data in it.
fn scanned(text: &str, scan: guard::Scan, known: Option<&str>) -> Result<JsValue> {
    let mut findings = scan.findings;
    to_utf16(text, &mut findings);
    let scanned =
        Scanned { passed: scan.passed, action: scan.action.as_str(), findings, risk_score: scan.risk }.to_json();
    // A text may hold thousands of findings: the host reads them faster than they could be handed over one by one.
    let failed = |_| Error::internal("cannot hand out what was found: expected the host to read JSON, found an error");
    let result = JSON::parse(&scanned).map_err(failed)?;
    let shown = known.filter(|known| *known == scan.text);
    if shown.is_none() {
        Reflect::set(&result, &JsValue::from_str("text"), &JsValue::from_str(&scan.text)).map_err(failed)?;
    }
    Ok(result)
}
