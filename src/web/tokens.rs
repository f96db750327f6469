//! Tokenizers, handed out.
//!
//! Their texts do not cross as arguments: the face writes them as UTF-8 into one [`room`] and says how long they are. The
//! usual way of a string copies it twice and takes a third of the time of a count.

use std::{cell::RefCell, rc::Rc};

use js_sys::{Uint8Array, WebAssembly};
use wasm_bindgen::{JsCast, prelude::wasm_bindgen};

use crate::{
    error::{Error, Result},
    tokens::{
        self, DEFAULT_MEMO, SpecialTokens,
        estimate::{Family, estimate},
    },
};

thread_local! {
    static INPUT: RefCell<Vec<u8>> = const { RefCell::new(Vec::new()) };
}

pub(super) type Shared = Rc<RefCell<tokens::Tokenizer>>;

/// Makes room for texts of that many bytes, and gives it out as a view of the memory: it holds until the memory grows. What
/// was written there before stays.
#[wasm_bindgen(js_name = textRoom)]
pub fn room(bytes: u32) -> Uint8Array {
    INPUT.with_borrow_mut(|input| {
        if input.len() < bytes as usize {
            input.resize(bytes as usize, 0);
        }
        let memory = wasm_bindgen::memory().unchecked_into::<WebAssembly::Memory>();
        Uint8Array::new_with_byte_offset_and_length(
            &memory.buffer(),
            input.as_ptr() as usize as u32,
            input.len() as u32,
        )
    })
}

/// The encodings that count a model's texts, its own first.
#[wasm_bindgen(js_name = encodingsOf)]
pub fn encodings_of(model: &str) -> Vec<String> {
    tokens::encodings_of(model).into_iter().map(str::to_owned).collect()
}

/// The family of a model whose vocabulary is not at hand: its number, and what estimates by it are called.
#[wasm_bindgen(js_name = familyOf)]
pub fn family_of(model: &str) -> Vec<String> {
    let family = Family::of(model);
    vec![(family as u32).to_string(), family.method().to_owned()]
}

/// What a text has in tokens by the weights of a family: the estimate, the least and the most that it is likely to be.
#[wasm_bindgen(js_name = estimateTokens)]
pub fn estimate_tokens(length: u32, family: u32) -> Vec<u32> {
    let found = with_input(length, |text| estimate(text, Family::from_number(family)));
    [found.tokens, found.low, found.high].map(|tokens| tokens as u32).to_vec()
}

/// A tokenizer over a packed vocabulary. Lengths are in bytes of the room for texts; `special` is 0 for texts, 1 to refuse,
/// 2 to allow, 3 to allow `names`.
#[wasm_bindgen]
pub struct Tokenizer {
    pub(super) tokenizer: Shared,
}

#[wasm_bindgen]
impl Tokenizer {
    /// Reads a packed vocabulary for one of its encodings, and then its ids, if their length is not 0: they lie in the room
    /// for texts, one after the other. With an order they are in the form of texts, without one as they are.
    #[wasm_bindgen(constructor)]
    pub fn new(
        encoding: &str,
        alphabet: &str,
        length: u32,
        order: &str,
        ids_length: u32,
        ids_order: &str,
    ) -> Result<Tokenizer> {
        INPUT.with_borrow_mut(|input| {
            let end = (length as usize).saturating_add(ids_length as usize);
            let (vocabulary, ids) =
                input.get_mut(..end).unwrap_or_default().split_at_mut_checked(length as usize).unwrap_or_default();
            let vocabulary = read(vocabulary, alphabet, order)?;
            let ids = if ids.is_empty() { None } else { Some(read(ids, alphabet, ids_order)?) };
            let tokenizer = tokens::Tokenizer::new(vocabulary, Some(encoding), ids, DEFAULT_MEMO)?;
            // Texts need no room as large. The face knows that there is none now.
            *input = Vec::new();
            Ok(Tokenizer { tokenizer: Rc::new(RefCell::new(tokenizer)) })
        })
    }

    /// How many tokens the text has.
    pub fn count(&self, length: u32) -> u32 {
        with_input(length, |text| self.tokenizer.borrow_mut().count_bytes(text, MOST, SpecialTokens::Text).unwrap_or(0))
            as u32
    }

