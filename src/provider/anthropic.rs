//! Anthropic's messages as a stream. <https://docs.anthropic.com/en/docs/build-with-claude/streaming>
//!
//! A message is a row of blocks, each of which begins, goes on and stops; usage comes with the beginning and with the end.

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

/// What a `delta` of each kind has its text in.
const DELTAS: [(&str, &str, LaneOf); 3] = [
    ("text_delta", "text", Lane::Content),
    ("thinking_delta", "thinking", Lane::Reasoning),
    ("input_json_delta", "partial_json", |block| Lane::Arguments(block, 0)),
];

/// Reads an event's data.
pub(super) fn chunk(data: &str) -> Result<Chunk, Bad> {
    let wire = Wire::parse(data)?;
    let mut chunk = Chunk::default();
    let index = || Ok(wire.whole("index")?.unwrap_or(0));
    match wire.text("type")?.as_deref().unwrap_or_default() {
        "message_start" => {
            chunk.begun.push(WHOLE);
            chunk.tells = true;
        }
        "content_block_start" => {
            let index = index()?;
            chunk.begun.push(index);
            if let Some(block) = wire.any("content_block") {
                if let Some(name) = block.member("name").and_then(Raw::to_text) {
                    chunk.names.push((Lane::Arguments(index, 0), name));
                }
                let mut walk = Walk { body: data, segments: &mut chunk.wholes, calls: false, joins: false };
                walk.each(block, &tables::PART, Role::Assistant, 0)?;
            }
        }
        "content_block_delta" => {
            let (index, delta) = (index()?, wire.object("delta")?);
            if let Some(delta) = delta {
                let kind = delta.text("type")?.unwrap_or_default();
                for (_, key, lane) in DELTAS.iter().filter(|(name, ..)| *name == kind) {
                    if let Some(value) = delta.any(key)
                        && let Some(text) = value.to_text().filter(|text| !text.is_empty())
                    {
                        chunk.pieces.push(Piece { lane: lane(index), text, range: range_of(data, value) });
                    }
                }
            }
        }
        "content_block_stop" => chunk.finished.push(index()?),
        "message_delta" => {
            chunk.tells = true;
            if wire.within("delta", "stop_reason")?.is_some() {
                chunk.finished.push(WHOLE);
            }
        }
        "message_stop" => chunk.done = true,
        "error" => chunk.error = Some(wire.any("error").map_or("{}", Raw::get).to_owned()),
        _ => {}
    }
    Ok(chunk)
}
