import { warnOnce } from "../warn.js";
import type { CostAlert } from "../types.js";

/** How many alerts are remembered; beyond that the oldest go, which are of windows long past. */
const MOST = 10_000;

/** The alerts that one manager has seen: each once, whoever told of it. */
export class AlertList {
  readonly #alerts = new Map<string, { alert: CostAlert; cleared: boolean }>();
  readonly #listeners = new Set<(alert: CostAlert) => void>();

  /** Takes alerts in, tells the listeners of those that are news, and answers with them; quietly it only lists them. */
  take(alerts: Iterable<CostAlert>, quietly = false): CostAlert[] {
    const news: CostAlert[] = [];
    for (const alert of alerts) {
      const known = this.#alerts.get(alert.id);
      // A projected alert that comes true is news again; anything else that is known is not.
      if (known !== undefined && !(known.alert.projected && !alert.projected)) continue;
      this.#alerts.set(alert.id, { alert: { ...alert, acknowledged: false }, cleared: false });
      news.push(alert);
    }
    for (const id of this.#alerts.keys()) {
      if (this.#alerts.size <= MOST) break;
      this.#alerts.delete(id);
    }
    if (quietly) return [];
    for (const alert of news) this.#tell(alert);
    return news.map((alert) => ({ ...alert }));
  }

  /** The alerts of a budget, or all, in the order they were raised. */
  list(budgetId?: string): CostAlert[] {
    return [...this.#alerts.values()]
      .filter(({ alert, cleared }) => !cleared && (budgetId === undefined || alert.budgetId === budgetId))
      .map(({ alert }) => ({ ...alert }));
  }

  acknowledge(id: string): boolean {
    const known = this.#alerts.get(id);
    if (known === undefined || known.cleared) return false;
    known.alert.acknowledged = true;
    return true;
  }

  /** Takes a budget's alerts off the list. They are remembered: clearing arms nothing. */
  clear(budgetId: string): void {
    for (const known of this.#alerts.values()) {
      if (known.alert.budgetId === budgetId) known.cleared = true;
    }
  }

  /** Forgets a budget that is gone. */
  forget(budgetId: string): void {
    for (const [id, { alert }] of this.#alerts) {
      if (alert.budgetId === budgetId) this.#alerts.delete(id);
    }
  }

  listen(listener: (alert: CostAlert) => void): () => void {
    const own = (alert: CostAlert) => listener(alert);
    this.#listeners.add(own);
    return () => void this.#listeners.delete(own);
  }

  #tell(alert: CostAlert): void {
    for (const listener of this.#listeners) {
      try {
        listener({ ...alert });
      } catch {
        // A budget works whatever its listeners do.
        warnOnce("callback_failed", "a listener of BudgetManager.onAlert threw; the call went on");
      }
    }
  }
}
