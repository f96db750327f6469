// Random requests, and for each a usage that its provider may report by the rules of the wire: output up to the cap for each
// choice, input as counted and framed, split over caches, served by any tier that it may be served by.

/** A counter for texts that repeat: a big prompt is one word, many times. */
const WORD = " hello";

const SCRAPS = [
  "The quick brown fox jumps over the lazy dog, and then reconsiders its options in the light of new evidence. ",
  "def main(argv: list[str]) -> int:\n    for index, arg in enumerate(argv):\n        print(f\"{index}: {arg!r}\")\n    return 0\n",
  "{\"id\": 1234567, \"name\": \"Ünïcödé\", \"tags\": [\"a\", \"b\"], \"nested\": {\"deep\": [1, 2.5e-7, null, true]}}\n",
  "我们在这里讨论如何计算一个请求的上限费用，而不是估计。",
  "Το ανώτατο όριο δεν είναι εκτίμηση. ",
  "حد أعلى لتكلفة الطلب، وليس تقديراً لها. ",
  "🙂👩‍👩‍👧‍👦🏳️‍🌈🔥💸 ",
  "\t\n\r\n  \\\"\\\" </script> \u0000\u0001 ",
  "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa",
  "1234567890 3.14159265358979 0xDEADBEEF 550e8400-e29b-41d4-a716-446655440000 ",
  "ትርጉም በሌለው ጽሑፍ ",
  "zażółć gęślą jaźń ŻÓŁW ",
];

/** A text of any kind. */
function text(random, most = 4_000) {
  const wanted = Math.floor(Math.exp(random.next() * Math.log(most)));
  let out = "";
  while (out.length < wanted) {
    if (random.chance(0.1)) out += String.fromCodePoint(random.pick([random.int(32, 126), random.int(0xa0, 0xd7ff), random.int(0x1f300, 0x1faff)]));
    else {
      const scrap = random.pick(SCRAPS);
      out += scrap.slice(0, random.int(1, scrap.length));
    }
  }
  return out;
}

/** What each family was measured to add, at its most: see docs/prices.md. */
const FRAMES = { message: 4, reply: 6, tools: 549, tool: 71, description: 5, property: 13, propertyDescription: 5, item: 9 };

function schema(random) {
  const names = Array.from({ length: random.int(0, 6) }, (_, index) => `${random.pick(["a", "city", "größe", "x"])}${index}`);
  const properties = Object.fromEntries(
    names.map((name) => [
      name,
      random.pick([{}, { type: "string" }, { type: "string", description: text(random, 80) }, { type: "string", enum: ["a", "bb", "ccc"].slice(0, random.int(1, 3)) }]),
    ]),
  );
  return { type: "object", ...(names.length > 0 ? { properties, required: names.slice(0, 1) } : {}) };
}

function tool(random, index) {
  return { name: `tool_${index}`, ...(random.chance(0.7) ? { description: text(random, 200) } : {}), parameters: schema(random) };
}

/** Tokens of tools: their JSON, and what was measured beside it. */
function toolTokens(tools, count) {
  let sum = tools.length > 0 ? FRAMES.tools : 0;
  for (const { name, description, parameters } of tools) {
    sum += FRAMES.tool + count(name) + (description === undefined ? 0 : count(description) + FRAMES.description);
    for (const [key, property] of Object.entries(parameters.properties ?? {})) {
      sum += FRAMES.property + count(key) + count(property.type ?? "");
      if (property.description !== undefined) sum += FRAMES.propertyDescription + count(property.description);
      for (const item of property.enum ?? []) sum += FRAMES.item + count(item);
    }
  }
  return sum;
}

