//! A chunk of a streamed chat completion, or of a completion of a text.

use crate::{
    error::Warning,
    json::{Bad, Raw},
    provider::{
        chunk::{Chunk, Lane, Piece},
        edit::range_of,
        openai::{message::Message, usage::read_usage},
        wire::Wire,
    },
};

/// Reads an event's data.
pub(in crate::provider) fn read(data: &str, warnings: &mut Vec<Warning>) -> Result<Chunk, Bad> {
    let wire = Wire::parse(data)?;
    let choices = wire.objects("choices")?;
    let mut chunk = Chunk {
        model: wire.text("model")?,
        service_tier: wire.lenient_text("service_tier"),
        usage: wire.any("usage").and_then(|usage| read_usage(usage, warnings)),
        without_choices: choices.is_empty(),
        error: wire.any("error").map(|error| error.get().to_owned()),
        ..Chunk::default()
    };
    for choice in choices {
        let index = choice.whole("index")?.unwrap_or(0);
        for delta in [choice.object("delta")?, choice.object("message")?].into_iter().flatten().map(Message) {
            let mut add = |lane, value: Option<Raw<'_>>| {
                if let Some(value) = value
                    && let Some(text) = value.to_text()
                    && !text.is_empty()
                {
                    chunk.pieces.push(Piece { lane, text, range: range_of(data, value) });
                }
            };
            delta.said()?.into_iter().for_each(|text| add(Lane::Content(index), Some(text)));
            add(Lane::Refusal(index), delta.refusal());
            delta.thoughts().for_each(|text| add(Lane::Reasoning(index), Some(text)));
            let calls = delta.tool_calls()?;
            // The one call of the old form: a place no tool call has.
            let [name, arguments] = delta.function_call()?;
            let old = name.or(arguments).map(|_| (u64::MAX, name, arguments));
            let calls = calls.into_iter().map(|call| (call.index, call.name, call.arguments.or(call.input)));
            for (place, name, arguments) in calls.chain(old) {
                let lane = Lane::Arguments(index, place);
                // Also one without: it is a call all the same.
                chunk.names.push((lane, name.and_then(Raw::to_text).unwrap_or_default()));
                add(lane, arguments);
            }
        }
        if let Some(value) = choice.any("text")
            && let Some(text) = value.to_text().filter(|text| !text.is_empty())
        {
            // A completion of a text has it here.
            chunk.pieces.push(Piece { lane: Lane::Content(index), text, range: range_of(data, value) });
        }
        if let Some(logprobs) = choice.any("logprobs") {
            chunk.logprobs.push((index, range_of(data, logprobs)));
        }
        // Some compatible servers send an empty reason with every chunk.
        if choice.text("finish_reason")?.is_some_and(|reason| !reason.is_empty()) {
            chunk.finished.push(index);
        }
    }
    Ok(chunk)
}
