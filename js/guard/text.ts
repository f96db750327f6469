/** The text of what a guardrail is asked to judge. */

/** A string; `{ prompt }`, `{ text }`, `{ messages: [{ content }] }` with a string or parts as content; else JSON. */
export function textOf(input: unknown): string {
  if (typeof input === "string") return input;
  if (typeof input === "object" && input !== null) {
    const { prompt, text, messages } = input as { prompt?: unknown; text?: unknown; messages?: unknown };
    if (typeof prompt === "string") return prompt;
    if (typeof text === "string") return text;
    if (Array.isArray(messages)) return messages.map((message) => contentOf((message as { content?: unknown } | null)?.content)).join("\n");
  }
  try {
    return JSON.stringify(input) ?? "";
  } catch {
    // A cycle or a BigInt: what can be shown of it.
    return String(input);
  }
}

function contentOf(content: unknown): string {
  if (typeof content === "string") return content;
  if (!Array.isArray(content)) return content === undefined || content === null ? "" : textOf(content);
  return content
    .map((part) => {
      if (typeof part === "string") return part;
      const { text, refusal } = (part ?? {}) as { text?: unknown; refusal?: unknown };
      return typeof text === "string" ? text : typeof refusal === "string" ? refusal : "";
    })
    .join("\n");
}
