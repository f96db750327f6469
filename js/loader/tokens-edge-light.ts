/** The module of tokens as Vercel's Edge runtime gives it out: compiled at deployment, imported with `?module`. */
import compiled from "../wasm/tokens.wasm?module";

export default (): WebAssembly.Module => compiled;
