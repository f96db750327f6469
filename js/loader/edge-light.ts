/** The module as Vercel's Edge runtime gives it out: compiled at deployment, imported with `?module`. */
import compiled from "../wasm/core.wasm?module";

export default (): WebAssembly.Module => {
  // Next's own server runs an edge route in a context of its own, and hands it a module that another context has compiled: the same
  // to the host, and no `instanceof` that the glue knows.
  const isForeign = !(compiled instanceof WebAssembly.Module) && Object.prototype.toString.call(compiled) === "[object WebAssembly.Module]";
  return isForeign ? (Object.setPrototypeOf(compiled, WebAssembly.Module.prototype) as WebAssembly.Module) : compiled;
};
