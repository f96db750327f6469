/** The module of tokens as Workers give it out: compiled at deployment, imported by path. */
import compiled from "../wasm/tokens.wasm";

export default (): WebAssembly.Module => compiled;
