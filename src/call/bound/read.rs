//! What limits a request, format by format.

use crate::{
    error::{Error, Result},
    json::Raw,
    object::Object,
    price::CacheWrites,
    usage::{Unit, Usage},
};

use super::{
    BoundOptions, Facts,
    shape::Shape,
    tally::{Place, Tally},
    tools,
};

/// Tokens that a provider puts around every prompt: what it writes before the first message and to begin the answer. The
/// templates of open models were seen to have up to a hundred.
const FRAME: u64 = 512;
/// xAI adds text of its own, whose length it does not document; some 700 tokens were seen.
/// <https://docs.x.ai/docs/key-information/consumption-and-rate-limits>
const XAI_FRAME: u64 = 4_096;

/// What a request can use at most.
pub(super) struct Wanted<'c> {
    pub tally: Tally<'c>,
    /// Tokens beside the body's.
    pub framing: u64,
    /// The most output tokens of a choice, where the request names one.
    pub output: Option<u64>,
    /// Output tokens of a choice that no maximum includes.
    pub more_output: u64,
    pub choices: u64,
    /// How many times the whole request may be tried.
    pub tries: u64,
    /// The most calls of tools that the provider runs.
    pub calls: u64,
    /// The sum of the limits on single tools.
    pub uses: u64,
    /// Whether the model may not bill tokens of the input at all.
    pub input_optional: bool,
    /// What bills beside the tokens.
    pub fees: Usage,
    /// One thing in several units, of which the model has a rate for at least one.
    pub any_of: Usage,
    /// What bills where the model has a rate for it.
    pub may: Usage,
    pub cache_writes: CacheWrites,
    pub text_output: bool,
    pub service_tier: Option<String>,
    pub region: Option<String>,
    /// Why nothing bounds it.
    pub unbounded: Option<String>,
}

impl<'c> Wanted<'c> {
    /// Reads a request to a model.
    pub fn read(request: &Object<'_>, facts: &Facts<'_>, options: &BoundOptions<'c>) -> Result<Self> {
        let shape = Shape::of(request, facts).ok_or_else(|| {
            Error::input("cannot read request: expected one of messages, input, prompt, contents, found none of them")
        })?;
        let mut wanted = Self {
            tally: Tally::new(options.count, facts.asked),
            framing: if facts.provider == "xai" { XAI_FRAME } else { FRAME },
            output: None,
            more_output: 0,
            choices: 1,
            tries: 1,
            calls: 0,
            uses: 0,
            input_optional: matches!(shape, Shape::Images | Shape::Speech | Shape::Transcription),
            fees: Usage::default(),
            any_of: Usage::default(),
            may: Usage::default(),
            cache_writes: CacheWrites::Any,
            text_output: true,
            service_tier: None,
            region: None,
            unbounded: None,
        };
        for (key, value) in request.entries() {
            wanted.tally.member(key, value, Place::Top, 0);
        }
        if facts.provider == "anthropic" || shape == Shape::Messages {
            // It writes to a cache where it is told to; others do so by themselves.
            wanted.cache_writes = wanted.tally.marked;
        }
        wanted.service(request, facts)?;
        match shape {
            Shape::Chat => wanted.chat(request, facts)?,
            Shape::Responses => wanted.responses(request, facts)?,
            Shape::Completions => wanted.completions(request, facts)?,
            Shape::Embeddings => wanted.output = Some(0),
            Shape::Images => wanted.images(request, facts)?,
            Shape::Speech => wanted.speech(facts),
            Shape::Transcription => wanted.transcription(request, facts),
            Shape::Messages => wanted.messages(request, facts)?,
            Shape::Gemini => wanted.gemini(request, facts)?,
        }
        if let Some(what) = wanted.tally.unknown.take() {
            wanted.unbound(&format!("the request has {what}, and nobody knows what bounds it"));
        }
        Ok(wanted)
    }

    /// How many times the input may be read: once, and again after each call of a tool.
    pub fn passes(&self) -> u64 {
        self.calls.saturating_add(1).saturating_mul(self.tries)
    }

