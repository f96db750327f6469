// The simulations of the ledger's protocol and of its slices, long: `npm run sim [-- <schedules>]`. A failure is printed as the shortest schedule
// that fails.
import { Problem, main, run } from "./lib/run.mjs";

await main(async () => {
  const schedules = Number(process.argv[2] ?? 100_000);
  if (!Number.isSafeInteger(schedules) || schedules < 1) throw new Problem(`expected a number of schedules, found ${process.argv[2]}`);
  await run("cargo", ["test", "--test", "simulation", "--test", "slices", "--", "--nocapture", "--test-threads", "2"], { env: { TOLLGATE_SCHEDULES: String(schedules) } });
});
