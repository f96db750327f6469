//! LiteLLM's table: one entry a model, keys such as `input_cost_per_token_above_200k_tokens_priority`.
//!
//! A key is a base, a context tier, a service tier. Regions and the size and quality of an image stand in the id.

use std::borrow::Cow;

use super::amount::{self, Amount};
use super::draft::{Block, Draft, DraftRow, Drafts, Name};
use crate::catalog::json::{check_name, refuse, refuse_at};
use crate::catalog::known::{is_same, known};
use crate::catalog::words::MAX_RATES;
use crate::collections::sort_by_key;
use crate::error::Result;
use crate::json::Raw;
use crate::usage::Unit;

/// Its keys without tiers, to our units. Of two that fit, the longer is meant.
static BASES: &[(&str, &str)] = &[
    ("input_cost_per_token", "input"),
    ("cache_read_input_token_cost", "cacheRead"),
    ("explicit_cache_read_input_token_cost", "cacheRead:explicit"),
    ("cache_creation_input_token_cost", "cacheWrite"),
    ("cache_creation_input_token_cost_above_1hr", "cacheWrite1h"),
    ("cache_creation_input_token_cost_above_12hr", "cacheWrite12h"),
    ("cache_creation_input_audio_token_cost", "cacheWriteAudio"),
    ("cache_read_input_audio_token_cost", "cacheReadAudio"),
    ("cache_read_input_image_token_cost", "cacheReadImage"),
    ("input_cost_per_audio_token", "inputAudio"),
    ("input_cost_per_image_token", "inputImage"),
    ("input_cost_per_video_token", "inputVideo"),
    ("output_cost_per_token", "output"),
    ("output_cost_per_reasoning_token", "reasoningOutside"),
    ("output_cost_per_audio_token", "outputAudio"),
    ("output_cost_per_image_token", "outputImage"),
    ("output_cost_per_video_token", "outputVideo"),
    ("citation_cost_per_token", "citation"),
    ("input_cost_per_image", "inputImages"),
    ("output_cost_per_image", "images"),
    ("input_cost_per_pixel", "outputPixels"),
    ("output_cost_per_pixel", "outputPixels"),
    ("input_cost_per_second", "audioSeconds"),
    ("output_cost_per_second", "videoSeconds"),
    ("output_cost_per_video_per_second", "videoSeconds"),
    ("input_cost_per_audio_per_second", "audioSeconds"),
    ("input_cost_per_video_per_second", "inputVideoSeconds"),
    ("input_cost_per_character", "characters"),
    ("output_cost_per_character", "outputCharacters"),
    ("input_cost_per_query", "queries"),
    ("input_cost_per_request", "requests"),
    ("input_cost_per_text_message", "requests:textMessage"),
    ("ocr_cost_per_page", "pages"),
    ("ocr_cost_per_credit", "pages:credit"),
    ("annotation_cost_per_page", "annotatedPages"),
    ("google_maps_grounding_cost_per_query", "mapsSearches"),
    ("code_interpreter_cost_per_session", "codeInterpreterSessions"),
    ("file_search_cost_per_1k_calls", "fileSearches"),
];

/// Its endings for service tiers, to ours.
static SERVICES: &[(&str, &str)] = &[
    ("_batches", "batch"),
    ("_flex", "flex"),
    ("_priority", "priority"),
    ("_ultrafast", "ultrafast"),
    ("_balanced", "balanced"),
    ("_decisions", "decisions"),
];

/// Keys that hold a price and are not carried, by how they begin, and why.
static LEFT: &[(&str, &str)] = &[
    ("input_cost_per_token_cache_hit", "repeats the price of a cache read"),
    ("input_dbu_cost_per_token", "the same price in Databricks units"),
    ("output_dbu_cost_per_token", "the same price in Databricks units"),
    ("cost_per_second", "a price of reserved capacity, not of a call"),
    ("file_search_cost_per_gb_per_day", "storage, not a call"),
    ("vector_store_cost_per_gb_per_day", "storage, not a call"),
    ("search_free_requests", "an allowance of the account: a book that counted it would say too little"),
    ("guardrail_cost_per_unit", "a service beside the models"),
    ("computer_use_", "a price of an assistant that is no longer offered"),
];