    /// Nothing bounds it, for this reason; the first is told.
    pub fn unbound(&mut self, why: &str) {
        self.unbounded.get_or_insert_with(|| why.to_owned());
    }

    /// Adds tokens beside the body's.
    pub fn frame(&mut self, tokens: u64) {
        self.framing = self.framing.saturating_add(tokens);
    }

    fn maximum(&mut self, request: &Object<'_>, keys: &[&str]) -> Result<()> {
        for key in keys {
            self.output = self.output.max(whole(request, key)?);
        }
        Ok(())
    }

    /// The service tier asked for. OpenAI takes the project's own where none is named, everybody else the default.
    fn service(&mut self, request: &Object<'_>, facts: &Facts<'_>) -> Result<()> {
        let asked = text(request, "service_tier")?.or(text(request, "serviceTier")?);
        let nested = request.get("config").and_then(|config| config.member("serviceTier")).and_then(Raw::to_text);
        let tier = asked.or(nested).map(|tier| tier.to_ascii_lowercase());
        self.service_tier = match tier.as_deref() {
            None if facts.is_openai() => None,
            None | Some("unspecified" | "service_tier_unspecified") => Some("default".to_owned()),
            _ => tier,
        };
        Ok(())
    }

    /// <https://platform.openai.com/docs/api-reference/chat/create>
    fn chat(&mut self, request: &Object<'_>, facts: &Facts<'_>) -> Result<()> {
        self.maximum(request, &["max_tokens", "max_completion_tokens"])?;
        let only_new = whole(request, "max_tokens")?.is_none();
        if only_new && ["deepseek", "mistral", "perplexity", "cohere"].contains(&facts.provider.as_str()) {
            // They document `max_tokens` alone, and may pass over the other.
            self.output = self.output.and(None);
        }
        self.choices = whole(request, "n")?.unwrap_or(1);
        let modalities = request.get("modalities").and_then(Raw::items).unwrap_or_default();
        self.text_output = modalities.iter().all(|kind| kind.text().as_deref() == Some("text"));
        if let Some(prediction) = request.get("prediction") {
            // What was predicted and is not in the answer is billed as output all the same.
            self.more_output = prediction.get().len() as u64;
        }
        if let Some(functions) = request.get("functions") {
            tools::read(functions, Shape::Chat, facts, None, self);
        }
        if let Some(list) = request.get("tools") {
            tools::read(list, Shape::Chat, facts, None, self);
        }
        if request.get("response_format").is_some() {
            self.frame(tools::ANY);
        }
        self.search(request, facts)
    }

    /// Searches that a chat completion may make.
    fn search(&mut self, request: &Object<'_>, facts: &Facts<'_>) -> Result<()> {
        const NO_LIMIT: &str = "the request may search the web, and nothing limits how often";
        if facts.provider == "perplexity" {
            // A fee for each request, by the size of what is searched. Its results are no input.
            // <https://docs.perplexity.ai/getting-started/pricing>
            let kind = request.get("web_search_options").and_then(|options| options.member("search_type"));
            if facts.name.contains("deep-research") || kind.is_some_and(|kind| kind.text().as_deref() != Some("fast")) {
                self.unbound(NO_LIMIT);
            }
            self.may.set(Unit::WebSearches, 1);
            self.may.set(Unit::Requests, 1);
            return Ok(());
        }
        if request.get("web_search_options").is_some()
            || facts.is_openai() && facts.name.contains("-search")
            || facts.name.contains("compound")
            || facts.name.ends_with(":online")
        {
            self.unbound(NO_LIMIT);
        }
        if let Some(search) = request.get("search_parameters") {
            // xAI bills each source that it used. <https://docs.x.ai/docs/guides/live-search>
            let mode = search.member("mode");
            if mode.and_then(Raw::text).as_deref() != Some("off") {
                let most = search.member("max_search_results");
                let sources = most
                    .map_or(Some(20), Raw::whole)
                    .ok_or_else(|| wrong("search_parameters.max_search_results", "a whole number", most))?;
                self.tally.hide("tools that the provider runs");
                self.fees.set(Unit::WebSearches, sources);
            }
        }
        let plugins = request.get("plugins").and_then(Raw::items).unwrap_or_default();
        for plugin in plugins {
            // OpenRouter: five results where the request does not say. <https://openrouter.ai/docs/features/web-search>
            let id = plugin.member("id").and_then(Raw::to_text);
            match id.as_deref() {
                Some("web") => {
                    let results = plugin.member("max_results").map_or(Some(5), Raw::whole);
                    self.fees.add(Unit::WebSearches, results.unwrap_or(u64::MAX));
                    self.tally.hide("tools that the provider runs");
                }
                Some("response-healing") => {}
                _ => self.unbound("the request has a plugin, and nobody knows what bounds it"),
            }
        }
        Ok(())
    }

