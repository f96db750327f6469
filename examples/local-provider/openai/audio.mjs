// @ts-check
/**
 * OpenAI's speech and transcriptions. What is spoken is silence, a frame of it for each token; what is heard is how long the
 * recording is, at 16 kB a second.
 *
 * @module
 */

import { piecesOf } from "../answer.mjs";
import { bytesBody } from "../body.mjs";
import { badParameter, Refusal } from "../failures.mjs";
import { streamOf, wholeOf } from "../reply.mjs";
import { countTokens } from "../tokens.mjs";
import { checkChoice, checkModel, checkPresent, names, parse } from "./checks.mjs";

/** @typedef {import("../reply.mjs").Call} Call */

const KNOWN_TO_SPEECH = names("input instructions model response_format speed stream_format voice");
const KNOWN_TO_TRANSCRIPTION = names("chunking_strategy file include known_speaker_names known_speaker_references language model prompt response_format stream temperature timestamp_granularities");

const BYTES_PER_SECOND = 16_000;
const TOKENS_PER_SECOND = 10;

/** A frame of an MP3, 26 ms of silence: its header, and nothing. */
const FRAME = Uint8Array.from({ length: 417 }, (_, at) => [0xff, 0xfb, 0x90, 0x64][at] ?? 0);

/** @param {Call} call */
export function speech(call) {
  const request = parse(call.text, KNOWN_TO_SPEECH);
  const model = checkModel(request.model, "speech", call);
  for (const name of ["input", "voice"]) checkPresent(request, name);
  if (request.input.length > 4096) throw badParameter("input", "string_above_max_length", `Invalid 'input': string too long. Expected a string with maximum length 4096, but got a string with length ${request.input.length} instead.`);
  checkChoice(request, "response_format", ["mp3", "opus", "aac", "flac", "wav", "pcm"]);
  checkChoice(request, "stream_format", ["sse", "audio"]);
  if (request.response_format != null && request.response_format !== "mp3") {
    throw badParameter("response_format", "unsupported_parameter", `Unsupported parameter: speech as '${request.response_format}' is not simulated by the local provider.`);
  }
  const input = countTokens(request.input);
  const frames = Array.from({ length: input }, () => FRAME);
  const { step } = call;
  if (request.stream_format !== "sse") return { body: bytesBody("audio/mpeg", frames, step), status: step.status ?? 200 };
  if (model.startsWith("tts-1")) throw badParameter("stream_format", "unsupported_parameter", "Unsupported parameter: 'stream_format' is not supported with this model.");
  const usage = { input_tokens: input, output_tokens: input, total_tokens: 2 * input, ...step.usage };
  const audio = btoa(String.fromCharCode(...FRAME));
  return streamOf([...frames.map(() => ({ type: "speech.audio.delta", audio })), { type: "speech.audio.done", ...(step.noUsage ? {} : { usage }) }], call, {});
}

/** @param {Call} call */
export async function transcriptions(call) {
  const { file, request } = await readForm(call);
  const model = checkModel(request.model, "transcriptions", call);
  checkChoice(request, "response_format", ["json", "text", "srt", "verbose_json", "vtt", "diarized_json"]);
  const format = request.response_format ?? "json";
  if (format !== "json" && format !== "text") throw badParameter("response_format", "unsupported_parameter", `Unsupported parameter: a transcription as '${format}' is not simulated by the local provider.`);
  const { step } = call;
  const seconds = Math.ceil(file.size / BYTES_PER_SECOND);
  const text = String([step.text ?? `Somebody spoke for ${seconds} seconds.`].flat()[0]);
  const heard = { text_tokens: countTokens(request.prompt ?? ""), audio_tokens: seconds * TOKENS_PER_SECOND };
  const input = heard.text_tokens + heard.audio_tokens;
  const output = countTokens(text);
  // The older model is paid by the second.
  const billed = model === "whisper-1" ? { type: "duration", seconds } : { type: "tokens", total_tokens: input + output, input_tokens: input, input_token_details: heard, output_tokens: output };
  const usage = step.noUsage ? {} : { usage: { ...billed, ...step.usage } };
  // The older model takes no notice of it.
  if (request.stream === "true" && model !== "whisper-1") {
    return streamOf([...piecesOf(text, step).map((delta) => ({ type: "transcript.text.delta", delta })), { type: "transcript.text.done", text, ...usage }], call, { done: true });
  }
  if (format === "text") return { body: bytesBody("text/plain; charset=utf-8", [new TextEncoder().encode(`${text}\n`)], step), status: step.status ?? 200 };
  return wholeOf({ text, ...usage }, call);
}

/** @param {Call} call @returns {Promise<{ file: Blob, request: Record<string, any> }>} */
async function readForm({ bytes, headers }) {
  let form;
  try {
    form = await new Response(bytes, { headers: { "content-type": headers.get("content-type") ?? "" } }).formData();
  } catch {
    throw new Refusal(400, { message: "Could not parse multipart form" });
  }
  /** @type {Record<string, any>} */
  const request = {};
  for (const [key, value] of form) {
    const name = key.replace(/\[\]$/, "");
    if (!KNOWN_TO_TRANSCRIPTION.has(name)) throw badParameter(name, "unknown_parameter", `Unknown parameter: '${name}'.`);
    request[name] = value;
  }
  checkPresent(request, "file");
  const { file, ...fields } = request;
  if (typeof file === "string") throw badParameter("file", "invalid_type", "Invalid type for 'file': expected a file, but got a string instead.");
  return { file, request: fields };
}
