// @ts-check
/**
 * Which endpoint a path is, and whose.
 *
 * @module
 */

import { ANTHROPIC } from "./anthropic/api.mjs";
import { countTokens, messages } from "./anthropic/messages.mjs";
import { AZURE } from "./azure/api.mjs";
import { GEMINI_AS_OPENAI } from "./compatible/gemini.mjs";
import { OPENROUTER } from "./compatible/openrouter.mjs";
import { GEMINI } from "./gemini/api.mjs";
import { countContent, generateContent, streamGenerateContent } from "./gemini/generate.mjs";
import { OPENAI } from "./openai/api.mjs";
import { speech, transcriptions } from "./openai/audio.mjs";
import { chat } from "./openai/chat.mjs";
import { completions } from "./openai/completions.mjs";
import { embeddings } from "./openai/embeddings.mjs";
import { images } from "./openai/images.mjs";
import { moderations } from "./openai/moderations.mjs";
import { responses } from "./openai/responses.mjs";

/**
 * @typedef {import("./reply.mjs").Api} Api
 * @typedef {import("./reply.mjs").Call} Call
 * @typedef {import("./reply.mjs").Reply} Reply
 * @typedef {(call: Call) => Reply | Promise<Reply>} Endpoint
 */

/** What follows `/v1/`, or a deployment of Azure's. @type {Record<string, Endpoint>} */
const OF_OPENAI = {
  "chat/completions": chat,
  responses,
  completions,
  embeddings,
  "images/generations": images,
  "audio/speech": speech,
  "audio/transcriptions": transcriptions,
  moderations,
};

/** What follows `/v1/messages`. @type {Record<string, Endpoint>} */
const OF_ANTHROPIC = { "": messages, "/count_tokens": countTokens };

/** What follows a model of Google's, and a colon. @type {Record<string, Endpoint>} */
const OF_GEMINI = { generateContent, streamGenerateContent, countTokens: countContent };

/**
 * @param {string} path
 * @returns {{ api: Api, endpoint?: Endpoint | undefined, model?: string }} an unknown path still is somebody's, for the shape of the error
 */
export function routeOf(path) {
  const message = /^\/v1\/messages(.*)$/.exec(path);
  if (message) return { api: ANTHROPIC, endpoint: own(OF_ANTHROPIC, message[1]) };
  const deployment = /^\/openai\/deployments\/([^/]+)\/(.+)$/.exec(path);
  if (deployment) return { api: AZURE, endpoint: own(OF_OPENAI, deployment[2]), model: decoded(deployment[1] ?? "") };
  if (path.startsWith("/openai/")) return { api: AZURE, endpoint: own(OF_OPENAI, /^\/openai\/(?:v1\/(.+)|(responses))$/.exec(path)?.slice(1).find(Boolean)) };
  const content = /^\/v1(?:beta|alpha)?\/models\/([^/:]+):(\w+)$/.exec(path);
  if (content) return { api: GEMINI, endpoint: own(OF_GEMINI, content[2]), model: decoded(content[1] ?? "") };
  if (path.startsWith("/v1beta/openai/")) return { api: GEMINI_AS_OPENAI, endpoint: path === "/v1beta/openai/chat/completions" ? chat : undefined };
  if (path.startsWith("/api/v1/")) return { api: OPENROUTER, endpoint: path === "/api/v1/chat/completions" ? chat : undefined };
  if (/^\/v1(?:beta|alpha)\//.test(path)) return { api: GEMINI };
  return { api: OPENAI, endpoint: own(OF_OPENAI, /^\/v1\/(.+)$/.exec(path)?.[1]) };
}

/** @param {Record<string, Endpoint>} endpoints @param {string | undefined} name */
function own(endpoints, name) {
  return name !== undefined && Object.hasOwn(endpoints, name) ? endpoints[name] : undefined;
}

/** @param {string} text */
function decoded(text) {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}