    /// <https://platform.openai.com/docs/api-reference/responses/create>
    fn responses(&mut self, request: &Object<'_>, facts: &Facts<'_>) -> Result<()> {
        self.maximum(request, &["max_output_tokens"])?;
        let most_calls = whole(request, "max_tool_calls")?;
        for key in ["previous_response_id", "conversation"] {
            if request.get(key).is_some() {
                self.tally.hide("earlier turns that lie at the provider");
            }
        }
        if request.get("prompt").is_some() {
            // A stored prompt may bring tools with it.
            self.tally.hide("a prompt that lies at the provider");
            match most_calls.filter(|_| facts.is_openai()) {
                None => {
                    self.unbound("the request names a stored prompt, which may have tools, and no limit on their calls")
                }
                Some(calls) => {
                    self.calls = self.calls.max(calls);
                    for unit in [Unit::WebSearches, Unit::FileSearches, Unit::CodeInterpreterSessions] {
                        self.may.set(unit, calls);
                    }
                }
            }
        }
        if request.get("context_management").is_some() {
            self.unbound("the provider may compact the context, which bills passes of its own");
        }
        let mode = request.get("reasoning").and_then(|reasoning| reasoning.member("mode"));
        if mode.is_some_and(|mode| mode.text().as_deref() != Some("standard")) {
            self.unbound("the reasoning mode may bill several passes, and nothing limits them");
        }
        if let Some(list) = request.get("tools") {
            tools::read(list, Shape::Responses, facts, most_calls, self);
        }
        if request.get("text").is_some() {
            self.frame(tools::ANY);
        }
        Ok(())
    }

    /// <https://platform.openai.com/docs/api-reference/completions/create>: each of several prompts is answered.
    fn completions(&mut self, request: &Object<'_>, facts: &Facts<'_>) -> Result<()> {
        self.maximum(request, &["max_tokens"])?;
        let prompts = request.get("prompt").and_then(Raw::items).unwrap_or_default();
        let lists = prompts.iter().filter(|prompt| prompt.number().is_none()).count() as u64;
        let each = whole(request, "best_of")?.unwrap_or(1).max(whole(request, "n")?.unwrap_or(1)).max(1);
        self.choices = each.saturating_mul(lists.max(1));
        if self.output.is_none() && facts.is_openai() {
            // Documented as the default.
            self.output = Some(16);
        }
        Ok(())
    }

