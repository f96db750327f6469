/** What the storages have in common: the questions, and what is read from a store of the core. */
import type { CostFilter, CostQuery, CostRecord, CostSummary, InstantInput, Page, TimeSeries, TimeSeriesQuery, TopEntry, TopQuery } from "../types.js";
import { toQuestion, toRecord, toRecords } from "./json.js";

/** The kinds of questions that the core answers. */
export type QuestionKind = "query" | "series" | "top";

/** A storage that is asked: it hands a question, as JSON text, to whoever answers it. */
export abstract class AskedStorage {
  /** @internal */
  protected abstract ask(kind: QuestionKind, question: string, cursor?: string): Promise<unknown>;

  /** A page of the records that are meant. */
  async query(query: CostQuery = {}, cursor?: string): Promise<Page<CostRecord>> {
    return this.#ask("query", query, cursor);
  }

  /** Costs over time. */
  async getTimeSeries(query: TimeSeriesQuery = {}): Promise<TimeSeries> {
    return this.#ask("series", query);
  }

  /** The names at the top. */
  async getTop(query: TopQuery = {}): Promise<TopEntry[]> {
    return this.#ask("top", query);
  }

  async #ask<T>(kind: QuestionKind, query: CostFilter, cursor?: string): Promise<T> {
    return (await this.ask(kind, toQuestion(query), cursor)) as T;
  }
}

/** A store of the core: records and answers are JSON text, at once or later. */
export interface CoreStore {
  get(id: string): Later<string | undefined>;
  byRequest(requestId: string): Later<string>;
  byAgent(agentId: string, start: InstantInput | undefined, end: InstantInput | undefined): Later<string>;
  byRange(start: InstantInput, end: InstantInput): Later<string>;
  summary(start: InstantInput, end: InstantInput, agentId?: string): Later<string>;
  ask(kind: QuestionKind, question: string, cursor?: string): Later<string>;
}

type Later<T> = T | Promise<T>;

/** A storage over a store of the core: what is read from it. */
export abstract class CoreCostStorage extends AskedStorage {
  /** @internal */
  protected abstract read<T>(call: (store: CoreStore) => Later<T>): Later<T>;

  async get(id: string): Promise<CostRecord | undefined> {
    return toRecord(await this.read((store) => store.get(id)));
  }

  async getByRequestId(requestId: string): Promise<CostRecord[]> {
    return toRecords(await this.read((store) => store.byRequest(requestId)));
  }

  /** Inclusive at both ends, either of which may be left out. */
  async getByAgentId(agentId: string, start?: InstantInput, end?: InstantInput): Promise<CostRecord[]> {
    return toRecords(await this.read((store) => store.byAgent(agentId, start, end)));
  }

  /** Inclusive at both ends. */
  async getByDateRange(start: InstantInput, end: InstantInput): Promise<CostRecord[]> {
    return toRecords(await this.read((store) => store.byRange(start, end)));
  }

  /** Inclusive at both ends. */
  async getSummary(start: InstantInput, end: InstantInput, agentId?: string): Promise<CostSummary> {
    return JSON.parse(await this.read((store) => store.summary(start, end, agentId))) as CostSummary;
  }

  /** @internal */
  protected async ask(kind: QuestionKind, question: string, cursor?: string): Promise<unknown> {
    return JSON.parse(await this.read((store) => store.ask(kind, question, cursor)));
  }
}
