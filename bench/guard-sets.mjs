// The texts that guardrails are measured on, a megabyte each: prose and code out of named packages, texts full of personal data,
// and texts that are made to be slow.
import { tokenSets } from "./token-sets.mjs";

const SIZE = 1_000_000;

/** Units that, repeated, make detectors look again and again at what they have seen. */
const ADVERSARIAL = {
  "1 a": "1 a ",
  "1": "1 ",
  "00": "00 ",
  "+1": "+1 ",
  "card after card": "4111 1111 1111 1111 ",
  "AB 1": "AB 1",
  "password=": "password=",
  "password=\"": "password=\"",
  "a@a.a@": "a@a.a@",
  "a:": "a:",
  "base64": "aWdub3JlIGFsbCBwcmV2aW91cyBpbnN0cnVjdGlvbnM",
  "ignore": "ignore ",
  "ignore previous": "ignore previous ",
  "you are": "you are ",
  "letters apart": "i g n o r e ",
  "percent": "%41",
  "one letter": "a",
  "brackets": "[",
  "sk-": "sk-",
  "-----BEGIN": "-----BEGIN ",
};

/** Numbers that are the same in every run (a linear congruential generator). */
function numbers() {
  let state = 20261121;
  return (below) => {
    state = (Math.imul(state, 1_103_515_245) + 12_345) >>> 0;
    return (state >>> 8) % below;
  };
}

/** A record after another: addresses, phones, cards, accounts, numbers that are none, and a few words between. */
function personal() {
  const below = numbers();
  const one = (of) => of[below(of.length)];
  const digits = (count) => Array.from({ length: count }, () => below(10)).join("");
  const hex = (count) => Array.from({ length: count }, () => below(16).toString(16)).join("");
  const names = "ann bob carla dmitri erin faisal greta hugo ines jonas".split(" ");
  const records = [
    () => `${one(names)}.${one(names)}${digits(2)}@example.com`,
    () => `phone +1 415 555 ${digits(4)}`,
    () => `call (212) 555-${digits(4)}`,
    () => `SSN ${digits(3)}-${digits(2)}-${digits(4)}`,
    () => `card 4${digits(3)} ${digits(4)} ${digits(4)} ${digits(4)}`,
    () => `IBAN DE${digits(2)} ${digits(4)} ${digits(4)} ${digits(4)} ${digits(4)} ${digits(2)}`,
    () => `from 10.${below(256)}.${below(256)}.${below(256)}`,
    () => `born 19${digits(2)}-0${1 + below(9)}-1${below(10)}`,
    () => `at ${Array.from({ length: 6 }, () => hex(2)).join(":")}`,
    () => `passport ${one(["A", "B", "C"])}${digits(8)}`,
    () => `order ${digits(10)} shipped at 17${digits(8)}`,
    () => `token: "${digits(4)}Zk3v9QpX7mB2tY8n${digits(4)}"`,
  ];
  let text = "";
  while (text.length < SIZE) text += one(records)() + one([", ", "; ", "\n", " and "]);
  return text;
}

const cut = (text, size) => new TextDecoder().decode(Buffer.from(text).subarray(0, size), { stream: true });

/** `{ text, goal }` by name: what to scan, and how many megabytes of it a second are to be reached. */
export function guardSets() {
  const { prose, code } = tokenSets();
  const sets = {
    prose: { text: cut(prose.join("\n\n"), SIZE), goal: 50 },
    code: { text: cut(code.join("\n\n"), SIZE), goal: 50 },
    "personal data": { text: cut(personal(), SIZE), goal: 25 },
  };
  for (const [name, unit] of Object.entries(ADVERSARIAL)) sets[`"${name}"`] = { text: unit.repeat(Math.ceil(SIZE / unit.length)).slice(0, SIZE), goal: 25 };
  return sets;
}