    /// <https://platform.openai.com/docs/api-reference/images/create>. By the image, the pixel or the token, as the model is billed.
    fn images(&mut self, request: &Object<'_>, facts: &Facts<'_>) -> Result<()> {
        let n = whole(request, "n")?.unwrap_or(1).max(1);
        // Images to be changed; each counts, wherever it lies.
        let given = request.get("image").map_or(0, |image| image.items().map_or(1, |list| list.len() as u64));
        let mask = if request.get("mask").is_some() { 1 } else { 0 };
        if let Some(count) = self.tally.details.last_mut() {
            *count += given + mask;
        }
        let partial = whole(request, "partial_images")?.unwrap_or(0);
        self.any_of.set(Unit::Images, n);
        self.any_of.set(Unit::OutputPixels, pixels(request)?.saturating_mul(n));
        self.text_output = false;
        self.output = match facts.name.as_str() {
            _ if ![Unit::Output, Unit::OutputImage].into_iter().any(|unit| facts.has_rate(unit)) => Some(0),
            // 6,240 tokens at the highest quality and the largest size, and 100 for each image on the way.
            // <https://platform.openai.com/docs/guides/image-generation#cost-and-latency>
            "gpt-image-1" | "gpt-image-1-mini" => {
                Some(partial.saturating_mul(100).saturating_add(6_240).saturating_mul(n))
            }
            _ => None,
        };
        if self.output != Some(0) {
            self.may = std::mem::take(&mut self.any_of);
        }
        Ok(())
    }

    /// <https://platform.openai.com/docs/api-reference/audio/createSpeech>. A character is at least a byte, however they are counted.
    fn speech(&mut self, facts: &Facts<'_>) {
        self.text_output = false;
        if facts.has_rate(Unit::Characters) {
            self.any_of.set(Unit::Characters, self.tally.tokens);
        }
        let by_token = [Unit::Output, Unit::OutputAudio, Unit::OutputAudioSeconds];
        if facts.has_rate(Unit::Characters) && !by_token.into_iter().any(|unit| facts.has_rate(unit)) {
            self.output = Some(0);
        }
        if facts.has_rate(Unit::OutputAudioSeconds) && !facts.has_rate(Unit::OutputAudio) {
            self.unbound("the answer is billed by the second, and nothing limits how long it is");
        }
    }

    /// <https://platform.openai.com/docs/api-reference/audio/createTranscription>. How long a file is, a form does not tell, unless
    /// who has read it says so; what fits into the context window does, at ten tokens a second. <https://platform.openai.com/docs/guides/realtime-costs>
    fn transcription(&mut self, request: &Object<'_>, facts: &Facts<'_>) {
        if [Unit::Input, Unit::InputAudio].into_iter().any(|unit| facts.has_rate(unit)) {
            self.tally.hide("audio");
        }
        if !facts.has_rate(Unit::Output) {
            self.output = Some(0);
        }
        if facts.has_rate(Unit::AudioSeconds) {
            match sound_ms(request.get("file")).or(facts.window.map(|window| window.saturating_mul(100))) {
                Some(ms) => self.may.set(Unit::AudioSeconds, ms),
                None => self.unbound("the audio is billed by the second, and its length is not known"),
            }
        }
    }

    /// <https://docs.anthropic.com/en/api/messages>
    fn messages(&mut self, request: &Object<'_>, facts: &Facts<'_>) -> Result<()> {
        self.maximum(request, &["max_tokens"])?;
        if let Some(speed) = text(request, "speed")?.filter(|speed| speed != "standard") {
            self.service_tier = Some(speed);
        } else if self.service_tier.as_deref() == Some("standard_only") {
            self.service_tier = Some("default".to_owned());
        }
        self.region = text(request, "inference_geo")?;
        if let Some(list) = request.get("tools") {
            tools::read(list, Shape::Messages, facts, None, self);
        }
        if request.get("output_config").is_some() || request.get("output_format").is_some() {
            self.frame(tools::ANY);
        }
        if request.get("mcp_servers").and_then(Raw::items).is_some_and(|servers| !servers.is_empty()) {
            // Their tools are in the toolset, or implied in the older form.
            self.tally.hide("tools that the provider runs");
            self.calls = self.calls.max(10);
        }
        match request.get("fallbacks") {
            None => {}
            Some(list) => match list.items() {
                // Each that was tried is billed; the dearest of all is asked for by the caller's own `fallbacks`.
                Some(list) if list.is_empty() => {}
                _ => self.unbound("the provider may answer with another model, whose price is not asked for"),
            },
        }
        let edits = request.get("context_management").and_then(|context| context.member("edits"));
        let compacts =
            |edit: &Raw<'_>| edit.member("type").and_then(Raw::to_text).is_none_or(|kind| !kind.starts_with("clear_"));
        if edits.and_then(Raw::items).unwrap_or_default().iter().any(compacts) {
            self.unbound("the provider may compact the context, which bills passes of its own");
        }
        Ok(())
    }

