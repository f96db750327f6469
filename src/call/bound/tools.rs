//! What the tools of a request add to its prompt, and what the provider's own tools cost.
//!
//! A tool that the application runs ends the answer: only its definition counts. A tool that the provider runs goes on with
//! what it found, so that each call is another pass with up to the whole context window; many bill a fee besides. Where
//! neither the request nor the provider limits the calls, nothing bounds it.

use crate::{json::Raw, usage::Unit};

use super::{Facts, read::Wanted, shape::Shape};

/// Tokens that the presence of tools adds: measured at up to 549. The same is taken for a schema of the answer.
pub(super) const ANY: u64 = 1_024;
/// Tokens that each tool adds beside its bytes: measured at up to 71.
const EACH: u64 = 128;
/// Tokens of a tool whose definition is the provider's: documented at up to 735, and 499 once for using a computer.
/// <https://docs.anthropic.com/en/docs/agents-and-tools/tool-use/overview#pricing>
const PROVIDERS: u64 = 2_048;

/// Anthropic ends a turn after so many passes of its own tools (`pause_turn`).
/// <https://docs.anthropic.com/en/docs/build-with-claude/handling-stop-reasons#pause-turn>
const ANTHROPIC_PASSES: u64 = 10;

/// Reads the tools of a request.
pub(super) fn read(tools: Raw<'_>, shape: Shape, facts: &Facts<'_>, most_calls: Option<u64>, wanted: &mut Wanted<'_>) {
    let Some(items) = tools.items().filter(|items| !items.is_empty()) else { return };
    wanted.frame(ANY);
    for tool in items {
        wanted.frame(EACH);
        let text_of = |key: &str| tool.member(key).and_then(Raw::to_text);
        let kind = text_of("type");
        let kind = kind.as_deref().unwrap_or_default();
        match shape {
            Shape::Gemini => gemini(tool, facts, wanted),
            _ if matches!(kind, "" | "function" | "custom") => {}
            Shape::Messages => anthropic(kind, tool, wanted),
            Shape::Responses => openai(kind, tool, facts, most_calls, wanted),
            _ => wanted.unbound(UNKNOWN),
        }
    }
}

const UNKNOWN: &str = "the request has a tool of the provider's, and nobody knows what bounds it";
const NO_LIMIT: &str = "the request has a tool that the provider runs, and no limit on its calls";

/// <https://platform.openai.com/docs/guides/tools>. `max_tool_calls` limits the calls of all of them together.
fn openai(kind: &str, tool: Raw<'_>, facts: &Facts<'_>, most_calls: Option<u64>, wanted: &mut Wanted<'_>) {
    let mut fee = None;
    match kind {
        // The application runs these. How long their definition is, is not documented.
        "computer" | "computer_use_preview" | "local_shell" | "apply_patch" | "tool_search" => {
            wanted.tally.hide("tools whose definition is the provider's");
            return;
        }
        "namespace" => {
            if let Some(inner) = tool.member("tools") {
                read(inner, Shape::Responses, facts, most_calls, wanted);
            }
            return;
        }
        "web_search" | "web_search_2025_08_26" | "web_search_preview" | "web_search_preview_2025_03_11" => {
            fee = Some(Unit::WebSearches);
        }
        "file_search" => fee = Some(Unit::FileSearches),
        "code_interpreter" => {
            let memory = tool.member("container").and_then(|container| container.member("memory_limit"));
            if memory.is_some_and(|memory| memory.text().as_deref() != Some("1g")) {
                wanted.unbound("the request has a code interpreter of a size whose price is not known");
            }
            fee = Some(Unit::CodeInterpreterSessions);
        }
        "mcp" => {}
        _ => {
            wanted.unbound(UNKNOWN);
            return;
        }
    }
    wanted.tally.hide("tools that the provider runs");
    // Others who are compatible take the parameter and do nothing with it.
    let Some(calls) = most_calls.filter(|_| facts.is_openai()) else {
        wanted.unbound(NO_LIMIT);
        return;
    };
    wanted.calls = wanted.calls.max(calls);
    if let Some(unit) = fee {
        wanted.fees.set(unit, calls);
    }
}

/// <https://docs.anthropic.com/en/docs/agents-and-tools/tool-use/server-tools>. `max_uses` limits the calls of one tool.
fn anthropic(kind: &str, tool: Raw<'_>, wanted: &mut Wanted<'_>) {
    let is = |prefix: &str| kind.starts_with(prefix);
    if ["bash_", "text_editor_", "computer_", "memory_"].into_iter().any(is) {
        wanted.frame(PROVIDERS);
        return;
    }
    let uses = tool.member("max_uses").and_then(Raw::whole);
    let searches = is("web_search_");
    if !(searches || is("web_fetch_") || is("tool_search_tool_") || kind == "mcp_toolset") {
        // Code execution is billed by the hour, an advisor at another model's rates.
        wanted.unbound(UNKNOWN);
        return;
    }
    wanted.tally.hide("tools that the provider runs");
    wanted.uses = wanted.uses.saturating_add(uses.unwrap_or(0));
    wanted.calls = wanted.calls.max(wanted.uses).max(ANTHROPIC_PASSES);
    if searches {
        match uses {
            Some(uses) => wanted.fees.add(Unit::WebSearches, uses),
            None => wanted.unbound(NO_LIMIT),
        }
    }
}

/// <https://ai.google.dev/gemini-api/docs/google-search>. Up to Gemini 2.5 a grounded prompt is billed once, later each query.
/// What a search found is no input; what a URL has is.
fn gemini(tool: Raw<'_>, facts: &Facts<'_>, wanted: &mut Wanted<'_>) {
    let once = ["gemini-1", "gemini-2"].iter().any(|part| facts.name.contains(part));
    for (key, value) in tool.members().unwrap_or_default() {
        match &*key {
            "functionDeclarations" | "function_declarations" => {
                let count = value.items().map_or(0, |items| items.len() as u64);
                wanted.frame(EACH.saturating_mul(count));
            }
            "computerUse" | "computer_use" | "urlContext" | "url_context" | "fileSearch" | "file_search" => {
                wanted.tally.hide("tools whose text the provider adds");
            }
            "googleSearch"
            | "google_search"
            | "googleSearchRetrieval"
            | "google_search_retrieval"
            | "googleMaps"
            | "google_maps" => {
                let unit = if key.contains("aps") { Unit::MapsSearches } else { Unit::WebSearches };
                wanted.tally.hide("tools that the provider runs");
                if once {
                    wanted.fees.set(unit, 1);
                } else {
                    wanted.unbound(NO_LIMIT);
                }
            }
            _ if value.is_null() => {}
            _ => wanted.unbound(UNKNOWN),
        }
    }
}
