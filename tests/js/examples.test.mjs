// The examples that answer without a host of their own: one command each, with what they must say.
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { join } from "node:path";
import { node, ROOT } from "./node.mjs";

const EXAMPLES = {
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