    /// <https://ai.google.dev/api/generate-content>, and the form of its client, which has its options in `config`.
    fn gemini(&mut self, request: &Object<'_>, facts: &Facts<'_>) -> Result<()> {
        for outer in ["generationConfig", "generation_config", "config"] {
            let Some(config) = request.get(outer) else { continue };
            let config = Object::strict(config).ok_or_else(|| wrong(outer, "an object", Some(config)))?;
            // Thinking counts in the maximum: <https://ai.google.dev/gemini-api/docs/thinking#pricing>
            self.maximum(&config, &["maxOutputTokens", "max_output_tokens"])?;
            for key in ["candidateCount", "candidate_count"] {
                self.choices = self.choices.max(whole(&config, key)?.unwrap_or(1));
            }
            for key in ["responseModalities", "response_modalities"] {
                let kinds = config.get(key).and_then(Raw::items).unwrap_or_default();
                let is_text = |kind: &Raw<'_>| kind.text().is_some_and(|kind| kind.eq_ignore_ascii_case("text"));
                self.text_output &= kinds.iter().all(is_text);
            }
            for key in ["responseSchema", "responseJsonSchema", "response_schema"] {
                if config.get(key).is_some() {
                    self.frame(tools::ANY);
                }
            }
            self.gemini_state(&config, facts);
        }
        self.text_output &= !facts.has_rate(Unit::OutputImage) && !facts.has_rate(Unit::Images);
        if facts.has_rate(Unit::Images) && !self.text_output {
            self.unbound("the answer may have images that are billed each, and nothing limits how many");
        }
        self.gemini_state(request, facts);
        Ok(())
    }

    fn gemini_state(&mut self, of: &Object<'_>, facts: &Facts<'_>) {
        if of.get("cachedContent").or_else(|| of.get("cached_content")).is_some() {
            self.tally.hide("content that lies in the provider's cache");
        }
        if let Some(list) = of.get("tools") {
            tools::read(list, Shape::Gemini, facts, None, self);
        }
    }
}

/// How long a file is, where who has read it says so, in milliseconds: `{ seconds }`.
pub(in crate::call) fn sound_ms(file: Option<Raw<'_>>) -> Option<u64> {
    let seconds = file?.member("seconds")?.number().filter(|seconds| (0.0..1e9).contains(seconds))?;
    Some((seconds * 1_000.0).ceil() as u64)
}

/// The pixels of an image.
fn pixels(request: &Object<'_>) -> Result<u64> {
    // The largest that anybody makes.
    const MOST: u64 = 4_096 * 4_096;
    let Some(size) = text(request, "size")? else { return Ok(MOST) };
    let side = |text: &str| text.parse::<u32>().ok().map(u64::from);
    Ok(size
        .split_once('x')
        .and_then(|(width, height)| Some(side(width)?.saturating_mul(side(height)?)))
        .unwrap_or(MOST))
}

/// A whole number of a request, which nothing else may stand for.
fn whole(request: &Object<'_>, key: &str) -> Result<Option<u64>> {
    let Some(value) = request.get(key) else { return Ok(None) };
    value.whole().map(Some).ok_or_else(|| wrong(key, "a whole number", Some(value)))
}

fn text(request: &Object<'_>, key: &str) -> Result<Option<String>> {
    let Some(value) = request.get(key) else { return Ok(None) };
    value.to_text().map(Some).ok_or_else(|| wrong(key, "a string", Some(value)))
}

fn wrong(key: &str, expected: &str, found: Option<Raw<'_>>) -> Error {
    let found = found.map_or("none", Raw::kind);
    Error::input(format!("cannot read request: expected {key} to be {expected}, found {found}")).with("field", key)
}
