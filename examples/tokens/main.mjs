// Counts, cuts and encodes texts with the vocabulary of a model: `node examples/tokens/main.mjs`, after `npm run build`.
import { countRequestTokens, countTokens, createTokenizer } from "tollgate";
import { loadVocabulary } from "tollgate/vocab/auto";
import cl100k from "tollgate/vocab/cl100k_base";
import cl100kIds from "tollgate/vocab/cl100k_base-ids";

const text = "The harbour froze in the winter of 1709. 港は凍った。";

// Without a vocabulary: an estimate, and what it is seldom above.
const estimate = countTokens(text, "gpt-5");
console.log(`gpt-5, before: about ${estimate.tokens} tokens, at most ${estimate.high} (exact: ${estimate.exact})`);

// Loaded by the name of a model. In a bundle that does not split, import the one you need, as below.
const encoding = await loadVocabulary("gpt-5");
const count = countTokens(text, "gpt-5");
console.log(`gpt-5, after: ${count.tokens} tokens by ${encoding} (exact: ${count.exact})`);

// A tokenizer of one's own.
const tokenizer = createTokenizer(cl100k, cl100kIds);
console.log(`cl100k_base: ${tokenizer.count(text)} tokens: ${tokenizer.split(text).join("|")}`);
console.log(`the first five: ${JSON.stringify(tokenizer.truncate(text, 5))}`);
console.log(`more than five: ${tokenizer.countUpTo(text, 5) > 5}`);
const ids = tokenizer.encode(text);
console.log(`ids: ${ids.slice(0, 5).join(" ")} ..., and back: ${tokenizer.decode(ids) === text}`);

// A whole request, part by part. The picture is 1,024 by 1,024 pixels, which its header says.
const picture = "data:image/png;base64,iVBORw0KGgoAAAANSUhEUgAABAAAAAQACAYAAAA=";
const request = {
  model: "gpt-4o",
  messages: [
    { role: "system", content: "Answer in one sentence." },
    { role: "user", content: [{ type: "text", text: "What is this?" }, { type: "image_url", image_url: { url: picture } }] },
  ],
};
const whole = countRequestTokens(request);
console.log(`the request: ${whole.tokens} tokens (exact: ${whole.exact}): ${JSON.stringify(whole.parts)}`);
const elsewhere = countRequestTokens({ ...request, model: "claude-sonnet-4-5" });
console.log(`for Claude: about ${elsewhere.tokens}, ${elsewhere.low} to ${elsewhere.high}`);
