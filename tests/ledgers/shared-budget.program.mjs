// One of several pages on one budget.
import { LocalStorageBudgetLedger } from "tollgate";
import { budget } from "./conformance.mjs";

export default async function main({ side, callers, limitUsd, usd }) {
  const ledger = new LocalStorageBudgetLedger({ namespace: "shared" });
  const [pot] = await ledger.put([budget({ name: "pot", limitUsd })], "attach");
  const errors = [];
  let allowed = 0;
  for (let n = 0; n < callers; n += 1) {
    try {
      const answer = await ledger.reserve({ reservationId: `${side}/${n}`, usd, scopes: [], leaseMs: 60_000 });
      allowed += Number(answer.allowed);
      if (answer.allowed) await ledger.settle(`${side}/${n}`, usd);
    } catch (error) {
      errors.push(`${error?.stack ?? error}`);
    }
  }
  const [status] = await ledger.status([pot.id]);
  return { allowed, errors, status };
}
