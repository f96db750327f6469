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
 * @param {{ done: boolean, named: boolean }} form whether `[DONE]` ends it, and whether each event bears the name of its type
 * @returns {Body}
 */
export function eventBody(events, step, { done, named }) {
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

/** @param {string} contentType @param {string[]} texts @param {Step} step @returns {Body} */
function finish(contentType, texts, step) {
  if (step.malformed === "empty") texts = [];
  if (step.malformed === "html") {
    texts = [HTML];
    contentType = "text/html; charset=utf-8";
  }
  const pieces = texts.map((text) => encoder.encode(text));
  return { contentType: step.contentType ?? contentType, pieces: step.pieceSize ? recut(pieces, step.pieceSize) : pieces };
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
