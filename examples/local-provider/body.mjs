// @ts-check
/**
 * An answer as the bytes on the wire, in the pieces in which they are sent, with whatever is to be wrong with them.
 *
 * @module
 */

/** @typedef {import("./controls.mjs").Step} Step */
/** @typedef {{ contentType: string, pieces: Uint8Array[] }} Body */

const HTML = "<!DOCTYPE html>\n<html><head><title>502 Bad Gateway</title></head><body><center><h1>502 Bad Gateway</h1></center></body></html>\n";

const LINE_ENDS = { lf: "\n", crlf: "\r\n", cr: "\r" };

const encoder = new TextEncoder();

/**
 * A body of one JSON value.
 *
 * @param {unknown} value
 * @param {Step} step
 * @returns {Body}
 */
export function jsonBody(value, step) {
  // Indented by two, as the API sends it.
  let text = JSON.stringify(value, null, 2) + "\n";
  if (step.malformed === "json") text = text.slice(0, Math.floor(text.length * 0.6));
  if (step.malformed === "sse") text = `data: ${JSON.stringify(value)}\n\n`;
  if (step.malformed === "shape") text = '{"unexpected":true}\n';
  return finish("application/json", [text], step);
}

/**
 * A body of server-sent events.
 *
 * @param {any[]} events
 * @param {Step} step
 * @param {{ done: boolean, named: boolean, comment?: string }} form whether `[DONE]` ends it, whether each event bears the
 *   name of its type, and the comment before the first
 * @returns {Body}
 */
export function eventBody(events, step, { done, named, comment }) {
  const end = LINE_ENDS[step.lineEnd ?? "lf"];
  const space = step.tight ? "" : " ";
  const frames = events.map((event, index) => {
    let text = JSON.stringify(event);
    let field = `data:${space}`;
    if (index === (step.malformedAt ?? 2)) {
      if (step.malformed === "json") text = text.slice(0, Math.floor(text.length / 2));
      if (step.malformed === "sse") field = "";
      if (step.malformed === "shape") text = '{"unexpected":true}';
    }
    const name = named ? `event:${space}${event.type}${end}` : "";
    return frame(name + field + text, index, step, end);
  });
  if (comment !== undefined) frames.unshift(`: ${comment}${end}${end}`);
  if (done) frames.push(frame(`data:${space}[DONE]`, frames.length, step, end));
  return finish("text/event-stream; charset=utf-8", frames, step);
}

/**
 * A body of one JSON list whose members are sent one by one, which is what Google's streams are unless events are asked for.
 *
 * @param {unknown[]} values
 * @param {Step} step
 * @returns {Body}
 */
export function arrayBody(values, step) {
  const texts = values.map((value, index) => {
    let text = JSON.stringify(value, null, 2);
    if (index === (step.malformedAt ?? 2)) {
      if (step.malformed === "json") text = text.slice(0, Math.floor(text.length / 2));
      if (step.malformed === "sse") text = `data: ${text}`;
      if (step.malformed === "shape") text = '{"unexpected":true}';
    }
    return (index === 0 ? "[" : ",\r\n") + text;
  });
  texts.push(values.length === 0 ? "[]\n" : "]\n");
  return finish("application/json; charset=UTF-8", texts, step);
}

/** @param {string} lines @param {number} index @param {Step} step @param {string} end */
function frame(lines, index, step, end) {
  const comment = step.comments && index % step.comments === 0 ? `: keep-alive${end}${end}` : "";
  return `${comment}${lines}${end}${end}`;
}

/** @param {string} contentType @param {string[]} texts @param {Step} step */
function finish(contentType, texts, step) {
  return bytesBody(contentType, texts.map((text) => encoder.encode(text)), step);
}

/**
 * A body of any bytes.
 *
 * @param {string} contentType
 * @param {Uint8Array[]} pieces
 * @param {Step} step
 * @returns {Body}
 */
export function bytesBody(contentType, pieces, step) {
  if (step.malformed === "empty") pieces = [];
  if (step.malformed === "html") {
    pieces = [encoder.encode(HTML)];
    contentType = "text/html; charset=utf-8";
  }
  return { contentType: step.contentType ?? contentType, pieces: step.pieceSize ? recut(pieces, step.pieceSize) : pieces };
}

/**
 * A body as it is when a client takes it packed. What is packed is cut anywhere, for an event has no end in it.
 *
 * @param {Uint8Array[]} pieces
 * @param {"gzip" | "deflate"} encoding
 * @param {number} [size]
 */
export async function packed(pieces, encoding, size = 256) {
  const whole = new Blob(pieces.map((piece) => Uint8Array.from(piece))).stream().pipeThrough(new CompressionStream(encoding));
  return recut([new Uint8Array(await new Response(whole).arrayBuffer())], size);
}

/** Cuts anywhere: within a line end, an escape, a character of several bytes. @param {Uint8Array[]} pieces @param {number} size */
function recut(pieces, size) {
  const whole = join(pieces);
  const cut = [];
  for (let at = 0; at < whole.length; at += size) cut.push(whole.subarray(at, at + size));
  return cut;
}

/** @param {Uint8Array[]} pieces */
function join(pieces) {
  const whole = new Uint8Array(pieces.reduce((length, piece) => length + piece.length, 0));
  let at = 0;
  for (const piece of pieces) {
    whole.set(piece, at);
    at += piece.length;
  }
  return whole;
}

/**
 * The first bytes of a body.
 *
 * @param {Uint8Array[]} pieces
 * @param {number} bytes
 */
export function firstBytes(pieces, bytes) {
  const kept = [];
  for (const piece of pieces) {
    if (bytes <= 0) break;
    kept.push(piece.subarray(0, bytes));
    bytes -= piece.length;
  }
  return kept;
}
