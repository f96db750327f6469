/** The module as Vercel's Edge runtime gives it out: compiled at deployment, imported with `?module`. */
import compiled from "../wasm/core.wasm?module";

export default (): WebAssembly.Module => compiled;
