// localStorage in a page: each store by itself, up to so many records.
import { LocalStorageCostStorage } from "../dist/index.js";
import { recordOf } from "./storage-record.mjs";

export default async function main({ records }) {
  localStorage.clear();
  const storage = new LocalStorageCostStorage({ namespace: "bench" });
  const times = [];
  for (let n = 0; n < records; n += 1) {
    const record = recordOf(n);
    const begun = performance.now();
    await storage.store(record);
    times.push(performance.now() - begun);
  }
  const begun = performance.now();
  const { totalRequests } = await storage.getSummary(0, 8e15);
  const summary = performance.now() - begun;
  if (totalRequests !== records) throw new Error(`expected ${records} records, found ${totalRequests}`);
  localStorage.clear();
  // The last half: where there is most to go through.
  const late = times.slice(records / 2).sort((a, b) => a - b);
  return { median: late[late.length >> 1], p99: late[Math.floor(late.length * 0.99)], summary };
}
