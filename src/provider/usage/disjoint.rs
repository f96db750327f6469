//! What was told, taken apart into counts that do not overlap.

use crate::usage::{Unit, Usage};

use super::{
    read::{Told, clamped},
    table::{Name, Slot},
};

/// Takes a share out of what is left, at most all of it.
struct Left<'w> {
    left: u64,
    clamped: &'w mut bool,
}

impl Left<'_> {
    fn take(&mut self, asked: u64) -> u64 {
        let taken = asked.min(self.left);
        *self.clamped |= taken < asked;
        self.left -= taken;
        taken
    }
}

/// The usage; `None` where nothing was counted, and where half of it can't be read: half a usage is no bill.
pub(super) fn usage(told: &mut Told, provider: &str) -> Option<Usage> {
    let mut usage = Usage::default();
    let mut inconsistent = false;
    let counted = told.counts_anything();
    if counted {
        input(told, provider, &mut usage, &mut inconsistent);
        output(told, provider, &mut usage, &mut inconsistent)?;
    }
    beside(told, &mut usage, counted);
    if inconsistent {
        told.warn(clamped());
    }
    (counted || !usage.is_empty()).then_some(usage)
}

/// All input tokens, cache included, how many of them were read from it and how many written to it.
fn all_input(told: &Told, provider: &str) -> (u64, u64, u64) {
    let get = |slot| told.get(slot);
    let writes_told = get(Slot::Write5m).saturating_add(get(Slot::Write1h));
    let (inside_read, inside_write) = (get(Slot::Read), get(Slot::Write));
    if told.has(Slot::BilledInput) || told.has(Slot::BilledOutput) {
        // What Cohere bills has no cache.
        return (get(Slot::BilledInput), 0, 0);
    }
    if told.has(Slot::Prompt) {
        // A proxy may repeat what is inside under the names that elsewhere stand for what is beside.
        let read = inside_read.max(get(Slot::ReadBeside)).max(get(Slot::ReadEither));
        let write = inside_write.max(get(Slot::WriteBeside)).max(writes_told);
        // xAI now and then leaves the cached tokens out of the prompt.
        let outside = if is(provider, XAI) && read > get(Slot::Prompt) { read } else { 0 };
        return (get(Slot::Prompt).saturating_add(outside), read, write);
    }
    if told.has(Slot::Fresh) && !told.has(Slot::Input) {
        return (get(Slot::Fresh).saturating_add(inside_read).saturating_add(inside_write), inside_read, inside_write);
    }
    if told.has(Slot::Input) || told.has(Slot::ReadBeside) || told.has(Slot::WriteBeside) {
        let (read, write) = (get(Slot::ReadBeside), get(Slot::WriteBeside).max(writes_told));
        let repeated = inside_read > 0 || inside_write > 0;
        let total_has_them =
            told.has(Slot::Total) && get(Slot::Total) == get(Slot::Input).saturating_add(get(Slot::Output));
        if repeated && (total_has_them || read.max(write) == 0) {
            return (get(Slot::Input), inside_read.max(read), inside_write.max(write));
        }
        let either = if told.has(Slot::Read) { 0 } else { get(Slot::ReadEither) };
        let beside = either > get(Slot::Input) || is(provider, BESIDE);
        let total = get(Slot::Input).saturating_add(read).saturating_add(write);
        return (if beside { total.saturating_add(either) } else { total }, read.saturating_add(either), write);
    }
    if told.has(Slot::TokensInput) || told.has(Slot::TokensOutput) {
        return (get(Slot::TokensInput), inside_read, 0);
    }
    // An embedding or a ranking, which has no output, may tell its total only.
    (get(Slot::Total).saturating_sub(get(Slot::Output)), inside_read, inside_write.max(writes_told))
}