/// What a model can do: its flags, to our names.
static FLAGS: &[(&str, &str)] = &[
    ("supports_vision", "vision"),
    ("supports_image_input", "vision"),
    ("supports_embedding_image_input", "vision"),
    ("supports_audio_input", "audio"),
    ("supports_video_input", "video"),
    ("supports_pdf_input", "pdf"),
    ("supports_audio_output", "audioOutput"),
    ("supports_function_calling", "tools"),
    ("supports_parallel_function_calling", "parallelTools"),
    ("supports_tool_choice", "toolChoice"),
    ("supports_response_schema", "jsonSchema"),
    ("supports_reasoning", "reasoning"),
    ("supports_prompt_caching", "caching"),
    ("supports_web_search", "webSearch"),
    ("supports_computer_use", "computerUse"),
];

/// Its modes that have another name with us.
static MODES: &[(&str, &str)] = &[
    ("image_generation", "image"),
    ("image_edit", "imageEdit"),
    ("video_generation", "video"),
    ("audio_transcription", "transcription"),
    ("audio_speech", "speech"),
    ("vector_store", "vectorStore"),
];

/// An entry's members.
type Entry<'a> = [(Cow<'a, str>, Raw<'a>)];

/// Reads the table into drafts.
pub fn read(table: &[(Cow<'_, str>, Raw<'_>)], drafts: &mut Drafts) -> Result<()> {
    for (key, entry) in table {
        check_name(key, "")?;
        let Some(provider) = entry.member("litellm_provider") else { continue };
        let provider =
            provider.text().ok_or_else(|| refuse_at(key, "litellm_provider", "a string", provider.kind()))?;
        if key == "sample_spec" {
            continue;
        }
        let entry = entry.members().ok_or_else(|| refuse(key, "an object", entry.kind()))?;
        // They are compared with each other below.
        if entry.len() > MAX_RATES {
            return Err(refuse(key, "an entry of at most 512 keys", &entry.len().to_string()));
        }
        read_model(key, &provider, &entry, drafts)?;
    }
    Ok(())
}

fn read_model(key: &str, foreign: &str, entry: &Entry<'_>, drafts: &mut Drafts) -> Result<()> {
    // Google's platform is many providers there, one for each maker.
    let foreign = if foreign.starts_with("vertex_ai") { "vertex_ai" } else { foreign };
    let foreign = foreign.strip_suffix("-embedding-models").unwrap_or(foreign);
    let provider = known(foreign).name;
    // The prefix is the provider's, or one of its other names.
    let own = |id: &str| is_same(&known(id).name, &provider) || is_same(id, "vertex_ai") && provider == "google";
    let id = key.split_once('/').filter(|(prefix, _)| own(prefix)).map_or(key, |(_, rest)| rest);
    let id = id.strip_prefix("invoke/").unwrap_or(id);
    if id.contains("-month-commitment/") {
        drafts.skip(&provider, id, "reserved capacity, not a call");
        return Ok(());
    }
    let (id, variant) = take_variant(id);
    if id.is_empty() || id.contains(' ') {
        drafts.skip(&provider, key, "no id");
        return Ok(());
    }
    let mode = value_of(entry, "mode").and_then(Raw::to_text).unwrap_or_default();
    let mut draft = Draft { provider, id: id.clone(), ..Draft::default() };
    draft.mode =
        MODES.iter().find(|(theirs, _)| *theirs == mode).map_or(Cow::Owned(mode), |(_, own)| Cow::Borrowed(own));
    let count = |name: &str| value_of(entry, name).and_then(Raw::whole).filter(|count| *count > 0);
    draft.context = count("max_input_tokens");
    draft.max_output = count("max_output_tokens").filter(|_| draft.mode != "embedding");
    let is_set = |flag: &str| value_of(entry, flag).and_then(Raw::bool) == Some(true);
    for &(flag, name) in FLAGS {
        if is_set(flag) && !draft.capabilities.contains(&name) {
            draft.capabilities.push(name);
        }
    }
    let makes_images = value_of(entry, "supported_output_modalities").and_then(Raw::items).unwrap_or_default();
    if makes_images.into_iter().any(|item| item.text().as_deref() == Some("image")) {
        draft.capabilities.push("imageOutput");
    }
    let mut reader = Reader { key, entry, draft: &draft, size: variant, block: Block::default() };
    reader.read(drafts)?;
    let mut block = reader.block;
    if draft.provider == "xai" {
        // xAI counts reasoning beside the output, at its price (https://docs.x.ai/docs/guides/reasoning).
        reason_outside(&mut block);
    }
    block.follow();
    let source = value_of(entry, "source").and_then(Raw::to_text).unwrap_or_default();
    let url =
        if source.starts_with("https://") && !source.contains([' ', '\\', '`', '$']) { source } else { String::new() };
    if block.is_price_of(&id) {
        draft.rows.push(DraftRow { from: None, url, block });
    } else {
        drafts.skip(&draft.provider, &id, "no price, or one of zero that nothing says is meant: kept without a price");
    }
    add(draft, drafts);
    Ok(())
}

