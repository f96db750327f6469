//! Where the texts of each format stand.

use super::{
    text::Role,
    walk::{
        Means::{Arguments, Aside, Data, Each, Input, Json, Of, Plain, Repeats},
        Rule,
    },
};

/// Nothing but texts.
pub(super) const TEXTS: &[Rule] = &[];

/// A part of a message of Anthropic's, of a request or of an answer: text, thought, document, a tool's call and its result.
/// A static, as the other tables that hold themselves.
pub(super) static PART: [Rule; 9] = [
    Rule("text", Each(TEXTS)),
    Rule("thinking", Aside),
    Rule("input", Json),
    Rule("content", Each(&PART)),
    Rule("source", Each(&SOURCE)),
    Rule("title", Each(TEXTS)),
    Rule("context", Each(TEXTS)),
    Rule("stdout", Each(TEXTS)),
    Rule("stderr", Each(TEXTS)),
];

static SOURCE: [Rule; 2] = [Rule("data", Plain), Rule("content", Each(&PART))];

/// A request of Anthropic's.
pub(super) const MESSAGES: &[Rule] =
    &[Rule("system", Of(Role::System, &PART)), Rule("messages", Of(Role::User, &PART))];

/// An answer of Anthropic's.
pub(super) const MESSAGE: &[Rule] = &[Rule("content", Of(Role::Assistant, &PART))];

/// An item of what a response is made from, or of what it says; or a part of one.
pub(super) static ITEM: [Rule; 12] = [
    Rule("text", Each(TEXTS)),
    Rule("refusal", Aside),
    Rule("content", Each(&ITEM)),
    Rule("summary", Each(THOUGHT)),
    Rule("arguments", Arguments),
    Rule("input", Input),
    Rule("output", Of(Role::Tool, &ITEM)),
    Rule("code", Each(TEXTS)),
    Rule("action", Data(Role::Assistant)),
    Rule("logs", Each(TEXTS)),
    Rule("error", Each(TEXTS)),
    Rule("logprobs", Repeats),
];

const THOUGHT: &[Rule] = &[Rule("text", Aside)];

/// A request of OpenAI's responses.
pub(super) const RESPONSES: &[Rule] = &[
    Rule("instructions", Of(Role::System, &ITEM)),
    Rule("input", Of(Role::User, &ITEM)),
    Rule("prompt", Each(PROMPT)),
];

/// The variables of a stored prompt: any names.
const PROMPT: &[Rule] = &[Rule("variables", Data(Role::User))];

/// A response.
pub(super) const RESPONSE: &[Rule] = &[Rule("output", Of(Role::Assistant, &ITEM))];

/// An event of a response, where it tells a text whole. What it tells of a call at its end is told again with the item.
pub(super) static EVENT: [Rule; 9] = [
    Rule("text", Each(TEXTS)),
    Rule("refusal", Aside),
    Rule("transcript", Each(TEXTS)),
    Rule("arguments", Arguments),
    Rule("input", Input),
    Rule("code", Each(TEXTS)),
    Rule("part", Each(&ITEM)),
    Rule("item", Each(&ITEM)),
    Rule("response", Each(RESPONSE)),
];

/// A request for completions, embeddings, images, speech, transcriptions or moderations.
pub(super) const PROMPTS: &[Rule] = &[
    Rule("prompt", Of(Role::User, TEXTS)),
    Rule("suffix", Of(Role::User, TEXTS)),
    Rule("input", Of(Role::User, &[Rule("text", Each(TEXTS))])),
    Rule("instructions", Of(Role::System, TEXTS)),
];

/// What was heard. Its parts and words repeat the text, cut up: halves of what was found must not stay in them.
pub(super) const HEARD: &[Rule] = &[
    Rule("text", Of(Role::Assistant, TEXTS)),
    Rule("segments", Repeats),
    Rule("words", Repeats),
    Rule("logprobs", Repeats),
];

/// Completions of a text.
pub(super) const COMPLETIONS: &[Rule] = &[Rule("choices", Of(Role::Assistant, COMPLETION))];

const COMPLETION: &[Rule] = &[Rule("text", Each(TEXTS)), Rule("logprobs", Repeats)];

/// Embeddings and images have no text of the model's own, but for the prompt as it was rewritten.
pub(super) const MADE: &[Rule] = &[Rule("data", Of(Role::Assistant, &[Rule("revised_prompt", Aside)]))];

/// A turn of Gemini's, or what one is made of.
pub(super) static TURN: [Rule; 6] = [
    Rule("parts", Each(&TURN)),
    Rule("text", Each(TEXTS)),
    Rule("functionCall", Each(&CALL)),
    Rule("functionResponse", Each(&[Rule("response", Data(Role::Tool))])),
    Rule("executableCode", Each(&[Rule("code", Each(TEXTS))])),
    Rule("codeExecutionResult", Each(&[Rule("output", Of(Role::Tool, TEXTS))])),
];

const CALL: [Rule; 1] = [Rule("args", Json)];

/// A request of Gemini's, in both spellings that it takes.
pub(super) const GEMINI: &[Rule] = &[
    Rule("systemInstruction", Of(Role::System, &TURN)),
    Rule("system_instruction", Of(Role::System, &TURN)),
    Rule("contents", Of(Role::User, &TURN)),
];

/// An answer of Gemini's.
pub(super) const GENERATED: &[Rule] = &[Rule("candidates", Of(Role::Assistant, &[Rule("content", Each(&TURN))]))];
