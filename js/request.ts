/** What a whole request has in input tokens: counted here, or by the provider. */
import { run } from "./core.js";
import { MissingApiKeyError, NetworkError, ProviderError, TimeoutError, ValidationError } from "./errors.js";
import { checkKeys } from "./options.js";
import { offerVocabularies } from "./registry.js";
import { toJson } from "./store/json.js";
import type { CountEndpointOptions, Provider, RequestTokenCount } from "./types.js";

/**
 * How many input tokens a request has, part by part: messages, system prompt, names, tools and schemas, calls of tools and their
 * results, images, documents, sound, and what the chat format adds.
 *
 * It takes the bodies of OpenAI's chat completions and responses, Anthropic's messages and Gemini's `generateContent`. Texts are
 * counted by the model's vocabulary where it is registered, else estimated. Sizes of images and lengths of files are read out of
 * their headers; what lies elsewhere is between the least and the most that it can be. `exact` only where all of it is known.
 *
 * ```ts
 * countRequestTokens({ model: "gpt-4o", messages: [{ role: "user", content: "Hello!" }] });
 * // { tokens: 9, exact: true, low: 9, high: 9, parts: { messages: 2, framing: 7 } }, with o200k_base registered
 * ```
 *
 * @param request the body, as an object or as its text
 * @param provider who answers, where the body and the model's name don't tell
 * @param model the model, where the body does not name it (Gemini, Azure)
 * @throws ValidationError for what is no request
 */
export function countRequestTokens(request: string | object, provider?: Provider, model?: string): RequestTokenCount {
  const body = typeof request === "string" ? request : toJson(request, "request");
  offerVocabularies();
  return JSON.parse(run((core) => core.countRequest(body, provider, model))) as RequestTokenCount;
}

const OPTIONS = ["apiKey", "baseURL", "fetch", "headers", "signal", "timeout"];

/** What the endpoint takes of a request; others it refuses. <https://docs.anthropic.com/en/api/messages-count-tokens> */
const COUNTED = ["model", "messages", "system", "tools", "tool_choice", "thinking", "mcp_servers", "output_config", "output_format", "context_management"];

/**
 * How many input tokens a request to Anthropic has, as Anthropic's own endpoint counts them: free of charge, and what there is instead of
 * a public vocabulary. The request goes out to it, without what does not count (`max_tokens`, `stream`).
 *
 * It is nearly exact; Anthropic says that a bill may differ by a small amount.
 *
 * ```ts
 * await countAnthropicTokens({ model: "claude-sonnet-4-5", messages, system, tools }, { apiKey });
 * // { tokens: 2095, exact: false, low: 2074, high: 2116, parts: {} }
 * ```
 *
 * @throws APIError and its kin where the endpoint refuses, NetworkError and TimeoutError where it can't be reached
 */
export async function countAnthropicTokens(request: Record<string, unknown>, options: CountEndpointOptions): Promise<RequestTokenCount> {
  checkKeys("the options of countAnthropicTokens", options, OPTIONS);
  const key = typeof options?.apiKey === "function" ? await options.apiKey() : options?.apiKey;
  if (typeof key !== "string" || !/^[\x21-\x7e]+$/.test(key)) {
    // The host's own error would repeat the key.
    throw new MissingApiKeyError({ message: "cannot count: expected apiKey to be a text of visible ASCII, found something else" });
  }
  if (request === null || typeof request !== "object" || !("messages" in request)) {
    throw new ValidationError({ code: "invalid_input", message: "cannot count: expected a request with messages, found something else" });
  }
  const body = toJson(Object.fromEntries(COUNTED.flatMap((name) => (request[name] === undefined ? [] : [[name, request[name]]]))), "request");
  const headers = new Headers(options.headers ?? undefined);
  headers.set("content-type", "application/json");
  headers.set("x-api-key", key);
  if (!headers.has("anthropic-version")) headers.set("anthropic-version", "2023-06-01");
  const url = `${(options.baseURL ?? "https://api.anthropic.com").replace(/\/+$/, "")}/v1/messages/count_tokens`;
  const timeout = options.timeout ?? 30_000;
  const limit = new AbortController();
  const give = (): void => limit.abort(options.signal?.reason);
  if (options.signal?.aborted) give();
  options.signal?.addEventListener("abort", give, { once: true });
  const timer = setTimeout(() => limit.abort(), timeout);
  try {
    const response = await (options.fetch ?? fetch)(url, { method: "POST", headers, body, signal: limit.signal });
    const text = await response.text();
    if (!response.ok) run((core) => core.throwResponse("anthropic", response.status, response.headers, text, Date.now()));
    const tokens = inputTokens(text);
    if (tokens === undefined) {
      throw new ProviderError({ code: "invalid_response", message: "cannot count: expected input_tokens to be a whole number, found something else", context: { provider: "anthropic" } });
    }
    const off = Math.ceil(tokens / 100);
    return { tokens, exact: false, low: tokens - off, high: tokens + off, parts: {} };
  } catch (error) {
    if (error instanceof ProviderError) throw error;
    // The caller's own reason, as everywhere.
    if (options.signal?.aborted) throw options.signal.reason;
    if (limit.signal.aborted) throw new TimeoutError({ message: `cannot wait longer: expected an answer within ${timeout} ms, found none`, context: { provider: "anthropic", timeout } });
    throw new NetworkError({ message: "cannot reach the provider", context: { provider: "anthropic" }, cause: error });
  } finally {
    clearTimeout(timer);
    options.signal?.removeEventListener("abort", give);
  }
}

function inputTokens(body: string): number | undefined {
  try {
    const { input_tokens: tokens } = JSON.parse(body) as { input_tokens?: unknown };
    return typeof tokens === "number" && Number.isSafeInteger(tokens) && tokens >= 0 ? tokens : undefined;
  } catch {
    return undefined;
  }
}
