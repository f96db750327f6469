// The examples that answer without a host of their own: one command each, with what they must say.
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { join } from "node:path";
import { node, ROOT } from "./node.mjs";

const EXAMPLES = {
  resilience: [
    /^retries: try 3 answered, 1 idempotency key$/m,
    /^circuit: \/v1\/chat\/completions is open$/m,
    /^fallback: gpt-5-mini ended with server_error, gpt-4o-mini of azure-openai answered for \$0\.0\d+$/m,
    /^fallback: gpt-5-mini ended with circuit_open, gpt-4o-mini of azure-openai answered/m,
    /^at once: 5 callers, 1 request, 1 record$/m,
    /^cache: hit true, saved \$0\.0\d+, 1 request$/m,
    /^limits: 6 answered, at most 2 at once, 4 refused$/m,
    /^today: 11 calls for \$0\.0\d+, \$0 held$/m,
  ],
  "guarded-openai": [/^SDK: .*\[REDACTED_EMAIL\]/m, /^SDK, streamed: .*three/m, /PermissionDeniedError 403, guardrail_blocked$/m, /^client: cost \$0\.0\d+/m, /^today: 3 calls for \$0\.0\d+$/m],
  "guarded-anthropic": [/^count: \d+ tokens$/m, /^plain: .*\[REDACTED_EMAIL\]/m, /^plain: \d+ in, \d+ out, \$0\.0\d+$/m, /^plain: taken out .*1 email$/m, /^streamed: \$0\.0\d+$/m, /^attacked: .*nothing was sent$/m],
  "guarded-azure-openai": [/^plain: .*\[REDACTED_EMAIL\]/m, /^plain: azure-openai, gpt-4o-mini of harbour-chat, \$0\.0\d+$/m, /^streamed: \$0\.0\d+$/m, /^visitor: Budget exceeded: visitor/m],
};

describe("examples", () => {
  for (const [name, lines] of Object.entries(EXAMPLES)) {
    it(name, async () => {
      const { code, out, err } = await node([join(ROOT, `examples/${name}/main.mjs`)]);
      assert.deepEqual([code, err], [0, ""]);
      for (const line of lines) assert.match(out, line);
    });
  }
});