/** Tokens of an image of a random size, by the provider's formula. */
function imageTokens(random, model) {
  let [w, h] = [random.int(1, 5_000), random.int(1, 5_000)];
  const fit = (side) => {
    const scale = Math.min(1, side / Math.max(w, h));
    [w, h] = [w * scale, h * scale];
  };
  if (model.provider === "anthropic") {
    fit(1_568);
    return Math.max(Math.ceil(w / 28) * Math.ceil(h / 28), Math.ceil((w * h) / 750));
  }
  if (model.provider === "google") return 258 * Math.min(16, Math.ceil(w / 768) * Math.ceil(h / 768));
  if (model.provider === "xai") return 256 * random.int(1, 7);
  if (/gpt-4o-mini/.test(model.id)) return 2_833 + 5_667 * random.int(1, 8);
  if (/mini|nano/.test(model.id)) return Math.ceil(Math.min(1_536, Math.ceil(w / 32) * Math.ceil(h / 32)) * 2.46);
  fit(2_048);
  const scale = Math.min(1, 768 / Math.min(w, h));
  return 85 + 170 * Math.ceil((w * scale) / 512) * Math.ceil((h * scale) / 512);
}

const SMALL_PNG = `data:image/png;base64,${"iVBORw0KGgo".repeat(3)}`;

/**
 * One case. `model` is `{ id, key, provider, mode, maxOutput?, window?, thresholds, has(name) }`; `count` counts a text's tokens.
 * Gives `{ feature, request, options, usage, served, theirs }`: `usage` in our words, `theirs` the request as a gateway has it.
 */
