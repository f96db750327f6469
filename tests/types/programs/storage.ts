// A storage and a guardrail of one's own: the interfaces can be implemented without a cast.
import { Guardrail, GuardrailResult, type CostRecord, type CostStorage, type CostSummary, type InstantInput } from "tollgate";

export class ArrayStorage implements CostStorage {
  readonly #records: CostRecord[] = [];

  async store(record: CostRecord): Promise<void> {
    this.#records.push(record);
  }

  async get(id: string): Promise<CostRecord | undefined> {
    return this.#records.find((record) => record.id === id);
  }

  async getByRequestId(requestId: string): Promise<CostRecord[]> {
    return this.#records.filter((record) => record.requestId === requestId);
  }

  async getByAgentId(agentId: string, _start?: InstantInput, _end?: InstantInput): Promise<CostRecord[]> {
    return this.#records.filter((record) => record.agentId === agentId);
  }

  async getByDateRange(_start: InstantInput, _end: InstantInput): Promise<CostRecord[]> {
    return this.#records;
  }

  getSummary(): Promise<CostSummary> {
    return Promise.reject(new Error("not here"));
  }

  async deleteOlderThan(_before: InstantInput): Promise<number> {
    return 0;
  }

  async clear(): Promise<void> {
    this.#records.length = 0;
  }
}

export class NoShouting extends Guardrail {
  override async evaluate(input: unknown): Promise<GuardrailResult> {
    const passed = typeof input !== "string" || input !== input.toUpperCase();
    return new GuardrailResult({ passed, action: passed ? "allow" : "block", riskScore: passed ? 0 : 50 });
  }
}
