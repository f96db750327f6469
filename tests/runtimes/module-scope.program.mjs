// At the top level, where Workers forbid randomness, timers and fetch: import everything, make everything. Then use it.
import { allow, reached } from "./forbid.mjs";
import { build, classNames, use } from "./classes.mjs";

const objects = build();
allow();

export default async () => ({ reached, classes: classNames(), answers: await use(objects) });