export function oneCase(random, model, count) {
  if (model.mode === "embedding") return embedding(random, model, count);
  const features = [];
  const note = (feature) => features.push(feature);
  const shape = shapeOf(random, model);
  note(shape);

  // What is said.
  const messages = [];
  let input = FRAMES.reply;
  const system = random.chance(0.5) ? text(random, 1_500) : undefined;
  if (system !== undefined) input += count(system) + FRAMES.message;
  const big = model.thresholds.length > 0 && random.chance(0.01);
  for (let index = random.int(1, 5); index > 0; index -= 1) {
    const said = text(random);
    messages.push({ role: messages.length % 2 === 0 ? "user" : "assistant", text: said });
    input += count(said) + FRAMES.message;
  }
  if (big) {
    const words = random.pick(model.thresholds) + random.int(-2_000, 5_000);
    messages[0].text += WORD.repeat(words);
    input += words;
    note("long context");
  }
  let images = 0;
  if (model.has("supports_vision") && ["openai", "azure-openai", "anthropic", "google", "xai"].includes(model.provider) && shape !== "completions" && random.chance(0.2)) {
    images = random.int(1, 3);
    for (let index = 0; index < images; index += 1) input += imageTokens(random, model);
    note("images");
  }
  let audio = 0;
  if (model.has("input_cost_per_audio_token") && ["chat", "gemini"].includes(shape) && random.chance(0.4)) {
    const bytes = random.int(1_000, 60_000);
    messages[0].audio = "A".repeat(bytes);
    // Compressed as far as any encoder goes: 8 kbit a second.
    audio = Math.ceil(((bytes * 0.75) / 1_000) * (model.provider === "google" ? 32 : 10));
    input += audio;
    note("audio");
  }
  const tools = model.has("supports_function_calling") && shape !== "completions" && random.chance(0.3) ? Array.from({ length: random.int(1, 4) }, (_, index) => tool(random, index)) : [];
  if (tools.length > 0) {
    input += toolTokens(tools, count);
    note("tools");
  }

  // What comes out.
  const most = model.maxOutput;
  const cap = most === undefined || random.chance(0.85) ? random.count(Math.min(most ?? 8_192, 200_000) - 1) + 1 : undefined;
  if (cap === undefined) note("no cap");
  const n = shape !== "responses" && shape !== "messages" && random.chance(0.15) ? random.int(2, 5) : 1;
  if (n > 1) note("n");
  let passes = 1;
  let searches = 0;
  let most_uses;
  if (model.window !== undefined && model.has("search_context_cost_per_query") && ["messages", "responses"].includes(shape) && random.chance(0.3)) {
    most_uses = random.int(1, 5);
    passes = random.int(1, most_uses + 1);
    searches = random.int(0, most_uses);
    // Each pass reads what the last one found, up to the window.
    for (let pass = 1; pass < passes; pass += 1) input += random.int(0, model.window);
    note("searches");
  }
  // A completion has sixteen tokens where nothing else is said.
  const limit = (cap ?? (shape === "completions" ? 16 : most)) * n;
  const output = random.chance(0.5) ? limit : random.int(0, limit);

  // By which tier and where.
  const sells = (tier) => model.has(`input_cost_per_token_${tier}`);
  let asked;
  let served;
  if (["openai", "azure-openai"].includes(model.provider)) {
    asked = random.pick([undefined, undefined, "auto", "default", ...["flex", "priority"].filter(sells)]);
    const open = asked === undefined || asked === "auto";
    served = random.pick(["default", ...["flex", "priority"].filter((tier) => sells(tier) && (open || asked === tier))]);
  }
  if (served !== undefined && served !== "default") note(served);
  let geo;
  let residency;
  if (model.provider === "anthropic" && model.has("provider_specific_entry") && random.chance(0.3)) {
    geo = "us";
    note("region");
  }
  if (model.provider === "openai" && model.has("regional_processing_uplift_multiplier_eu") && random.chance(0.3)) {
    residency = "eu";
    note("region");
  }

  // Which of it came from a cache, or went there.
  const marks = shape === "messages" ? random.pick([undefined, undefined, "5m", "1h"]) : undefined;
  const share = { cached: 0, written: 0, written1h: 0 };
  let rest = input - audio;
  const take = (name) => {
    share[name] = random.chance(0.3) ? rest : random.int(0, rest);
    rest -= share[name];
  };
  const writes = model.provider === "anthropic" ? marks !== undefined : model.has("cache_creation_input_token_cost");
  if (writes && random.chance(0.6)) {
    if (model.has("cache_creation_input_token_cost_above_1hr") && (model.provider !== "anthropic" || marks === "1h") && random.chance(0.7)) take("written1h");
    if (random.chance(0.5)) take("written");
    note(share.written1h > 0 ? "1-hour write" : "write");
  }
  if (model.has("cache_read_input_token_cost") && random.chance(0.4)) take("cached");
  if (share.cached > 0) note("cached");
  const reasoning = model.has("supports_reasoning") && random.chance(0.5) ? random.int(0, output) : 0;
  if (reasoning > 0) note("reasoning");

  const request = body(shape, model, { messages, system, tools, images, cap, n, asked, geo: random.chance(0.5) ? geo : undefined, marks, most_uses });
  const theirs = shape === "gemini" ? body("chat", model, { messages: messages.map((one) => ({ ...one, audio: undefined })), system, tools, images, cap, n }) : { ...request };
  return {
    features,
    request,
    options: { provider: model.provider, model: model.id },
    input,
    usage: { prompt: input, cached: share.cached, written: share.written, written1h: share.written1h, audio, output, reasoning, searches },
    served,
    geo,
    residency,
    route: shape === "messages" ? "/v1/messages" : shape === "responses" ? "/v1/responses" : shape === "completions" ? "/v1/completions" : "/v1/chat/completions",
    theirs: { ...theirs, model: model.key },
  };
}

function embedding(random, model, count) {
  const inputs = Array.from({ length: random.int(1, 4) }, () => text(random));
  const input = inputs.reduce((sum, one) => sum + count(one) + 2, 0);
  const request = { model: model.id, input: inputs.length === 1 && random.chance(0.5) ? inputs[0] : inputs };
  return {
    features: ["embeddings"],
    request,
    options: { provider: model.provider },
    input,
    usage: { prompt: input, cached: 0, written: 0, written1h: 0, audio: 0, output: 0, reasoning: 0, searches: 0 },
    route: "/v1/embeddings",
    theirs: { ...request, model: model.key },
  };
}

function shapeOf(random, model) {
  if (model.provider === "anthropic") return "messages";
  if (model.provider === "google") return "gemini";
  if (model.mode === "completion") return "completions";
  if (model.mode === "responses") return "responses";
  return ["openai", "azure-openai"].includes(model.provider) && random.chance(0.4) ? "responses" : "chat";
}

