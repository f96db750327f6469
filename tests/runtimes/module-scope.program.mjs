// At the top level, where Workers forbid randomness, timers and fetch: import everything, make everything. Then use it.
import { allow, reached } from "./forbid.mjs";
import { MADE_OTHERWISE, build, classNames, use } from "./classes.mjs";

const reachedBy = [...reached.splice(0)];
const objects = build((name) => reachedBy.push(...reached.splice(0).map((label) => `${name}: ${label}`)));
allow();

export default async () => ({ reached: reachedBy, classes: [...classNames(), ...Object.keys(MADE_OTHERWISE)], answers: await use(objects) });
