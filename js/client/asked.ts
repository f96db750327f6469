/** What a request through a guarded `fetch` asks for: of whom, and what. */
import { run } from "../core.js";
import type { Provider } from "../types.js";
import type { GuardedFetchConfig } from "./fetch.js";
import { copyOf, readBody } from "./body.js";
import type { Deadline } from "./deadline.js";
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
  /** Why not all of it is known: it may go on only where nothing guards it. */
  unread?: string;
}

/**
 * What a request says, by what its body is and not by what it calls itself. What breaks while it is read throws, as it would when it
 * is sent; a reading that was given up is cut at its source.
 */
export async function askedOf(format: Format, request: Request | undefined, init: RequestInit | undefined, headers: Headers, deadline: Deadline): Promise<Asked> {
  const given: unknown = init?.body;
  const hasForm = FORMS.includes(format);
  if (isFormData(given)) return hasForm ? ofForm(format, given) : {};
  const isFields = given instanceof URLSearchParams;
  if (isFields && !hasForm) return {};
  const isAbsent = given === undefined || given === null;
  // Off a copy of a request, so that what passes untouched can be sent.
  const body = isAbsent ? copyOf(request) : isFields ? String(given) : given;
  if (body === undefined) return {};
  const { read, unread, rest } = await readBody(body, deadline);
  if (read === undefined) {
    // Of a request it was a copy that was read.
    if (isAbsent) void rest?.cancel().catch(() => undefined);
    return { unread: unread!, ...(!isAbsent && rest !== undefined && { sent: rest }) };
  }
  const type = isFields ? FIELDS : headers.get("content-type") ?? "";
  // A form passes, unless it only says that it is one.
  if (!/^(multipart\/|application\/x-www-form-urlencoded)/i.test(type) || isJson(read)) {
    return { text: typeof read === "string" ? read : await new Response(read).text() };
  }
  const sent = isAbsent ? {} : { sent: isFields ? given : read };
  if (!hasForm) return sent;
  const form = await new Response(read, { headers: { "content-type": type } }).formData().catch(() => undefined);
  if (form === undefined) return { unread: "a form", ...sent };
  return { ...(await ofForm(format, form)), sent: isFields ? given : read };
}

const FIELDS = "application/x-www-form-urlencoded";

async function ofForm(format: Format, given: FormData): Promise<Asked> {
  // A variation of a picture has no prompt, and costs what any picture does.
  const form = await formOf(given, format === "images" ? { prompt: "" } : {});
  return { text: form.text, form, ...(form.unread !== undefined && { unread: form.unread }) };
}

/** Whether it is a form, of whatever class or realm. */
function isFormData(body: unknown): body is FormData {
  if (body instanceof FormData) return true;
  const { entries, append } = (body ?? {}) as Partial<FormData>;
  return Object.prototype.toString.call(body) === "[object FormData]" && typeof entries === "function" && typeof append === "function";
}

/** Whether the first of it that is not blank begins JSON, in whatever encoding. */
function isJson(read: string | ArrayBuffer): boolean {
  if (typeof read === "string") return /^[\s\0]*[[{]/.test(read);
  // Marks of the order of bytes are blank, too.
  const isBlank = (byte: number): boolean => byte <= 0x20 || [0xef, 0xbb, 0xbf, 0xfe, 0xff].includes(byte);
  const first = new Uint8Array(read).find((byte) => !isBlank(byte));
  return first === 0x5b || first === 0x7b;
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
