// What a guarded call adds to the official SDK, beside two gateways that are processes of their own: Portkey's and LiteLLM's proxy.
// All go to the same simulator over loopback, in turns. Guardrails, a budget that blocks and the record are on; the prompt has 1 kB.
//
//     npm run bench:clients
//
// LiteLLM's proxy is installed into .cache/bench/litellm the first time (python3, pip); where that fails it is left out, by name.
import { spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { cpus } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { createRequire } from "node:module";
import { BudgetManager, GuardedOpenAI, GuardrailEngine, InMemoryCostStorage, PIIDetectionGuardrail, PromptInjectionGuardrail, SecretDetectionGuardrail, createGuardedFetch } from "../dist/index.js";
import { ROOT } from "../scripts/lib/run.mjs";
import { median } from "./measure.mjs";

const OpenAI = (await import(createRequire(join(ROOT, "package.json")).resolve("openai"))).default;
// The newest whose own dependencies could be had.
const LITELLM = "1.98.1";
const SENTENCE = "The harbour froze in the winter of 1709, and the ships lay still until the thaw came late in March. ";
const PROMPT = SENTENCE.repeat(11).slice(0, 1024);
const body = { model: "gpt-4o-mini", max_completion_tokens: 256, messages: [{ role: "user", content: PROMPT }] };
const say = { "x-simulator-text": SENTENCE.repeat(11).slice(0, 1024) };
const [ROUNDS, WARM_UP, DELAYED] = (process.argv[2] === "--short" ? [60, 20, 10] : [400, 100, 40]);

const quantile = (values, q) => [...values].sort((a, b) => a - b)[Math.min(values.length - 1, Math.floor(q * values.length))];
const freePort = () => new Promise((resolve) => { const server = createServer().listen(0, "127.0.0.1", () => { const { port } = server.address(); server.close(() => resolve(port)); }); });
const running = [];

/** Everything that is on. */
function everything() {
  const guardrailEngine = new GuardrailEngine();
  for (const guardrail of [new PIIDetectionGuardrail(), new PromptInjectionGuardrail(), new SecretDetectionGuardrail()]) guardrailEngine.registerGuardrail(guardrail);
  const costStorage = new InMemoryCostStorage();
  const budgetManager = new BudgetManager(costStorage);
  budgetManager.createBudget({ name: "bench", limit: 1000, period: "monthly", action: "block" });
  return { guardrailEngine, costStorage, budgetManager };
}

async function started(command, args, env, url, name) {
  const child = spawn(command, args, { stdio: "ignore", env: { ...process.env, ...env } });
  running.push(child);
  for (let tries = 0; tries < 300; tries += 1) {
    if (child.exitCode !== null) throw new Error(`${name} ended with ${child.exitCode}`);
    if (await fetch(url).then((response) => response.status < 500, () => false)) return child;
    await new Promise((resolve) => setTimeout(resolve, 200));
  }
  throw new Error(`${name} did not answer within a minute`);
}

async function simulator() {
  const child = spawn(process.execPath, [join(ROOT, "examples/local-provider/serve.mjs")], { stdio: ["ignore", "pipe", "inherit"] });
  running.push(child);
  const [url] = await once(createInterface({ input: child.stdout }), "line");
  return url;
}

async function portkey() {
  const port = await freePort();
  const entry = join(ROOT, "bench/node_modules/@portkey-ai/gateway/build/start-server.js");
  const child = await started(process.execPath, [entry, "--headless", `--port=${port}`], { TRUSTED_CUSTOM_HOSTS: "127.0.0.1,localhost" }, `http://127.0.0.1:${port}/`, "Portkey's gateway");
  return { child, url: `http://127.0.0.1:${port}/v1` };
}

async function litellm(url) {
  const home = join(ROOT, ".cache/bench/litellm");
  const program = join(home, "bin/litellm");
  if (!existsSync(program)) {
    mkdirSync(join(ROOT, ".cache/bench"), { recursive: true });
    for (const [command, ...args] of [["python3", "-m", "venv", home], [join(home, "bin/pip"), "install", "-q", `litellm[proxy]==${LITELLM}`]]) {
      if (spawnSync(command, args, { stdio: "inherit" }).status !== 0) throw new Error(`${command} failed`);
    }
  }
  const config = join(ROOT, ".cache/bench/litellm.yaml");
  writeFileSync(config, `model_list:\n  - model_name: ${body.model}\n    litellm_params:\n      model: openai/${body.model}\n      api_base: ${url}/v1\n      api_key: sk-local\ngeneral_settings:\n  forward_client_headers_to_llm_api: true\n`);
  const port = await freePort();
  const child = await started(program, ["--config", config, "--port", String(port), "--host", "127.0.0.1", "--num_workers", "1"], { LITELLM_LOG: "ERROR", PATH: `${join(home, "bin")}:${process.env.PATH}` }, `http://127.0.0.1:${port}/health/liveliness`, "LiteLLM's proxy");
  return { child, url: `http://127.0.0.1:${port}/v1` };
}

/** Processor time of a process and its threads, in microseconds. */
function cpuOf(child) {
  if (child === undefined) return 0;
  try {
    const fields = readFileSync(`/proc/${child.pid}/stat`, "utf8").split(") ")[1].split(" ");
    return (Number(fields[11]) + Number(fields[12])) * 10_000;
  } catch {
    return Number.NaN;
  }
}

try {
  const url = await simulator();
  const apiKey = "sk-local";
  const sdk = (options) => new OpenAI({ apiKey, baseURL: `${url}/v1`, maxRetries: 0, ...options });
  const contestants = { "bare SDK": { client: sdk({}) } };
  contestants["SDK on the guarded fetch"] = { client: sdk({ fetch: createGuardedFetch(everything()) }) };
  contestants["GuardedOpenAI"] = { client: new GuardedOpenAI({ apiKey, baseURL: `${url}/v1`, maxRetries: 0, ...everything() }) };
  for (const [name, make] of [
    ["Portkey's gateway", async () => {
      const { child, url: at } = await portkey();
      return { child, client: sdk({ baseURL: at, defaultHeaders: { "x-portkey-provider": "openai", "x-portkey-custom-host": `${url}/v1`, "x-portkey-forward-headers": Object.keys(say).concat("x-simulator-head-delay").join(",") } }) };
    }],
    [`LiteLLM's proxy`, async () => {
      const { child, url: at } = await litellm(url);
      return { child, client: sdk({ baseURL: at }) };
    }],
  ]) {
    try {
      const made = await make();
      await made.client.chat.completions.create(body, { headers: say });
      contestants[name] = made;
    } catch (error) {
      console.log(`left out: ${name} (${error.message.slice(0, 200)})`);
    }
  }

  const names = Object.keys(contestants);
  console.log(`node ${process.version}, ${cpus()[0].model}, ${cpus().length} processors; ${ROUNDS} rounds of each in turns, prompt and answer of 1 kB\n`);
  const times = Object.fromEntries(names.map((name) => [name, { plain: [], first: [], delayed: [], cpu: [] }]));
  const plain = (name, headers = say) => contestants[name].client.chat.completions.create(body, { headers });
  const first = async (name) => {
    const begun = performance.now();
    const stream = await contestants[name].client.chat.completions.create({ ...body, stream: true }, { headers: say });
    let at;
    for await (const _ of stream) at ??= performance.now() - begun;
    return at;
  };
  const timed = async (act) => {
    const begun = performance.now();
    await act();
    return performance.now() - begun;
  };

  for (const name of names) {
    await first(name).catch((error) => {
      console.log(`left out: streams of ${name} (${error.message.slice(0, 200)})`);
      contestants[name].streams = false;
    });
  }
  for (let round = 0; round < WARM_UP + ROUNDS; round += 1) {
    for (let turn = 0; turn < names.length; turn += 1) {
      const name = names[(turn + round) % names.length];
      const took = await timed(() => plain(name));
      const began = contestants[name].streams === false ? Number.NaN : await first(name);
      if (round >= WARM_UP) {
        times[name].plain.push(took);
        times[name].first.push(began);
      }
    }
  }
  // Processor time in batches: of this process, and of the gateway where there is one.
  for (let batch = 0; batch < 10; batch += 1) {
    for (const name of names) {
      const { child } = contestants[name];
      const before = [process.cpuUsage(), cpuOf(child)];
      const calls = Math.max(10, Math.floor(ROUNDS / 10));
      for (let call = 0; call < calls; call += 1) await plain(name);
      const { user, system } = process.cpuUsage(before[0]);
      times[name].cpu.push((user + system + cpuOf(child) - before[1]) / calls);
    }
  }
  for (let round = 0; round < DELAYED; round += 1) {
    for (const name of names) times[name].delayed.push(await timed(() => plain(name, { ...say, "x-simulator-head-delay": "50" })));
  }

  const [bare] = names;
  const us = (ms) => (Number.isNaN(ms) ? "-" : `${Math.round(ms * 1000)}`).padStart(9);
  const added = (name, kind) => median(times[name][kind].map((value, at) => value - times[bare][kind][at]));
  console.log("microseconds             a call,    added    first byte,             processor    added    at a provider of 50 ms");
  console.log("                          median               median      p99       a call                median    added");
  for (const name of names) {
    const { plain: calls, first: firsts, cpu, delayed } = times[name];
    const cells = [us(median(calls)), us(added(name, "plain")), us(median(firsts)), us(quantile(firsts, 0.99)), `${Math.round(median(cpu))}`.padStart(12), `${Math.round(median(cpu) - median(times[bare].cpu))}`.padStart(8), us(median(delayed)), `${(100 * (median(delayed) / median(times[bare].delayed) - 1)).toFixed(1)} %`.padStart(8)];
    console.log(`${name.padEnd(24)}${cells.join("")}`);
  }
  for (const name of names.slice(1).filter((name) => contestants[name].streams !== false)) {
    const p99 = quantile(times[name].first, 0.99) - quantile(times[bare].first, 0.99);
    console.log(`added to the first byte at p99, ${name}: ${p99.toFixed(2)} ms`);
  }
} finally {
  for (const child of running) child.kill();
}

console.log("\nstreams through the guarded fetch, without a network");
const event = (content) => `data: ${JSON.stringify({ id: "chatcmpl-1", object: "chat.completion.chunk", created: 1, model: "gpt-4o-mini", choices: [{ index: 0, delta: { content }, logprobs: null, finish_reason: null }] })}\n\n`;
const END = `data: ${JSON.stringify({ id: "chatcmpl-1", object: "chat.completion.chunk", created: 1, model: "gpt-4o-mini", choices: [{ index: 0, delta: {}, finish_reason: "stop" }] })}\n\ndata: [DONE]\n\n`;
const words = SENTENCE.split(/(?<= )/);
const events = Array.from({ length: 20_000 }, (_, at) => event(words[at % words.length]));
const whole = new TextEncoder().encode(events.join("") + END);
const cut = (size) => Array.from({ length: Math.ceil(whole.length / size) }, (_, at) => whole.subarray(at * size, (at + 1) * size));
const single = [...events.map((text) => new TextEncoder().encode(text)), new TextEncoder().encode(END)];
const streamOf = (chunks) => () => {
  let at = 0;
  return new Response(new ReadableStream({ pull: (out) => (at < chunks.length ? out.enqueue(chunks[at++]) : out.close()) }, { highWaterMark: 0 }), { headers: { "content-type": "text/event-stream" } });
};
const drain = async (fetch) => {
  const response = await fetch("https://api.openai.com/v1/chat/completions", { method: "POST", headers: { "content-type": "application/json" }, body: JSON.stringify({ ...body, stream: true, stream_options: { include_usage: true } }) });
  const reader = response.body.getReader();
  let bytes = 0;
  for (;;) {
    const { value, done } = await reader.read();
    if (done) break;
    bytes += value.length;
  }
  if (bytes !== whole.length) throw new Error(`expected ${whole.length} bytes, found ${bytes}`);
};
const large = { ...everything() };
const kinds = { plain: (make) => async () => make(), metered: (make) => createGuardedFetch({ fetch: async () => make() }), "all guards": (make) => createGuardedFetch({ fetch: async () => make(), guardrailEngine: large.guardrailEngine }) };
for (const [title, chunks] of [["16 KiB pieces", cut(16 * 1024)], ["a piece for each event", single]]) {
  const took = Object.fromEntries(Object.keys(kinds).map((name) => [name, []]));
  const used = Object.fromEntries(Object.keys(kinds).map((name) => [name, []]));
  for (let round = 0; round < 7; round += 1) {
    for (const [name, kind] of Object.entries(kinds)) {
      const [begun, before] = [performance.now(), process.cpuUsage()];
      await drain(kind(streamOf(chunks)));
      took[name].push(performance.now() - begun);
      const { user, system } = process.cpuUsage(before);
      used[name].push(user + system);
    }
  }
  for (const name of Object.keys(kinds)) {
    const ms = median(took[name]);
    const over = name === "plain" ? "" : `, ${(((ms - median(took.plain)) * 1000) / events.length).toFixed(2)} us added to each event`;
    // The least of all rounds: what else the machine had to do shows in all others.
    const least = Math.min(...used[name]);
    const alone = name === "plain" ? "" : `, ${((least - Math.min(...used.plain)) / events.length).toFixed(2)} us to each event`;
    console.log(`${title}, ${name}: ${(whole.length / 1000 / ms).toFixed(1)} MB/s${over}; of processor time at least ${(whole.length / least).toFixed(1)} MB/s${alone}`);
  }
}
