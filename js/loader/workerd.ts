/** The module as Workers give it out: compiled at deployment, imported by path. */
import compiled from "../wasm/core.wasm";

export default (): WebAssembly.Module => compiled;
