// Budgets in a page's localStorage.
import { LocalStorageBudgetLedger } from "tollgate";
import { budget, conformance, crowd } from "./conformance.mjs";

const open = async (namespace) => new LocalStorageBudgetLedger({ namespace });

export default async function main({ call, ...options }) {
  if (call === "conformance") return conformance(open, options);
  if (call === "crowd") return crowd(open, options);
  // A storage that is full: the ledger stands as before.
  const ledger = await open("full");
  const [pot] = await ledger.put([budget({ name: "pot", limitUsd: "100000" })], "attach");
  let most = 0;
  for (let size = 4 << 20; size > 16; size >>= 1) {
    try {
      localStorage.setItem(`somebody's ${size}`, "x".repeat(size));
      most += size;
    } catch {
      // Full, for a text of this size.
    }
  }
  const codes = new Set();
  let held = 0;
  for (let n = 0; n < 50; n += 1) {
    await ledger.reserve({ reservationId: `r${n}`, usd: "1", scopes: [], leaseMs: 60_000 }).then(({ allowed }) => (held += Number(allowed)), (error) => codes.add(error.code));
  }
  const [status] = await (await open("full")).status([pot.id]);
  localStorage.clear();
  return { filled: most > 1_000_000, codes: [...codes], agrees: Number(status.heldUsd) === held };
}
