/** Whose calls may share an answer. */
import type { CallContext } from "../types.js";

/** The agent and the scopes, in any order. */
export function partitionOf({ agentId = "default", scopes = [] }: CallContext): string {
  return JSON.stringify([agentId, scopes.map(({ type, id }) => `${type}:${id}`).sort()]);
}
