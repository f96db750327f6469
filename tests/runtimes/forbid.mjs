// What no module may do while it is loaded: Workers forbid most of it at module scope, and everyone builds clients there.
// Import this before anything else; what was reached for is in `reached`, and after `allow()` the host is as it was.

/** The names of what was used while it was forbidden. */
export const reached = [];

// A reference that was kept while it was forbidden is used rightly afterwards.
let forbidden = true;
const reach = (label) => forbidden && reached.push(label);

const undo = [];

function forbid(object, name, label) {
  const original = object?.[name];
  if (typeof original !== "function") return;
  const replacement = new Proxy(original, {
    apply(target, self, args) {
      reach(label);
      return Reflect.apply(target, self, args);
    },
    construct(target, args, made) {
      // `new Date(0)` reads no clock.
      if (label !== "Date" || args.length === 0) reach(label);
      return Reflect.construct(target, args, made);
    },
  });
  try {
    object[name] = replacement;
    undo.push(() => (object[name] = original));
  } catch {
    // A host that does not let it be replaced is watched by the others.
  }
}

forbid(Date, "now", "Date.now");
forbid(globalThis, "Date", "Date");
forbid(Math, "random", "Math.random");
forbid(globalThis, "fetch", "fetch");
forbid(globalThis, "setTimeout", "setTimeout");
forbid(globalThis, "setInterval", "setInterval");
for (const [type, names] of [
  ["Crypto", ["getRandomValues", "randomUUID"]],
  ["Performance", ["now"]],
  ["Storage", ["getItem", "setItem", "removeItem", "key"]],
  ["IDBFactory", ["open"]],
]) {
  for (const name of names) forbid(globalThis[type]?.prototype, name, `${type}.${name}`);
}

/** Gives the host back. */
export function allow() {
  forbidden = false;
  for (const step of undo.reverse()) step();
  undo.length = 0;
}