fn input(told: &Told, provider: &str, usage: &mut Usage, inconsistent: &mut bool) {
    let get = |slot| told.get(slot);
    let (all, read, write) = all_input(told, provider);
    let mut fresh = Left { left: all, clamped: &mut *inconsistent };
    let read = fresh.take(read);
    let write = fresh.take(write);
    // What comes from tools, of a transcription's audio and of an embedding's images is in no total of the input.
    let more = [Slot::Tool, Slot::AudioBeside, Slot::ImageBeside].map(get);
    let mut fresh = more.into_iter().fold(fresh.left, u64::saturating_add);

    // The hour's writes are a part of all of them; what nobody attributes is of five minutes.
    let hour = get(Slot::Write1h).min(write);
    let short = write - hour;
    // A flat total may be 0 or may repeat its parts; more in the parts than in it contradicts it.
    let flat = get(Slot::WriteBeside).max(get(Slot::Write));
    *inconsistent |= flat > 0 && get(Slot::Write5m).saturating_add(get(Slot::Write1h)) > flat;

    // A modality is in the input and, where it was cached, in the cache too.
    let mut cached = read;
    for (unit, cached_unit, given, of_cache, from_tools, more) in [
        (
            Unit::InputAudio,
            Some(Unit::CacheReadAudio),
            Slot::AudioIn,
            Slot::AudioCached,
            Slot::AudioTool,
            Slot::AudioBeside,
        ),
        (
            Unit::InputImage,
            Some(Unit::CacheReadImage),
            Slot::ImageIn,
            Slot::ImageCached,
            Slot::ImageTool,
            Slot::ImageBeside,
        ),
        (Unit::InputVideo, None, Slot::VideoIn, Slot::VideoCached, Slot::VideoTool, Slot::VideoTool),
    ] {
        let beside = if more == from_tools { 0 } else { get(more) };
        let asked = get(given).saturating_add(get(from_tools)).saturating_add(beside);
        // Where nothing tells how much of it was cached: as little as can be, since what is fresh costs more.
        let from_cache =
            if told.has(of_cache) { get(of_cache).min(asked) } else { asked.saturating_sub(fresh) }.min(cached);
        let plain = (asked - from_cache).min(fresh);
        *inconsistent |= plain + from_cache < asked;
        fresh -= plain;
        usage.add(unit, plain);
        if let Some(cached_unit) = cached_unit {
            usage.add(cached_unit, from_cache);
            cached -= from_cache;
        }
    }

    let compact_hour = get(Slot::CompactWrite1h);
    let compact_write = get(Slot::CompactWrite).max(get(Slot::CompactWrite5m).saturating_add(compact_hour));
    usage.add(Unit::Input, fresh);
    usage.add(Unit::Input, get(Slot::CompactInput));
    usage.add(Unit::CacheRead, cached);
    usage.add(Unit::CacheRead, get(Slot::CompactRead));
    usage.add(Unit::CacheWrite, short);
    usage.add(Unit::CacheWrite, compact_write - compact_hour);
    usage.add(Unit::CacheWrite1h, hour);
    usage.add(Unit::CacheWrite1h, compact_hour);
}

fn output(told: &Told, provider: &str, usage: &mut Usage, inconsistent: &mut bool) -> Option<()> {
    let get = |slot| told.get(slot);
    let (total, thoughts) = (get(Slot::Total), get(Slot::Thoughts));
    let reported_input = if told.has(Slot::Prompt) { get(Slot::Prompt) } else { get(Slot::Input) };
    let reported = if told.has(Slot::BilledInput) || told.has(Slot::BilledOutput) {
        get(Slot::BilledOutput)
    } else if told.has(Slot::Output) {
        get(Slot::Output)
    } else if told.has(Slot::TokensOutput) {
        get(Slot::TokensOutput)
    } else if told.has(Slot::Total) && !told.has(Slot::CompactInput) {
        // What is left of the total: an input that is not told took all of it.
        total.saturating_sub(usage.input_tokens()).saturating_sub(thoughts)
    } else {
        0
    };
    let known_input = [Slot::Prompt, Slot::Input, Slot::Fresh, Slot::Total].into_iter().any(|slot| told.has(slot));
    let known_output = told.has(Slot::Output) || told.has(Slot::Total);
    if told.broken && !(known_input && known_output) {
        return None;
    }

    // The total tells whether reasoning is inside; where it does not, the provider's custom and the field do.
    let with =
        |more: u64| told.has(Slot::Total) && total == reported_input.saturating_add(reported).saturating_add(more);
    let (detail, apart) = (get(Slot::Reasoning), get(Slot::ReasoningApart));
    let reasoning = detail.max(apart);
    let outside = reasoning > 0
        && (with(reasoning)
            || (detail > 0 && is(provider, XAI) && told.has(Slot::Prompt) && !with(0))
            || (apart > 0
                && (is(provider, XAI)
                    || is(provider, PERPLEXITY)
                    || told.has(Slot::Citation)
                    || told.has(Slot::WebSearches)
                    || apart > reported)));

    let all = reported.saturating_add(thoughts);
    let mut text = Left { left: all, clamped: inconsistent };
    let told_parts = told.has(Slot::ImageOut) || told.has(Slot::AudioOut) || told.has(Slot::TextOut);
    let event = told.name(Name::Event).unwrap_or_default();
    let (audio, image, video) = if told_parts {
        (get(Slot::AudioOut), get(Slot::ImageOut), get(Slot::VideoOut))
    } else if event == "speech.audio.done" {
        (all, 0, 0)
    } else if told.has(Slot::Pictures) || event == "image_generation.completed" || event == "image_edit.completed" {
        (0, all, 0)
    } else {
        (0, 0, get(Slot::VideoOut))
    };
    for (unit, count) in [(Unit::OutputAudio, audio), (Unit::OutputImage, image), (Unit::OutputVideo, video)] {
        usage.add(unit, text.take(count));
    }
    let text = text.left;
    usage.add(Unit::Output, text);
    usage.add(Unit::Output, get(Slot::CompactOutput));
    usage.add(Unit::Citation, get(Slot::Citation));
    if outside {
        usage.add(Unit::ReasoningOutside, reasoning);
    } else {
        let memo = reasoning.max(thoughts);
        *inconsistent |= memo > text;
        usage.set_reasoning(memo.min(text));
    }
    Some(())
}

