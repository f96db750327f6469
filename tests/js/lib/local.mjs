// One local provider for all the tests of a file, forgetful between them, and a client that talks to it.
import { after, before, beforeEach } from "node:test";

import { GuardedOpenAI } from "tollgate";

import { startProvider } from "../../../examples/local-provider/provider.mjs";

/** The provider, while tests run. */
export let provider;
/** Where it speaks OpenAI's formats. */
export let baseURL;

/** A small request. */
export const hello = { model: "gpt-5-mini", max_completion_tokens: 50, messages: [{ role: "user", content: "Hello there" }] };

/** Starts it before the tests of this file, and ends it after them. */
export function useProvider() {
  before(async () => {
    provider = await startProvider();
    baseURL = `${provider.url}/v1`;
  });
  after(() => provider.close());
  beforeEach(() => provider.reset());
}

/** A client of it that tries once. */
export const client = (config = {}) => new GuardedOpenAI({ apiKey: "sk-test", baseURL, maxRetries: 0, ...config });
