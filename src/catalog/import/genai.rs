//! genai-prices' table: a list of providers, each with models whose prices may have dates, hours and context tiers.

use std::borrow::Cow;

use super::amount::{self, Amount};
use super::draft::{Block, Draft, DraftRow, Drafts, Name, Rates};
use super::litellm::edge_of;
use crate::catalog::json::{check_name, refuse};
use crate::catalog::known::known;
use crate::error::Result;
use crate::json::Raw;
use crate::usage::Unit;

/// Its price keys to our units, with the power of ten of units that a price is for. Hours are seconds by the hour.
static KEYS: &[(&str, &str, i32)] = &[
    ("input_mtok", "input", 6),
    ("cache_read_mtok", "cacheRead", 6),
    ("cache_write_mtok", "cacheWrite", 6),
    ("cache_write_1h_mtok", "cacheWrite1h", 6),
    ("input_audio_mtok", "inputAudio", 6),
    ("cache_audio_read_mtok", "cacheReadAudio", 6),
    ("input_image_mtok", "inputImage", 6),
    ("cache_image_read_mtok", "cacheReadImage", 6),
    ("input_video_mtok", "inputVideo", 6),
    ("output_mtok", "output", 6),
    ("output_reasoning_mtok", "reasoningOutside", 6),
    ("output_citation_mtok", "citation", 6),
    ("output_audio_mtok", "outputAudio", 6),
    ("output_image_mtok", "outputImage", 6),
    ("output_video_mtok", "outputVideo", 6),
    ("input_text_messages_kcount", "requests:textMessage", 3),
    ("requests_kcount", "requests", 3),
    ("web_searches_kcount", "webSearches", 3),
    ("storage_searches_kcount", "fileSearches", 3),
    ("input_document_kpages", "pages", 3),
    ("input_annotated_document_kpages", "annotatedPages", 3),
    ("audio_hours", "audioSeconds", HOUR),
    ("input_audio_hours", "audioSeconds", HOUR),
    ("output_audio_hours", "outputAudioSeconds", HOUR),
];

/// Stands for 3,600, which is no power of ten.
const HOUR: i32 = -1;

