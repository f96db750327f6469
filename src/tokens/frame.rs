//! What a model's chat format adds around texts: of each message, name, tool and property, and where that is known from.

use super::estimate::Family;

/// How well a row is known.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Confidence {
    /// The provider or the model's own template says so, and bills were seen to agree.
    Documented,
    /// It was measured on bills, or documents and bills disagree.
    Measured,
    /// Nobody says; it is taken to be as with others.
    Assumed,
}

/// What stands around texts, in tokens. `most` is what was seen at most, where sources disagree.
#[derive(Clone, Copy, Debug)]
pub struct Frame {
    /// Around the whole prompt, with what begins the answer.
    pub start: u32,
    /// Around a message, its role included.
    pub message: u32,
    /// Beside the text of a name.
    pub name: u32,
    /// Once, where there are tools.
    pub tools: u32,
    /// Around a tool.
    pub tool: u32,
    /// Once, where a tool or an object inside has properties.
    pub first: u32,
    /// Around a property.
    pub property: u32,
    /// Around a value of an enumeration.
    pub item: u32,
    /// What an enumeration takes away again.
    pub enumeration: u32,
    /// Most of: [start, message, tools, tool, property, item].
    pub most: [u32; 6],
    /// How well it is known.
    pub confidence: Confidence,
}

use Confidence::*;

/// By OpenAI's cookbook, for GPT-4o. <https://github.com/openai/openai-cookbook/blob/main/examples/How_to_count_tokens_with_tiktoken.ipynb>
const GPT_4O: Frame = Frame {
    start: 3,
    message: 4,
    name: 1,
    tools: 12,
    tool: 7,
    first: 3,
    property: 3,
    item: 3,
    enumeration: 3,
    most: [3, 4, 16, 7, 7, 7],
    confidence: Documented,
};

/// By the same, for GPT-4 and GPT-3.5.
const GPT_4: Frame = Frame { tool: 10, most: [3, 4, 16, 10, 7, 7], ..GPT_4O };

/// GPT-5 and the o series: as GPT-4o, but for what bills were fitted to have.
const GPT_5: Frame = Frame { most: [5, 5, 24, 7, 7, 7], confidence: Measured, ..GPT_4O };

/// Up to 4.6. The system prompt of tools is documented with 346 tokens and an example that agrees; bills were fitted with 366 to
/// 549, and 53 a tool. <https://docs.anthropic.com/en/docs/agents-and-tools/tool-use/overview#pricing>,
/// <https://docs.anthropic.com/en/docs/build-with-claude/token-counting>
const CLAUDE: Frame = Frame {
    start: 3,
    message: 4,
    name: 0,
    tools: 346,
    tool: 8,
    first: 2,
    property: 4,
    item: 3,
    enumeration: 0,
    most: [6, 5, 549, 53, 18, 9],
    confidence: Measured,
};

/// From 4.7 on: a message was seen with 6 to 11.
const CLAUDE_47: Frame = Frame { most: [11, 6, 549, 71, 24, 12], ..CLAUDE };

/// The count has the texts and nothing around them. Of tools nobody says. <https://ai.google.dev/gemini-api/docs/tokens>
const GEMINI: Frame = Frame {
    start: 0,
    message: 0,
    name: 0,
    tools: 0,
    tool: 12,
    first: 2,
    property: 6,
    item: 3,
    enumeration: 0,
    most: [5, 5, 64, 71, 24, 12],
    confidence: Assumed,
};

/// `<|im_start|>role\n...<|im_end|>\n`, and the start of the answer. Tools by the same template, as JSON.
const QWEN: Frame = Frame {
    start: 3,
    message: 5,
    name: 0,
    tools: 120,
    tool: 20,
    first: 4,
    property: 8,
    item: 2,
    enumeration: 0,
    most: [30, 5, 200, 71, 24, 9],
    confidence: Measured,
};

/// `<|begin_of_text|>`, `<|start_header_id|>role<|end_header_id|>\n\n...<|eot_id|>`. A date may stand before.
const LLAMA_3: Frame = Frame { start: 5, message: 5, most: [40, 5, 200, 71, 24, 9], ..QWEN };

/// One mark before each message; tools as fitted to bills.
const DEEPSEEK: Frame = Frame { start: 3, message: 1, tools: 149, tool: 40, most: [5, 2, 200, 71, 24, 9], ..QWEN };

/// `<s>[INST]...[/INST]`.
const MISTRAL: Frame = Frame { start: 1, message: 2, tools: 2, most: [5, 3, 100, 71, 24, 9], ..QWEN };

/// All others.
const OTHERS: Frame = Frame { start: 3, message: 4, most: [100, 6, 549, 71, 24, 12], confidence: Assumed, ..QWEN };

/// The row of a model.
pub fn frame(model: &str, family: Family) -> &'static Frame {
    // OpenAI's cookbook has these and no others.
    let documented = ["gpt-4o", "gpt-4.1"].iter().any(|part| model.contains(part));
    match family {
        Family::O200k if documented => &GPT_4O,
        Family::O200k => &GPT_5,
        Family::Cl100k => &GPT_4,
        Family::Claude => &CLAUDE,
        Family::Claude47 => &CLAUDE_47,
        Family::Gemma => &GEMINI,
        Family::Qwen => &QWEN,
        Family::Llama3 => &LLAMA_3,
        Family::DeepSeek => &DEEPSEEK,
        Family::Tekken => &MISTRAL,
        Family::Generic => &OTHERS,
    }
}
