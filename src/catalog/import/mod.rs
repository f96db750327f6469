//! Other tables of prices, translated into ours: a foreign text becomes the text that [`super::json`] reads, so that there
//! is one reader, which checks everything.
//!
//! | file | reads |
//! |---|---|
//! | [`litellm`] | LiteLLM's `model_prices_and_context_window.json` |
//! | [`genai`] | genai-prices' `data.json`: a list of providers |
//! | [`modelsdev`] | models.dev's `api.json` |
//! | [`amount`] | doubles as exact decimals; rates that were cut |
//! | [`draft`] | a model on its way from one to the other |
//!
//! `scripts/prices/update.mjs` makes the shipped book by these same functions, through the built package.

mod amount;
mod draft;
mod genai;
mod litellm;
mod modelsdev;

use std::borrow::Cow;

use super::json::{check_size, refuse};
use crate::error::Result;
use crate::json::Raw;
use crate::json::strict::{Limits, check};
use draft::Drafts;

/// Several times what the largest table has: names are compared with each other below.
const LIMITS: Limits = Limits { depth: 32, entries: 150_000, members: 20_000 };

/// The text in our format of a table in ours, LiteLLM's, genai-prices' or models.dev's, by what it holds.
pub fn translate(text: &str) -> Result<Cow<'_, str>> {
    check_size(text)?;
    // Nothing below meets a name twice, more than it can look through, or what is no JSON.
    check(text, LIMITS).map_err(|fault| refuse(&fault.path, fault.expected, &fault.found))?;
    let value = Raw::parse(text).map_err(|_| refuse("", "JSON", "something else"))?;
    let mut drafts = Drafts::default();
    if let Some(providers) = value.items() {
        genai::read(&providers, "", &mut drafts)?;
        return Ok(Cow::Owned(drafts.write("genai-prices")));
    }
    let members = value.members().ok_or_else(|| refuse("", "an object or a list", value.kind()))?;
    let named = |name: &str| members.iter().any(|(key, _)| key == name);
    if named("models") && named("tollgate") {
        return Ok(Cow::Borrowed(text));
    }
    if let Some((_, list)) = members.iter().find(|(key, list)| key == "providers" && list.get().starts_with('[')) {
        genai::read(&list.items().unwrap_or_default(), "providers", &mut drafts)?;
        return Ok(Cow::Owned(drafts.write("genai-prices")));
    }
    let holds = |name: &str| members.iter().any(|(_, entry)| entry.member(name).is_some());
    if holds("litellm_provider") {
        litellm::read(&members, &mut drafts)?;
        Ok(Cow::Owned(drafts.write("litellm")))
    } else if holds("models") {
        modelsdev::read(&members, &mut drafts)?;
        Ok(Cow::Owned(drafts.write("models.dev")))
    } else {
        Err(refuse("", "a price table of Tollgate, LiteLLM, genai-prices or models.dev", "another object"))
    }
}
