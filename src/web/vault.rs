//! The vault handed out: values taken out of a conversation, and put back.

use std::cell::RefCell;

use js_sys::Array;
use wasm_bindgen::prelude::wasm_bindgen;

use crate::{
    call::restore_arguments,
    error::{Error, Result},
    guard::{self, Cover, KEY, Stage, TextRestore, Way},
    json::ToJson,
    web::guard::read_guards,
};

/// A vault. It holds state: what was in it is lost with the instance.
#[wasm_bindgen]
pub struct Vault {
    vault: guard::Vault,
}

#[wasm_bindgen]
impl Vault {
    /// An empty vault, or with `export` what that holds; guards as `Scanner` takes them.
    #[wasm_bindgen(constructor)]
    pub fn new(guards: &Array, export: Option<String>) -> Result<Vault> {
        let guards = read_guards(guards)?;
        if let Some(export) = export {
            return Ok(Vault { vault: guard::Vault::from_json(&export, guards)? });
        }
        let mut key = [0; KEY];
        getrandom::fill(&mut key)
            .map_err(|error| Error::internal(format!("cannot make a vault: no randomness ({error})")))?;
        Ok(Vault { vault: guard::Vault::new(&key, guards)? })
    }

    /// How many values it holds.
    pub fn size(&self) -> usize {
        self.vault.len()
    }

    /// A text as it may be sent.
    pub fn redact(&self, text: &str) -> String {
        self.vault.redact(text)
    }

    /// A text without the values that are known.
    pub fn cover(&self, text: &str) -> String {
        self.vault.cover(text)
    }

    /// A text with what stands for values put right; with `arguments` those of a tool: `{ text, restored, notRestored }`.
    pub fn restore(&self, text: &str, arguments: bool) -> String {
        if arguments { restore_arguments(&self.vault, text) } else { self.vault.restore(text) }.to_json()
    }

    /// Everything it holds, to be encrypted at once.
    #[wasm_bindgen(js_name = exportText)]
    pub fn export_text(&self) -> String {
        self.vault.to_json()
    }
}

impl Vault {
    /// The core's own.
    pub fn core(&self) -> &guard::Vault {
        &self.vault
    }

    /// At work over a text of that stage.
    pub fn cover_of(&self, stage: Stage) -> Cover {
        Cover { vault: self.vault.clone(), way: Way::of(stage) }
    }
}

/// A text that comes in pieces, in which values are put back.
#[wasm_bindgen]
pub struct VaultRestore {
    stream: RefCell<TextRestore>,
}

#[wasm_bindgen]
impl VaultRestore {
    /// A text in which values of that vault are put back.
    #[wasm_bindgen(constructor)]
    pub fn new(vault: &Vault) -> VaultRestore {
        VaultRestore { stream: RefCell::new(TextRestore::new(vault.vault.clone())) }
    }

    /// Takes a piece, gives what may leave.
    pub fn push(&self, piece: &str) -> String {
        self.stream.borrow_mut().push(piece)
    }

    /// No more comes: gives what was held.
    pub fn end(&self) -> String {
        self.stream.borrow_mut().end()
    }

    /// How many values were put back so far.
    pub fn restored(&self) -> usize {
        self.stream.borrow().restored()
    }

    /// Placeholders so far that stand for nothing known.
    #[wasm_bindgen(js_name = notRestored)]
    pub fn not_restored(&self) -> Vec<String> {
        self.stream.borrow().unknown().to_vec()
    }
}