/// Reads the providers into drafts; `path` is where they stand.
pub fn read(providers: &[Raw<'_>], path: &str, drafts: &mut Drafts) -> Result<()> {
    for (at, provider) in providers.iter().enumerate() {
        let path = format!("{path}[{at}]");
        let text =
            |value: Raw<'_>, name: &str| value.member(name).and_then(Raw::to_text).filter(|text| !text.is_empty());
        let id = text(*provider, "id").ok_or_else(|| refuse(&format!("{path}.id"), "a name", "none"))?;
        check_name(&id, &format!("{path}.id"))?;
        let models = provider.member("models").and_then(Raw::items);
        let models = models.ok_or_else(|| refuse(&format!("{path}.models"), "a list", "none"))?;
        let url = provider.member("pricing_urls").and_then(Raw::items).and_then(|urls| urls.first()?.to_text());
        for (at, model) in models.into_iter().enumerate() {
            let path = format!("{path}.models[{at}]");
            let own = text(model, "id").ok_or_else(|| refuse(&format!("{path}.id"), "a name", "none"))?;
            check_name(&own, &format!("{path}.id"))?;
            let (provider, own) = home_of(&id, own);
            let mut draft = Draft { provider, ..Draft::default() };
            let names = model.member("match").map(names_of).unwrap_or_default();
            draft.aliases = names.into_iter().filter(|name| !name.eq_ignore_ascii_case(&own)).collect();
            draft.id = own;
            draft.context = model.member("context_window").and_then(Raw::whole);
            let prices = model.member("prices").ok_or_else(|| refuse(&format!("{path}.prices"), "prices", "none"))?;
            read_rows(prices, &format!("{path}.prices"), url.as_deref().unwrap_or(""), &mut draft, drafts)?;
            if draft.id.contains(' ') || draft.id.ends_with('-') {
                drafts.skip(&draft.provider, &draft.id, "no id that a call could name");
            } else if draft.rows.is_empty() {
                drafts.skip(&draft.provider, &draft.id, "priced at zero, which nothing says is meant");
            } else if drafts.find(&draft.provider, &draft.id).is_none() {
                drafts.push(draft);
            }
        }
    }
    Ok(())
}

/// The provider and the id that a call names.
fn home_of(provider: &str, id: String) -> (Cow<'static, str>, String) {
    // Hugging Face's router takes the provider behind a colon.
    if let Some(by) = provider.strip_prefix("huggingface_") {
        return (Cow::Borrowed("huggingface"), format!("{id}:{by}"));
    }
    // Claude at Google is the platform, with regions.
    if provider == "google" && id.starts_with("claude") {
        return (Cow::Borrowed("vertex"), id);
    }
    (known(provider).name, id)
}

/// The names that a matching rule spells out: those it takes as they are, and those that it takes longer ones for. That it
/// also takes what it doesn't know is not taken over.
fn names_of(rule: Raw<'_>) -> Vec<String> {
    let mut names: Vec<String> = Vec::new();
    // The rules of an "or" are plain in all tables seen; what lies deeper is left out.
    for rule in rule.member("or").and_then(Raw::items).unwrap_or_else(|| vec![rule]) {
        let spelled = rule.member("equals").or_else(|| rule.member("starts_with"));
        let Some(name) = spelled.and_then(Raw::to_text) else { continue };
        let plain = name.ends_with(|last: char| last.is_ascii_alphanumeric()) && !name.contains([' ', '`', '\\', '$']);
        if plain && check_name(&name, "").is_ok() && !names.iter().any(|known| known.eq_ignore_ascii_case(&name)) {
            names.push(name);
        }
    }
    names
}

/// Dated rows, oldest first, each with the prices by the hour of its day.
fn read_rows(prices: Raw<'_>, path: &str, url: &str, draft: &mut Draft, drafts: &mut Drafts) -> Result<()> {
    let entries = match prices.items() {
        Some(items) => items,
        None => {
            let block = read_prices(prices, path, draft, drafts)?;
            push(draft, None, url, block);
            return Ok(());
        }
    };
    for (at, entry) in entries.into_iter().enumerate() {
        let path = format!("{path}[{at}]");
        let prices = entry.member("prices").ok_or_else(|| refuse(&path, "an object with prices", entry.kind()))?;
        let block = read_prices(prices, &format!("{path}.prices"), draft, drafts)?;
        let constraint = entry.member("constraint");
        let text = |name: &str| constraint.and_then(|all| all.member(name)).and_then(Raw::to_text);
        match (text("start_date"), text("start_time"), text("end_time")) {
            (None, Some(from), Some(to)) => {
                let minutes = |time: &str| time.get(..5).map(str::to_owned);
                let (Some(from), Some(to)) = (minutes(&from), minutes(&to)) else {
                    return Err(refuse(&format!("{path}.constraint"), "times such as \"16:30:00Z\"", "others"));
                };
                if let Some(row) = draft.rows.last_mut() {
                    row.block.schedule.push(([String::new(), from, to, "+00:00".to_owned()], block.rates));
                }
            }
            (from, ..) => push(draft, from, url, block),
        }
    }
    Ok(())
}

fn push(draft: &mut Draft, from: Option<String>, url: &str, mut block: Block) {
    if block.is_price_of(&draft.id) {
        block.follow();
        draft.rows.push(DraftRow { from, url: url.to_owned(), block });
    }
}

fn read_prices(prices: Raw<'_>, path: &str, draft: &Draft, drafts: &mut Drafts) -> Result<Block> {
    let mut block = Block::default();
    let members = prices.members().ok_or_else(|| refuse(path, "an object", prices.kind()))?;
    for (key, value) in members {
        let Some((_, unit, power)) = KEYS.iter().find(|(known, ..)| *known == key) else {
            drafts.leave(&key, "a key that this book does not know");
            continue;
        };
        let Some(value) = value.present() else { continue };
        let base = value.member("base").unwrap_or(value);
        let path = format!("{path}.{key}");
        let mut set = |rates: &mut Rates, value: Raw<'_>| {
            let amount = rate(value, unit, *power).ok_or_else(|| refuse(&path, "a price", value.get()))?;
            drafts.note_rate(draft, unit, value.get(), &amount);
            rates.set(Name::Borrowed(unit), amount.text);
            Ok(())
        };
        set(&mut block.rates, base)?;
        for tier in value.member("tiers").and_then(Raw::items).unwrap_or_default() {
            let (Some(start), Some(price)) = (tier.member("start").and_then(Raw::whole), tier.member("price")) else {
                return Err(refuse(&path, "tiers with start and price", tier.kind()));
            };
            // 271,999 is its way to write "from 272,000".
            let above = if start % 1_000 == 999 { (start + 1, "from") } else { (start, "above") };
            let edge =
                if edge_of(&draft.provider, above.0) == "above" { above.1 } else { edge_of(&draft.provider, above.0) };
            set(block.tier(Some((above.0, edge))), price)?;
        }
    }
    if draft.provider == "xai" {
        super::litellm::reason_outside(&mut block);
    }
    Ok(block)
}

fn rate(value: Raw<'_>, unit: &str, power: i32) -> Option<Amount> {
    value.number()?;
    if power == HOUR {
        let amount = amount::rate(value.get(), 0, false)?;
        return Some(Amount { text: format!("{}/3600", amount.text), exact: amount.exact });
    }
    let is_token = Unit::parse(unit.split(':').next().unwrap_or(unit)).is_some_and(Unit::is_token);
    amount::rate(value.get(), power, is_token)
}