    /// How many tokens each of some texts has that lie there one after the other.
    #[wasm_bindgen(js_name = countAll)]
    pub fn count_all(&self, lengths: &[u32]) -> Vec<u32> {
        let mut tokenizer = self.tokenizer.borrow_mut();
        let mut at = 0;
        INPUT.with_borrow(|input| {
            let mut count = |length: &u32| {
                let text = input.get(at..).and_then(|rest| rest.get(..*length as usize)).unwrap_or_default();
                at += text.len();
                tokenizer.count_bytes(text, MOST, SpecialTokens::Text).unwrap_or(0) as u32
            };
            lengths.iter().map(&mut count).collect()
        })
    }

    /// How many tokens the text has, up to one more than a limit.
    #[wasm_bindgen(js_name = countUpTo)]
    pub fn count_up_to(&self, length: u32, limit: f64, special: u32, names: Vec<String>) -> Result<f64> {
        let limit = limit.clamp(0.0, MOST as f64) as usize;
        with_input(length, |text| self.tokenizer.borrow_mut().count_bytes(text, limit, kind(special, &names)))
            .map(|count| count as f64)
    }

    /// The lengths of the tokens of the text in UTF-16; tokens that cut a character stand together.
    pub fn split(&self, length: u32, special: u32, names: Vec<String>) -> Result<Vec<u32>> {
        with_text(length, |text| {
            let ends = self.tokenizer.borrow_mut().ends(text, kind(special, &names))?;
            let mut from = 0;
            let whole = ends.into_iter().filter(|end| text.is_char_boundary(*end));
            Ok(whole.map(|end| units(text.get(std::mem::replace(&mut from, end)..end).unwrap_or_default())).collect())
        })
    }

    /// How long, in UTF-16, the longest beginning of the text is that has no more tokens than the limit.
    pub fn truncate(&self, length: u32, limit: f64, special: u32, names: Vec<String>) -> Result<u32> {
        let limit = limit.clamp(0.0, MOST as f64) as usize;
        with_text(length, |text| {
            let end = self.tokenizer.borrow_mut().truncate(text, limit, kind(special, &names))?;
            Ok(units(text.get(..end).unwrap_or_default()))
        })
    }

    /// The tokens of the text.
    pub fn encode(&self, length: u32, special: u32, names: Vec<String>) -> Result<Vec<u32>> {
        with_text(length, |text| self.tokenizer.borrow_mut().encode(text, kind(special, &names)))
    }

    /// The text of some tokens; what is no UTF-8 becomes U+FFFD.
    pub fn decode(&self, tokens: &[u32]) -> Result<String> {
        let bytes = self.tokenizer.borrow().decode(tokens)?;
        Ok(String::from_utf8(bytes).unwrap_or_else(|error| String::from_utf8_lossy(error.as_bytes()).into_owned()))
    }
}

/// Packed bytes, from their form of text if there is an order.
fn read<'a>(packed: &'a mut [u8], alphabet: &str, order: &str) -> Result<&'a [u8]> {
    let length = if order.is_empty() { packed.len() } else { tokens::bytes_of_text(alphabet, order, packed)? };
    Ok(packed.get(..length).unwrap_or_default())
}

/// More tokens than a text in 32 bits of memory has.
const MOST: usize = u32::MAX as usize - 1;

fn kind(special: u32, names: &[String]) -> SpecialTokens<'_> {
    match special {
        0 => SpecialTokens::Text,
        1 => SpecialTokens::Refuse,
        2 => SpecialTokens::Allow,
        _ => SpecialTokens::Only(names),
    }
}

fn units(text: &str) -> u32 {
    text.chars().map(|character| character.len_utf16() as u32).sum()
}

#[inline(always)]
fn with_input<T>(length: u32, call: impl FnOnce(&[u8]) -> T) -> T {
    INPUT.with_borrow(|input| call(input.get(..length as usize).unwrap_or_default()))
}

/// The room for texts, for calls that leave numbers there.
pub(super) fn with_room<T>(call: impl FnOnce(&mut [u8]) -> T) -> T {
    INPUT.with_borrow_mut(|input| call(input))
}

/// A text of the room.
pub(super) fn with_text<T>(length: u32, call: impl FnOnce(&str) -> Result<T>) -> Result<T> {
    with_input(length, |text| match std::str::from_utf8(text) {
        Ok(text) => call(text),
        Err(_) => Err(Error::internal("cannot read text: expected UTF-8 in the memory, found something else")),
    })
}
