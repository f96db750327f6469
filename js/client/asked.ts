/** What a request through a guarded `fetch` asks for: of whom, and what. */
import { run } from "../core.js";
import type { Provider } from "../types.js";
import type { GuardedFetchConfig } from "./fetch.js";
import { formOf, type Form } from "./form.js";
import type { Format, Target } from "./target.js";

/** The last URL that was asked for: a program's calls have few. */
let last: { url: string; route: string | undefined } | undefined;

function routeOf(url: string): string | undefined {
  if (last?.url !== url) last = { url, route: run((core) => core.routeOf(url)) };
  return last.route;
}

/** What a URL asks for; undefined for what no call is guarded by. */
export function targetOf(url: string, config: GuardedFetchConfig): Target | undefined {
  const text = routeOf(url);
  if (text === undefined) return undefined;
  const { provider, model, deployment, ...route } = JSON.parse(text) as Omit<Target, "provider" | "url"> & {
    provider?: Provider;
    deployment?: string;
  };
  const { deployments = {} } = config;
  const mapped = deployment !== undefined && Object.hasOwn(deployments, deployment) ? deployments[deployment] : undefined;
  const named = mapped ?? deployment ?? model;
  return {
    ...route,
    url,
    provider: provider ?? config.provider ?? MAKERS[route.format] ?? "openai",
    ...(named !== undefined && { model: named }),
    ...(mapped !== undefined && { mapped: true }),
    ...(deployment !== undefined && { metadata: { deployment } }),
  };
}

/** By Azure's v1 paths it is the body that names a deployment. */
export function deployedOf(target: Target, named: string | undefined, { deployments = {} }: GuardedFetchConfig): Target {
  if (target.model !== undefined || target.provider !== "azure-openai" || named === undefined || !Object.hasOwn(deployments, named)) return target;
  return { ...target, model: deployments[named]!, mapped: true, metadata: { deployment: named } };
}

/** Whose formats they are, where not OpenAI's. */
const MAKERS: Partial<Record<Target["format"], Provider>> = { messages: "anthropic", gemini: "google" };

/** What may be sent as a form. */
const FORMS: readonly Format[] = ["transcription", "images"];

/** What a request says. */
export interface Asked {
  /** To guard; absent for what passes untouched. */
  text?: string;
  /** Where it is a form: makes one of the text that is left. */
  form?: Form;
  /** What is sent in the place of a body that could only be read once. */
  sent?: BodyInit;
}

/**
 * What a request says, by what its body is and not by what it calls itself. What can't be read throws, as it would when it is sent.
 */
export async function askedOf(format: Format, request: Request | undefined, init: RequestInit | undefined, headers: Headers): Promise<Asked> {
  const given: unknown = init?.body;
  const hasForm = FORMS.includes(format);
  if (given instanceof FormData) return hasForm ? ofForm(given) : {};
  if (given instanceof URLSearchParams) return {};
  const isAbsent = given === undefined || given === null;
  // Off a copy of a request, so that what passes untouched can be sent.
  const read = isAbsent ? (request === undefined || request.body === null ? undefined : await request.clone().arrayBuffer()) : await readBody(given);
  if (read === undefined) return {};
  const type = headers.get("content-type") ?? "";
  // A form passes, unless it only says that it is one.
  const isForm = /^(multipart\/|application\/x-www-form-urlencoded)/i.test(type);
  const text = typeof read === "string" ? read : isForm && hasForm ? "" : await new Response(read).text();
  if (!isForm || /^\s*[[{]/.test(text)) return { text };
  const form = hasForm ? await new Response(read, { headers: { "content-type": type } }).formData().catch(() => undefined) : undefined;
  const sent = isAbsent && form === undefined ? {} : { sent: read };
  return form === undefined ? sent : { ...(await ofForm(form)), ...sent };
}

async function ofForm(given: FormData): Promise<Asked> {
  const form = await formOf(given);
  return { text: form.text, form };
}

async function readBody(body: unknown): Promise<string | ArrayBuffer> {
  if (typeof body === "string") return body;
  if (body instanceof ArrayBuffer || ArrayBuffer.isView(body) || body instanceof Blob || body instanceof ReadableStream) {
    return new Response(body as BodyInit).arrayBuffer();
  }
  // Whatever else it is: a host sends it as a text.
  if ((body as Partial<AsyncIterable<BlobPart>>)[Symbol.asyncIterator] === undefined) return String(body);
  const parts: BlobPart[] = [];
  for await (const piece of body as AsyncIterable<BlobPart>) parts.push(piece);
  return new Blob(parts).arrayBuffer();
}

/** The model that a body names, for who chooses the context by it. */
export function modelOf(text: string): string | undefined {
  try {
    const { model } = JSON.parse(text) as { model?: unknown };
    return typeof model === "string" ? model : undefined;
  } catch {
    // The core says what is wrong with it.
    return undefined;
  }
}