const without = (object) => Object.fromEntries(Object.entries(object).filter(([, value]) => value !== undefined));

function body(shape, model, { messages, system, tools, images, cap, n, asked, geo, marks, most_uses }) {
  const nothing = (list) => (list.length > 0 ? list : undefined);
  const mark = marks === undefined ? undefined : { type: "ephemeral", ...(marks === "1h" ? { ttl: "1h" } : {}) };
  if (shape === "completions") return without({ model: model.id, prompt: messages.map(({ text }) => text).join("\n") + (system ?? ""), max_tokens: cap, n: n > 1 ? n : undefined });
  if (shape === "gemini") {
    const contents = messages.map((one, index) => ({
      role: one.role === "user" ? "user" : "model",
      parts: [
        { text: one.text },
        ...(one.audio === undefined ? [] : [{ inlineData: { mimeType: "audio/mp3", data: one.audio } }]),
        ...(index === 0 ? Array.from({ length: images }, () => ({ inlineData: { mimeType: "image/png", data: "iVBORw0KGgo" } })) : []),
      ],
    }));
    return without({
      contents,
      systemInstruction: system === undefined ? undefined : { parts: [{ text: system }] },
      tools: tools.length > 0 ? [{ functionDeclarations: tools }] : undefined,
      generationConfig: without({ maxOutputTokens: cap, candidateCount: n > 1 ? n : undefined }),
    });
  }
  if (shape === "messages") {
    return without({
      model: model.id,
      system: system === undefined ? undefined : [without({ type: "text", text: system, cache_control: mark })],
      messages: messages.map((one, index) => ({
        role: one.role,
        content: [
          without({ type: "text", text: one.text, cache_control: index === 0 ? mark : undefined }),
          ...(index === 0 ? Array.from({ length: images }, () => ({ type: "image", source: { type: "base64", media_type: "image/png", data: "iVBORw0KGgo" } })) : []),
        ],
      })),
      max_tokens: cap,
      inference_geo: geo,
      tools: nothing([
        ...tools.map(({ name, description, parameters }) => without({ name, description, input_schema: parameters })),
        ...(most_uses === undefined ? [] : [{ type: "web_search_20250305", name: "web_search", max_uses: most_uses }]),
      ]),
    });
  }
  if (shape === "responses") {
    return without({
      model: model.id,
      instructions: system,
      input: messages.map((one, index) => ({
        role: one.role,
        content: [
          { type: one.role === "user" ? "input_text" : "output_text", text: one.text },
          ...(index === 0 ? Array.from({ length: images }, () => ({ type: "input_image", image_url: SMALL_PNG })) : []),
        ],
      })),
      max_output_tokens: cap,
      service_tier: asked,
      max_tool_calls: most_uses,
      tools: nothing([...tools.map((one) => ({ type: "function", ...one })), ...(most_uses === undefined ? [] : [{ type: "web_search" }])]),
    });
  }
  const newer = ["openai", "azure-openai", "groq", "xai", "openrouter"].includes(model.provider);
  return without({
    model: model.id,
    messages: [
      ...(system === undefined ? [] : [{ role: "system", content: system }]),
      ...messages.map((one, index) => ({
        role: one.role,
        content:
          index === 0 && (images > 0 || one.audio !== undefined)
            ? [
                { type: "text", text: one.text },
                ...(one.audio === undefined ? [] : [{ type: "input_audio", input_audio: { data: one.audio, format: "mp3" } }]),
                ...Array.from({ length: images }, () => ({ type: "image_url", image_url: { url: SMALL_PNG } })),
              ]
            : one.text,
      })),
    ],
    ...(newer ? { max_completion_tokens: cap } : { max_tokens: cap }),
    n: n > 1 ? n : undefined,
    service_tier: asked,
    tools: nothing(tools.map((one) => ({ type: "function", function: one }))),
  });
}