/// Of two entries for one model at the same price, each says what the other leaves out: one has a service tier that the other
/// has not. Where they differ the first counts, and of the other only the sizes of an image, which stand in an entry each.
fn add(draft: Draft, drafts: &mut Drafts) {
    let Some(home) = drafts.find(&draft.provider, &draft.id) else {
        drafts.push(draft);
        return;
    };
    let Some(row) = draft.rows.into_iter().next() else { return };
    match home.rows.last_mut() {
        None => home.rows.push(row),
        Some(own) if own.block.agrees(&row.block) => own.block.complete(row.block),
        Some(own) => {
            for (name, usd) in row.block.rates.0 {
                if own.block.rates.get(&name).is_none() && name.contains(':') {
                    own.block.rates.set(name, usd);
                }
            }
            drafts.skip(&draft.provider, &draft.id, "another entry of the model has other prices; the first counts");
        }
    }
}

/// What of an id is the size or quality of an image: `hd/1024-x-1792/dall-e-3` is `dall-e-3` and `hd/1024x1792`, of so many
/// pixels.
fn take_variant(id: &str) -> (String, Option<(String, u64)>) {
    let mut rest = Vec::new();
    let mut taken = Vec::new();
    let mut pixels = 0;
    let size = |part: &str| {
        let (width, height) = part.split_once("-x-")?;
        (width == "max" && height == "max")
            .then_some(0)
            .or_else(|| Some(width.parse::<u32>().ok().map(u64::from)? * height.parse::<u32>().ok().map(u64::from)?))
    };
    let count = id.split('/').count();
    let sized = id.split('/').any(|part| size(part).is_some());
    for (at, part) in id.split('/').enumerate() {
        let is_last = at + 1 == count;
        if let Some(found) = size(part).filter(|_| !is_last) {
            pixels = found;
            taken.push(part.replace("-x-", "x"));
        } else if sized && !is_last && (QUALITIES.contains(&part) || part.ends_with("-steps")) {
            taken.push(part.to_owned());
        } else {
            rest.push(part);
        }
    }
    // Stable Diffusion's sizes stand before the provider.
    let id = rest.join("/");
    let id = id.strip_prefix("bedrock/").unwrap_or(&id).to_owned();
    (id, (!taken.is_empty()).then(|| (taken.join("/"), pixels)))
}

static QUALITIES: &[&str] = &["low", "medium", "high", "xhigh", "standard", "hd", "auto"];

/// A day of the week as a number from 1: tables have its name too, and the name's beginning.
fn day(value: Raw<'_>) -> String {
    const DAYS: [&str; 7] = ["monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"];
    let name = value.text().unwrap_or_default().trim().to_ascii_lowercase();
    let place = DAYS.iter().position(|day| name.len() >= 3 && day.starts_with(&name));
    place.map_or_else(|| value.get().to_owned(), |place| (place + 1).to_string())
}

fn value_of<'a>(entry: &Entry<'a>, name: &str) -> Option<Raw<'a>> {
    entry.iter().rev().find(|(key, _)| key == name).and_then(|(_, value)| value.present())
}

/// A provider that counts reasoning beside the output, at the output's price.
pub fn reason_outside(block: &mut Block) {
    let add = |rates: &mut super::draft::Rates| {
        if let (Some(usd), None) = (rates.get("output").map(str::to_owned), rates.get("reasoningOutside")) {
            rates.set(Cow::Borrowed("reasoningOutside"), usd);
        }
    };
    add(&mut block.rates);
    block.tiers.values_mut().for_each(|(_, rates)| add(rates));
    block.services.values_mut().chain(block.regions.values_mut()).for_each(reason_outside);
}

/// On which side of a tier a request of exactly its threshold lies.
///
/// xAI's table reads "< 200k" and ">= 200k" (<https://docs.x.ai/docs/models>); Google's "prompts <= 200k tokens"
/// (<https://ai.google.dev/gemini-api/docs/pricing>). For the 272,000 of OpenAI's models, wherever they are sold, the sources
/// differ: "more than 272K" in LiteLLM, from 272,000 on in genai-prices.
pub fn edge_of(provider: &str, above: u64) -> &'static str {
    match (provider, above) {
        ("xai", _) => "from",
        (_, 272_000) => "disputed",
        _ => "above",
    }
}

