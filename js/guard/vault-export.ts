/**
 * An exported vault: `tollgate-vault.<header>.<content>`, both in base64url. The content is AES-GCM (256 bits, of a passphrase) over what the core wrote; the
 * header says how the key is made, is not secret, and is authenticated with the content.
 */
import { ConfigurationError, StorageError, ValidationError, makeError } from "../errors.js";

const MAGIC = "tollgate-vault";
const VERSION = 1;
/**
 * PBKDF2 with HMAC-SHA-256, six times in a row with 100,000 iterations each: 600,000 in all, as OWASP asks for. One call with more than
 * 100,000 is refused by Cloudflare Workers.
 */
const KDF = { name: "PBKDF2-SHA-256", iterations: 100_000, rounds: 6 };
/** The most that an import works for: the header is checked only after that. */
const MOST = { iterations: 100_000, rounds: 60 };

interface Header {
  v: number;
  cipher: "AES-GCM";
  iv: string;
  kdf?: { name: string; iterations: number; rounds: number; salt: string };
}

/** Encrypts. */
export async function close(text: string, key: CryptoKey | string): Promise<string> {
  const { subtle } = host("export");
  checkKey(key, "export", "encrypt");
  const iv = globalThis.crypto.getRandomValues(new Uint8Array(12));
  const header: Header = { v: VERSION, cipher: "AES-GCM", iv: toBase64(iv) };
  if (typeof key === "string") header.kdf = { ...KDF, salt: toBase64(globalThis.crypto.getRandomValues(new Uint8Array(16))) };
  const head = `${MAGIC}.${toBase64(utf8(JSON.stringify(header)))}`;
  const used = typeof key === "string" ? await derive(key, header.kdf!) : key;
  const content = await subtle.encrypt({ name: "AES-GCM", iv, additionalData: utf8(head) }, used, utf8(text));
  return `${head}.${toBase64(new Uint8Array(content))}`;
}

/** Decrypts. */
export async function open(data: string, key: CryptoKey | string): Promise<string> {
  const { subtle } = host("import");
  checkKey(key, "import", "decrypt");
  const [magic, head, content, ...more] = typeof data === "string" ? data.split(".") : [];
  if (magic !== MAGIC || head === undefined || content === undefined || more.length > 0) throw malformed();
  const header = readHeader(head);
  if ((header.kdf !== undefined) !== (typeof key === "string")) {
    const [expected, found] = header.kdf === undefined ? ["the CryptoKey", "a passphrase"] : ["the passphrase", "a CryptoKey"];
    throw makeError("vault_key", `cannot import a vault: expected ${expected} that it was exported with, found ${found}`, {}, {});
  }
  const iv = fromBase64(header.iv);
  const sealed = fromBase64(content);
  const used = typeof key === "string" ? await derive(key, header.kdf!) : key;
  try {
    const text = await subtle.decrypt({ name: "AES-GCM", iv, additionalData: utf8(`${MAGIC}.${head}`) }, used, sealed);
    return new TextDecoder().decode(text);
  } catch {
    // Hosts say nothing of why, and what they say need not be safe to repeat.
    throw makeError("vault_key", "cannot import a vault: expected the key that it was exported with, found another, or an export that was changed", {}, {});
  }
}

function readHeader(text: string): Header {
  let header: Header;
  try {
    header = JSON.parse(new TextDecoder().decode(fromBase64(text))) as Header;
  } catch {
    throw malformed();
  }
  const { v, cipher, iv, kdf } = header ?? {};
  if (typeof v === "number" && v > VERSION) {
    throw new StorageError({ code: "storage_version_newer", message: `cannot import a vault: expected an export of version ${VERSION}, found one of version ${v}` });
  }
  const works = (count: unknown, most: number): boolean => Number.isInteger(count) && (count as number) >= 1 && (count as number) <= most;
  const isKdf = kdf === undefined || (kdf?.name === KDF.name && works(kdf.iterations, MOST.iterations) && works(kdf.rounds, MOST.rounds) && typeof kdf.salt === "string");
  if (v !== VERSION || cipher !== "AES-GCM" || typeof iv !== "string" || !isKdf) throw malformed();
  return header;
}

async function derive(passphrase: string, kdf: NonNullable<Header["kdf"]>): Promise<CryptoKey> {
  const { subtle } = globalThis.crypto;
  const salt = fromBase64(kdf.salt);
  let secret: Uint8Array<ArrayBuffer> = utf8(passphrase);
  for (let round = 0; round < kdf.rounds; round += 1) {
    const base = await subtle.importKey("raw", secret, "PBKDF2", false, ["deriveBits"]);
    secret = new Uint8Array(await subtle.deriveBits({ name: "PBKDF2", hash: "SHA-256", salt, iterations: kdf.iterations }, base, 256));
  }
  return subtle.importKey("raw", secret, "AES-GCM", false, ["encrypt", "decrypt"]);
}

function host(doing: string): { subtle: SubtleCrypto } {
  const { subtle } = (globalThis.crypto ?? {}) as { subtle?: SubtleCrypto };
  if (subtle !== undefined) return { subtle };
  throw new ConfigurationError({ code: "invalid_config", message: `cannot ${doing} a vault: expected a host with WebCrypto, found none (browsers have it on https only)` });
}

function checkKey(key: unknown, doing: string, usage: KeyUsage): void {
  if (typeof key === "string" && key !== "") return;
  const { algorithm, usages } = (typeof key === "object" && key !== null ? key : {}) as Partial<CryptoKey>;
  if (algorithm?.name === "AES-GCM" && usages?.includes(usage) === true) return;
  throw new ValidationError({ message: `cannot ${doing} a vault: expected key to be a passphrase or a CryptoKey for AES-GCM that may ${usage}, found another value` });
}

function malformed(): ValidationError {
  return new ValidationError({ message: "cannot import a vault: expected what Vault.export made, found something else" });
}

function utf8(text: string): Uint8Array<ArrayBuffer> {
  return new TextEncoder().encode(text) as Uint8Array<ArrayBuffer>;
}

function toBase64(bytes: Uint8Array): string {
  let text = "";
  for (let at = 0; at < bytes.length; at += 8192) text += String.fromCharCode(...bytes.subarray(at, at + 8192));
  return btoa(text).replace(/\+/g, "-").replace(/\//g, "_").replace(/=+$/, "");
}

function fromBase64(text: string): Uint8Array<ArrayBuffer> {
  let decoded: string;
  try {
    decoded = atob(text.replace(/-/g, "+").replace(/_/g, "/"));
  } catch {
    throw malformed();
  }
  const bytes = new Uint8Array(decoded.length);
  for (let at = 0; at < decoded.length; at += 1) bytes[at] = decoded.charCodeAt(at);
  return bytes;
}
