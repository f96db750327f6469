// One fresh process: all figures of one library, as JSON. Times are of the process, not of the clock: other programs on the
// machine disturb them less.
import { readFileSync } from "node:fs";
import { HARD } from "../scripts/eval/token-texts.mjs";
import { median } from "./measure.mjs";
import { PEERS } from "./token-peers.mjs";

const [name, setsFile] = process.argv.slice(2);
const now = () => {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1000;
};
const timed = (body) => {
  const begun = now();
  body();
  return now() - begun;
};

const before = process.memoryUsage().rss;
const begun = now();
const count = await PEERS[name].load();
const first = count("Hello, world!");
const start = now() - begun;
const answer = { start, memory: (process.memoryUsage().rss - before) / 1e6, sets: {}, hard: {}, counts: { first } };

const sets = JSON.parse(readFileSync(setsFile, "utf8"));
for (const [set, [warm, measured]] of Object.entries(sets)) {
  const megabytes = Buffer.byteLength(measured) / 1e6;
  // Three rounds, and until a host has compiled what it compiles: the fast ones need more rounds for that.
  const warmed = now() + 300;
  for (let round = 0; round < 3 || now() < warmed; round += 1) count(warm);
  const fresh = megabytes / (timed(() => (answer.counts[set] = count(measured))) / 1000);
  // A library of a megabyte a second is measured as well by two rounds.
  const rounds = megabytes / fresh > 0.05 ? 2 : 9;
  const repeat = megabytes / (median(Array.from({ length: rounds }, () => timed(() => count(measured)))) / 1000);
  answer.sets[set] = { fresh, repeat };
}

const prompts = sets.prose[1].match(/[^]{200}/g).slice(0, 2000);
for (let round = 0; round < 2; round += 1) prompts.forEach(count);
const rounds = 5;
answer.prompt = (timed(() => { for (let round = 0; round < rounds; round += 1) prompts.forEach(count); }) * 1000) / prompts.length / rounds;

for (const [what, make] of HARD) {
  // Some libraries take minutes for the whole: where a part is slow, what it stands for is the least that the whole takes.
  const byPart = (share) => share * Math.min(...[1, 2].map(() => timed(() => count(make(100_000 / share)))));
  const hundredth = byPart(100);
  const least = hundredth > 1000 ? hundredth : byPart(10);
  answer.hard[what] = least > 1000 ? { took: least, atLeast: true } : { took: timed(() => (answer.counts[what] = count(make(100_000)))) };
}
console.log(JSON.stringify(answer));