/// Reads the prices of one entry.
struct Reader<'a> {
    key: &'a str,
    entry: &'a Entry<'a>,
    draft: &'a Draft,
    /// The image's size and quality, and its pixels.
    size: Option<(String, u64)>,
    block: Block,
}

impl Reader<'_> {
    fn read(&mut self, drafts: &mut Drafts) -> Result<()> {
        for (key, value) in self.entry {
            match &**key {
                "tiered_pricing" => self.tiers(*value, drafts)?,
                "off_peak_pricing" => self.off_peak(*value, drafts)?,
                "search_context_cost_per_query" => self.searches(*value, drafts)?,
                "provider_specific_entry" => self.specific(*value)?,
                "regional_endpoint_uplift_multiplier" => self.region("*", key, *value)?,
                "regional_processing_uplift_multiplier_eu" => self.region("eu", key, *value)?,
                "regional_processing_uplift_multiplier_us" => self.region("us", key, *value)?,
                _ => {
                    if let Some((_, why)) = LEFT.iter().find(|(left, _)| key.starts_with(left)) {
                        drafts.leave(key, why);
                    } else {
                        self.price(key, *value, drafts)?;
                    }
                }
            }
        }
        Ok(())
    }

    /// A key with one number.
    fn price(&mut self, key: &str, value: Raw<'_>, drafts: &mut Drafts) -> Result<()> {
        let fits = |base: &str| key.strip_prefix(base).is_some_and(|rest| rest.is_empty() || rest.starts_with('_'));
        let mut found: Option<(&'static str, &'static str)> = None;
        for &(base, unit) in BASES {
            if fits(base) && found.is_none_or(|(known, _)| known.len() < base.len()) {
                found = Some((base, unit));
            }
        }
        let Some((base, unit)) = found else {
            if key.contains("cost_per")
                || key.contains("_cost")
                || key.contains("pricing")
                || key.contains("multiplier")
            {
                drafts.leave(key, "a key that this book does not know");
            }
            return Ok(());
        };
        let rest = key.get(base.len()..).unwrap_or("");
        let (rest, above) = match rest.strip_prefix("_above_").and_then(|rest| rest.split_once("k_tokens")) {
            Some((tokens, rest)) if tokens.parse::<u32>().is_ok() => {
                (rest, tokens.parse::<u32>().ok().map(|tokens| u64::from(tokens) * 1_000))
            }
            _ => (rest, None),
        };
        let service = SERVICES.iter().find(|(ending, _)| *ending == rest).map(|(_, service)| *service);
        let name = match (rest, service) {
            ("", _) | (_, Some(_)) => None,
            // A resolution or an interval.
            (rest, None) => rest.strip_prefix('_').filter(|_| !Unit::parse(unit).is_none_or(Unit::is_token)),
        };
        if !rest.is_empty() && service.is_none() && name.is_none() {
            drafts.leave(key, "a key that this book does not know");
            return Ok(());
        }
        let Some(unit) = self.unit_of(base, unit, drafts) else { return Ok(()) };
        let Some((unit, amount)) = self.amount(key, unit, name, base, value)? else {
            drafts.leave(key, "repeats the price of an image");
            return Ok(());
        };
        drafts.note_rate(self.draft, &unit, value.get(), &amount);
        let edge = above.map(|above| (above, edge_of(&self.draft.provider, above)));
        let block = match service {
            None => &mut self.block,
            Some(service) => self.block.service(service),
        };
        block.tier(edge).set(unit, amount.text);
        Ok(())
    }

    /// The unit that a key means in a model of this kind; nothing for one that repeats another.
    fn unit_of(&self, base: &str, unit: &'static str, drafts: &mut Drafts) -> Option<&'static str> {
        let has = |name: &str| value_of(self.entry, name).is_some();
        let zero = |name: &str| value_of(self.entry, name).and_then(Raw::number) == Some(0.0);
        let left = match (base, &*self.draft.mode) {
            ("input_cost_per_second", "transcription" | "realtime") => return Some("audioSeconds"),
            ("input_cost_per_second", _) => "a price of reserved capacity, not of a call",
            ("output_cost_per_second", "video") => return Some("videoSeconds"),
            ("output_cost_per_second", "transcription") if !has("input_cost_per_second") => {
                return Some("audioSeconds");
            }
            ("output_cost_per_second", "transcription") => "repeats the price of a second given",
            ("output_cost_per_second", _) if has("output_cost_per_audio_token") => {
                "repeats the price of an audio token"
            }
            ("output_cost_per_second", _) => return Some("outputAudioSeconds"),
            ("input_cost_per_query", "rerank" | "search") => return Some("queries"),
            ("input_cost_per_query", _) => return Some("requests"),
            // A price of what is made, whatever the key is called.
            ("input_cost_per_image", "image" | "imageEdit") if self.size.is_some() => return Some("images"),
            ("output_cost_per_pixel", _) if zero(base) => "zero where a price by the image or the input's pixel stands",
            ("input_cost_per_pixel" | "output_cost_per_pixel", _)
                if self.size.is_none() && has("output_cost_per_image") =>
            {
                "repeats the price of an image"
            }
            _ => return Some(unit),
        };
        drafts.leave(base, left);
        None
    }

    /// The name and the amount of a rate; nothing for a price by the pixel where one by the image stands.
    fn amount(
        &self,
        key: &str,
        unit: &'static str,
        name: Option<&str>,
        base: &str,
        value: Raw<'_>,
    ) -> Result<Option<(Name, Amount)>> {
        let wrong = || refuse_at(self.key, key, "a price", value.get());
        let sized = self.size.as_ref().filter(|_| matches!(unit, "images" | "outputPixels"));
        if let (Some((size, pixels)), "outputPixels") = (sized, unit) {
            if value_of(self.entry, "input_cost_per_image").is_some() {
                return Ok(None);
            }
            let amount = amount::per_image(value.get(), *pixels).ok_or_else(wrong)?;
            return Ok(Some((Cow::Owned(format!("images:{size}")), amount)));
        }
        let amount = self.rate(key, unit, if base.contains("_per_1k_") { 3 } else { 0 }, value)?;
        let name = name.or(sized.map(|(size, _)| size.as_str()));
        Ok(Some((name.map_or(Cow::Borrowed(unit), |name| Cow::Owned(format!("{unit}:{name}"))), amount)))
    }

    /// A number as a rate of a unit.
    fn rate(&self, key: &str, unit: &str, power: i32, value: Raw<'_>) -> Result<Amount> {
        let plain = Unit::parse(unit.split(':').next().unwrap_or(unit));
        let number = value.number().map(|_| value.get());
        let read = number.and_then(|number| match plain {
            Some(plain) if plain.scale() > 1 => amount::per_second(number, power),
            plain => amount::rate(number, power, plain.is_some_and(Unit::is_token)),
        });
        read.ok_or_else(|| refuse_at(self.key, key, "a price", value.get()))
    }

    /// `[{ "range": [0, 256000], "input_cost_per_token": ... }, ...]`: the whole request is billed by the range that its
    /// input falls into.
    fn tiers(&mut self, value: Raw<'_>, drafts: &mut Drafts) -> Result<()> {
        const KEY: &str = "tiered_pricing";
        let items = value.items().ok_or_else(|| refuse_at(self.key, KEY, "a list", value.kind()))?;
        for item in items {
            let members = item.members().ok_or_else(|| refuse_at(self.key, KEY, "objects", item.kind()))?;
            let bounds = |name: &str| {
                let range = value_of(&members, name)?.items()?;
                Some((range.first()?.number()? as u64, range.get(1).and_then(|end| end.number()).map(|end| end as u64)))
            };
            let results = bounds("max_results_range");
            let from = bounds("range").map_or(0, |(from, _)| from);
            let edge = (from > 0).then(|| (from, edge_of(&self.draft.provider, from)));
            for (key, value) in &members {
                let Some((_, unit)) = BASES.iter().find(|(base, _)| base == key) else { continue };
                let amount = self.rate(KEY, unit, 0, *value)?;
                let unit = match results {
                    None => Cow::Borrowed(*unit),
                    Some((0, _)) => Cow::Borrowed("queries"),
                    Some((from, Some(to))) => Cow::Owned(format!("queries:{from}-{to}")),
                    Some((from, None)) => Cow::Owned(format!("queries:{from}")),
                };
                drafts.note_rate(self.draft, &unit, value.get(), &amount);
                self.block.tier(edge).set(unit, amount.text);
            }
        }
        Ok(())
    }

    fn off_peak(&mut self, value: Raw<'_>, drafts: &mut Drafts) -> Result<()> {
        const KEY: &str = "off_peak_pricing";
        let wrong = |what: &str, found: Raw<'_>| refuse_at(self.key, KEY, what, found.kind());
        let members = value.members().ok_or_else(|| wrong("an object", value))?;
        let mut rates = super::draft::Rates::default();
        for (key, value) in &members {
            if let Some((_, unit)) = BASES.iter().find(|(base, _)| base == key) {
                let amount = self.rate(KEY, unit, 0, *value)?;
                drafts.note_rate(self.draft, unit, value.get(), &amount);
                rates.set(Cow::Borrowed(unit), amount.text);
            }
        }
        // The hours are UTC; the days may be those of another place.
        let (shift, offset) = match value_of(&members, "weekday_timezone").and_then(Raw::to_text).as_deref() {
            None | Some("UTC") => (0, "+00:00"),
            Some("Asia/Shanghai") => (8, "+08:00"),
            Some(_) => {
                drafts.leave(KEY, "days of a time zone whose offset changes");
                return Ok(());
            }
        };
        for window in value_of(&members, "windows").and_then(Raw::items).unwrap_or_default() {
            let Some(hours) = window.member("hours_utc") else { return Err(wrong("windows with hours_utc", window)) };
            let days = window.member("weekdays").and_then(Raw::items).unwrap_or_default();
            let days: Vec<String> = days.into_iter().map(day).collect();
            for range in hours.items().unwrap_or_else(|| vec![hours]) {
                let text = range.text().ok_or_else(|| wrong("hours such as \"00:00-01:00\"", range))?;
                let (from, to) = text.split_once('-').ok_or_else(|| wrong("hours such as \"00:00-01:00\"", range))?;
                // A whole day in UTC is meant as a whole day of the place.
                let whole = from == to;
                let at = |text: &str| match text.split_once(':').map(|(hour, minute)| (hour.parse::<u32>(), minute)) {
                    Some((Ok(hour), minute)) if !whole => format!("{:02}:{minute}", (hour + shift) % 24),
                    _ => text.to_owned(),
                };
                let mut push = |from: String, to: String| {
                    self.block.schedule.push(([days.join(","), from, to, offset.to_owned()], rates.clone()));
                };
                let (from, to) = (at(from), at(to));
                // The day is that of the moment here, and that on which the hours begin with us.
                if to < from && to != "00:00" {
                    push(from, "24:00".to_owned());
                    push("00:00".to_owned(), to);
                } else {
                    push(from, to);
                }
            }
        }
        sort_by_key(&mut self.block.schedule, |(hours, _)| hours.clone());
        Ok(())
    }

    /// What a web search costs: by the size of the context that it gives to the model. One that names no size gets
    /// "medium".
    fn searches(&mut self, value: Raw<'_>, drafts: &mut Drafts) -> Result<()> {
        const KEY: &str = "search_context_cost_per_query";
        let of = |size: &str| value.member(&format!("search_context_size_{size}"));
        let medium = of("medium").ok_or_else(|| refuse_at(self.key, KEY, "a price for the medium size", "none"))?;
        for (size, name) in [("medium", "webSearches"), ("low", "webSearches:low"), ("high", "webSearches:high")] {
            let Some(value) = of(size).filter(|value| size == "medium" || value.number() != medium.number()) else {
                continue;
            };
            let amount = self.rate(KEY, "webSearches", 0, value)?;
            drafts.note_rate(self.draft, name, value.get(), &amount);
            self.block.rates.set(Cow::Borrowed(name), amount.text);
        }
        Ok(())
    }

    /// Anthropic's data residency (`us`) and speed (`fast`) are multipliers.
    fn specific(&mut self, value: Raw<'_>) -> Result<()> {
        for (key, value) in value.members().unwrap_or_default() {
            match &*key {
                "us" => self.region("us", "provider_specific_entry", value)?,
                "fast" => {
                    let factor = self.factor("provider_specific_entry", value)?;
                    self.block.service("fast").multiplier = Some(factor);
                }
                _ => {}
            }
        }
        Ok(())
    }

    fn region(&mut self, region: &str, key: &str, value: Raw<'_>) -> Result<()> {
        let factor = self.factor(key, value)?;
        self.block.region(region).multiplier = Some(factor);
        Ok(())
    }

    fn factor(&self, key: &str, value: Raw<'_>) -> Result<String> {
        amount::factor(value.get()).ok_or_else(|| refuse_at(self.key, key, "a multiplier", value.get()))
    }
}
