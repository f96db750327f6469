/** The module inside the JavaScript: for every host that has no import of its own for WebAssembly. */
import { base64 } from "../wasm/inline.js";

export default (): WebAssembly.Module => new WebAssembly.Module(decode(base64));

/** Base64 to bytes: the host's own decoder where there is one, else `atob`, which is everywhere. */
function decode(text: string): Uint8Array<ArrayBuffer> {
  const native = (Uint8Array as { fromBase64?: (text: string) => Uint8Array<ArrayBuffer> }).fromBase64;
  if (native !== undefined) return native.call(Uint8Array, text);
  const binary = atob(text);
  const bytes = new Uint8Array(binary.length);
  for (let index = 0; index < binary.length; index += 1) bytes[index] = binary.charCodeAt(index);
  return bytes;
}
