// Properties P17 to P43 of the guarded clients, in this host.
import { CLIENTS, program, propertiesOf } from "../js/lib/client-properties.mjs";

/** What of Node's assert the properties use; a host need not have it. */
const assert = {
  ok(value, message = "expected a true value") {
    if (!value) throw new Error(message);
  },
  equal(found, expected) {
    if (!Object.is(found, expected)) throw new Error(`expected ${String(expected)}, found ${String(found)}`);
  },
  deepEqual(found, expected) {
    const [ours, theirs] = [plain(found), plain(expected)];
    if (ours !== theirs) throw new Error(`expected ${theirs}, found ${ours}`);
  },
};

/** A value as text that does not depend on the order of its keys. */
const plain = (value) =>
  JSON.stringify(value, (_key, inner) => (typeof inner === "object" && inner !== null && !Array.isArray(inner) ? Object.fromEntries(Object.entries(inner).sort(([a], [b]) => (a < b ? -1 : 1))) : inner));

export default async function ({ cases }) {
  let held = 0;
  for (const kind of Object.values(CLIENTS)) {
    for (const [title, check] of Object.entries(propertiesOf(kind, assert))) {
      for (let seed = 1; seed <= cases; seed += 1) {
        try {
          await check(program(seed, kind));
        } catch (error) {
          throw new Error(`${title}, seed ${seed}: ${error.message}`);
        }
        held += 1;
      }
    }
  }
  return { held };
}
