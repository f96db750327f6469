//! Gemini's `streamGenerateContent` as events: each is an answer with the next parts.
//! <https://ai.google.dev/api/generate-content#method:-models.streamgeneratecontent>

use crate::{
    json::{Bad, Raw},
    provider::{
        chunk::{Chunk, Lane, Piece},
        edit::range_of,
        tables,
        text::Role,
        walk::Walk,
        wire::Wire,
    },
};

/// Reads an event's data.
pub(super) fn chunk(data: &str) -> Result<Chunk, Bad> {
    let wire = Wire::parse(data)?;
    let mut chunk = Chunk {
        tells: wire.any("usageMetadata").is_some() || wire.any("modelVersion").is_some(),
        error: wire.any("error").map(|error| error.get().to_owned()),
        ..Chunk::default()
    };
    for candidate in wire.objects("candidates")? {
        let index = candidate.whole("index")?.unwrap_or(0);
        chunk.begun.push(index);
        let content = candidate.object("content")?;
        for value in content.map_or(Ok(None), |content| content.list("parts"))?.into_iter().flatten() {
            let part = Wire::of(data, value)?;
            match part.any("text").and_then(|text| Some((text, text.to_text()?))) {
                Some((place, text)) if !text.is_empty() => {
                    let thought = part.flag("thought")?.unwrap_or(false);
                    let lane = if thought { Lane::Reasoning(index) } else { Lane::Content(index) };
                    chunk.pieces.push(Piece { lane, text, range: range_of(data, place) });
                }
                Some(_) => {}
                // A call comes whole, and so does what code did.
                None => Walk { body: data, segments: &mut chunk.wholes, calls: true, joins: false }.each(
                    value,
                    &tables::TURN,
                    Role::Assistant,
                    0,
                )?,
            }
        }
        if candidate.any("finishReason").and_then(Raw::text).is_some_and(|reason| !reason.is_empty()) {
            chunk.finished.push(index);
        }
    }
    if wire.within("promptFeedback", "blockReason")?.is_some() {
        // Refused before a candidate began: that is all of it.
        chunk.begun.push(0);
        chunk.finished.push(0);
    }
    Ok(chunk)
}