/// What is billed beside tokens, or instead of them.
fn beside(told: &Told, usage: &mut Usage, counted: bool) {
    let get = |slot| told.get(slot);
    let model = told.name(Name::Model).unwrap_or_default();
    let transcript = told.has(Slot::Transcript) && !told.has(Slot::Choices);
    if transcript && told.has(Slot::Audio) && get(Slot::Audio) > 0 {
        // A transcription that tells seconds is billed by them, whatever tokens it tells too.
        *usage = Usage::default();
    }
    let duration = if transcript && !counted { get(Slot::Duration) } else { 0 };
    // Models that always search. <https://platform.openai.com/docs/guides/tools-web-search>
    let has = |part: &str| model.as_bytes().windows(part.len()).any(|at| at == part.as_bytes());
    let always = told.has(Slot::Choices) && (has("-search-preview") || has("-search-api"));
    // Gemini's before the third generation are billed by the prompt.
    let by_prompt =
        ["gemini-1", "gemini-2"].into_iter().any(|old| model.strip_prefix("models/").unwrap_or(model).starts_with(old));
    let google = if by_prompt { get(Slot::GoogleSearches).min(1) } else { get(Slot::GoogleSearches) };
    let searches = get(Slot::WebSearches).max(google).max(u64::from(always && counted));
    // The first version of OpenAI's search has a price of its own for models that do not reason.
    // <https://developers.openai.com/api/docs/pricing>
    let is_preview = told.has(Slot::Preview) && (model.starts_with("gpt-4o") || model.starts_with("gpt-4.1"));
    if is_preview && searches > 0 {
        usage.set_extra("webSearches:preview", searches);
    }
    for (unit, count) in [
        (Unit::AudioSeconds, get(Slot::Audio).max(duration)),
        (Unit::Images, if counted { 0 } else { get(Slot::Pictures) }),
        (Unit::InputImages, get(Slot::InputImages)),
        (Unit::Pages, get(Slot::Pages)),
        (Unit::AnnotatedPages, get(Slot::AnnotatedPages)),
        (Unit::Queries, get(Slot::Queries)),
        (Unit::WebSearches, if is_preview { 0 } else { searches }),
        (Unit::FileSearches, get(Slot::FileSearches)),
        (Unit::MapsSearches, get(Slot::MapsSearches)),
        (Unit::CodeInterpreterSessions, get(Slot::Interpreters)),
    ] {
        usage.add(unit, count);
    }
}

const XAI: &[&str] = &["xai", "x-ai", "x_ai", "grok"];
const PERPLEXITY: &[&str] = &["perplexity"];
/// Providers whose cached tokens stand beside the input also where a name does not say so.
const BESIDE: &[&str] = &["anthropic", "bedrock", "amazon-bedrock", "aws"];

fn is(provider: &str, known: &[&str]) -> bool {
    known.iter().any(|known| provider.eq_ignore_ascii_case(known))
}
