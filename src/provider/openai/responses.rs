//! OpenAI's responses as a stream, <https://platform.openai.com/docs/api-reference/responses-streaming>, and what has events like
//! theirs: speech and transcriptions.
//!
//! A response is a row of items, an item a row of parts. Texts come in `...delta` events, and then again whole: with the end of
//! the text, of the part, of the item and of the response.

use crate::{
    json::{Bad, Raw},
    provider::{
        chunk::{Chunk, Lane, LaneOf, Piece, WHOLE},
        edit::range_of,
        tables,
        text::Role,
        walk::Walk,
        wire::Wire,
    },
};

/// The texts that come in pieces: `response.<name>.delta`.
const TEXTS: [(&str, LaneOf); 10] = [
    ("output_text", Lane::Content),
    ("refusal", Lane::Refusal),
    ("reasoning_text", Lane::Reasoning),
    ("reasoning_summary_text", Lane::Reasoning),
    ("function_call_arguments", call),
    ("custom_tool_call_input", call),
    ("mcp_call_arguments", call),
    ("code_interpreter_call_code", call),
    ("audio.transcript", Lane::Content),
    ("transcript.text", Lane::Content),
];

fn call(place: u64) -> Lane {
    Lane::Arguments(place, 0)
}

/// Reads an event's data.
pub(in crate::provider) fn chunk(data: &str) -> Result<Chunk, Bad> {
    let wire = Wire::parse(data)?;
    let mut chunk = Chunk::default();
    let kind = wire.text("type")?.unwrap_or_default();
    let name = kind.strip_prefix("response.").unwrap_or(&kind);
    let item = wire.whole("output_index")?.unwrap_or(0);
    // A part of an item: of its content or of its summary.
    let part = wire.whole("content_index")?.or(wire.whole("summary_index")?).unwrap_or(0);
    let place = item << 20 | part;
    if let Some(text) = name.strip_suffix(".delta") {
        let lane = TEXTS.iter().find(|(known, _)| *known == text).map(|(_, lane)| lane(place));
        if let (Some(lane), Some(value)) = (lane, wire.any("delta"))
            && let Some(text) = value.to_text().filter(|text| !text.is_empty())
        {
            chunk.pieces.push(Piece { lane, text, range: range_of(data, value) });
            if let Some(logprobs) = wire.any("logprobs").filter(|logprobs| logprobs.get() != "[]") {
                chunk.logprobs.push((place, range_of(data, logprobs)));
            }
        }
        return Ok(chunk);
    }
    match name {
        "error" => chunk.error = Some(wire.any("error").map_or(data, Raw::get).to_owned()),
        "created" | "in_progress" | "queued" => {
            chunk.begun.push(WHOLE);
            chunk.model = wire.within("response", "model")?.and_then(Raw::to_text);
        }
        "completed" | "incomplete" | "failed" | "cancelled" | "transcript.text.done" | "speech.audio.done" => {
            chunk.finished.push(WHOLE);
            (chunk.tells, chunk.done) = (true, true);
        }
        "output_item.added" => {
            if let Some(called) = wire.within("item", "name")?.and_then(Raw::to_text) {
                chunk.names.push((Lane::Arguments(place, 0), called));
            }
        }
        _ if name.strip_suffix(".done").is_some_and(|text| TEXTS.iter().any(|(known, _)| *known == text)) => {
            chunk.finished.push(place);
        }
        _ => {}
    }
    if name.contains("partial_image") {
        return Ok(chunk);
    }
    let mut walk = Walk { body: data, segments: &mut chunk.wholes, calls: true, joins: false };
    Raw::parse(data).and_then(|event| walk.each(event, &tables::EVENT, Role::Assistant, 0))?;
    Ok(chunk)
}
