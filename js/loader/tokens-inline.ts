/** The module of tokens inside the JavaScript: for every host that has no import of its own for WebAssembly. */
import * as encoded from "../wasm/inline-tokens.js";
import { decode } from "./bytes.js";

export default (): WebAssembly.Module => new WebAssembly.Module(decode(encoded));
