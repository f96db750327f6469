// The record of a call as a client writes it, by its number: thirty days, a hundred agents, four models.
const BEGIN = Date.UTC(2026, 10, 1);
const hex = (value, digits) => value.toString(16).padStart(digits, "0").slice(-digits);
const id = (n, kind) => `${hex(Math.floor((BEGIN + n * 259) / 65536), 8)}-${hex((BEGIN + n * 259) % 65536, 4)}-7${hex(n, 3)}-8${hex(kind, 3)}-${hex((n * 2654435761) % 2 ** 40, 12)}`;

export function recordOf(n) {
  const [input, output] = [100 + ((n * 7919) % 4000), 20 + ((n * 104729) % 900)];
  const [inputUsd, outputUsd] = [input / 8e5, output / 1e5];
  const requestId = id(n, 2);
  return {
    schema: 1,
    id: id(n, 1),
    requestId,
    agentId: `agent-${(n * 7919) % 100}`,
    model: ["gpt-5", "gpt-5-mini", "gpt-4o", "claude-sonnet-4-5"][n % 4],
    provider: "openai",
    timestamp: new Date(BEGIN + n * 2592).toISOString(),
    actualTokens: { inputTokens: input, outputTokens: output, totalTokens: input + output },
    actualCost: inputUsd + outputUsd,
    priced: true,
    costSource: "computed",
    breakdown: { inputCost: inputUsd, outputCost: outputUsd },
    reservationId: `${requestId}#1`,
    attempt: 1,
    outcome: "ok",
    latencyMs: (n % 977) + 0.5,
  };
}
