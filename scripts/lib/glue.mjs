// What the build changes of the glue that wasm-bindgen writes.
import { Problem } from "./run.mjs";

/** How the tool hands over a text: byte by byte as long as it is ASCII. */
const LOOP = `    let offset = 0;

    for (; offset < len; offset++) {
        const code = arg.charCodeAt(offset);
        if (code > 0x7F) break;
        mem[ptr + offset] = code;
    }
    if (offset !== len) {
        if (offset !== 0) {
            arg = arg.slice(offset);
        }
        ptr`;

/**
 * The host's own encoder takes a tenth of a nanosecond a character, the loop up to several: as much as finding personal data in it.
 * A short text is not worth the call.
 */
const ENCODED = `    let offset = 0;
    let read = 0;

    if (len < 32) {
        for (; offset < len; offset++) {
            const code = arg.charCodeAt(offset);
            if (code > 0x7F) break;
            mem[ptr + offset] = code;
        }
        read = offset;
    } else {
        ({ read, written: offset } = cachedTextEncoder.encodeInto(arg, mem.subarray(ptr, ptr + len)));
    }
    if (read !== len) {
        if (read !== 0) {
            arg = arg.slice(read);
        }
        ptr`;

/** The glue with texts handed over by the host's encoder. */
export function withEncoder(glue) {
  if (glue.split(LOOP).length !== 2) {
    throw new Problem("cannot build: expected wasm-bindgen's glue to hand texts over in the loop of scripts/lib/glue.mjs, found another");
  }
  return glue.replace(LOOP, () => ENCODED);
}
