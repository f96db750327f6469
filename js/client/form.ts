/** A request that is a form, as transcriptions and changes of images are: what it says as JSON, and the form again with texts changed. */

/** Fields that are no texts where a request is JSON. */
const NUMBERS = ["n", "partial_images"];
const FLAGS = ["stream"];
/** More pieces stand before no sound. */
const MOST_CHUNKS = 64;

/** A form that was read. */
export interface Form {
  /** Its fields as JSON, and of its files how large they are. */
  readonly text: string;
  /** What was expected in the place of a field that nobody can be sure of. */
  readonly unread: string | undefined;
  /** The form with the texts that are in such JSON; the very same where none has changed. */
  with(text: string): FormData;
}

/** Reads a form. `missing`: fields that stand in its text where it has none. */
export async function formOf(form: FormData, missing: Record<string, string> = {}): Promise<Form> {
  const fields = new Map<string, unknown[]>();
  let unread: string | undefined;
  for (const [key, value] of form.entries()) {
    const name = nameOf(key);
    // Some would take 1 or True for a yes, and some the first of two.
    if (FLAGS.includes(name) && ((value !== "true" && value !== "false") || fields.has(name))) unread = `${name} to be true or false`;
    const known = fields.get(name) ?? [];
    known.push(typeof value === "string" ? valueOf(name, value) : await factsOf(value));
    fields.set(name, known);
  }
  const isList = (name: string): boolean => (fields.get(name)?.length ?? 0) > 1;
  const whole = (name: string, values: unknown[]): unknown => (FLAGS.includes(name) ? values.includes(true) : isList(name) ? values : values[0]);
  const text = JSON.stringify({ ...missing, ...Object.fromEntries([...fields].map(([name, values]) => [name, whole(name, values)])) });
  return {
    text,
    unread,
    with(changed) {
      if (changed === text) return form;
      const now = JSON.parse(changed) as Record<string, unknown>;
      // A form of another class is sent by who knows that.
      const made = new (form.constructor as typeof FormData)();
      const seen = new Map<string, number>();
      for (const [key, value] of form.entries()) {
        const name = nameOf(key);
        const place = seen.get(name) ?? 0;
        seen.set(name, place + 1);
        const found = isList(name) ? (now[name] as unknown[])[place] : now[name];
        if (typeof value !== "string") made.append(key, value, value.name);
        else made.append(key, typeof found === "string" ? found : value);
      }
      return made;
    },
  };
}

/** Of lists, each item is a field of the list's name and brackets. */
function nameOf(key: string): string {
  return key.replace(/\[\]$/, "");
}

function valueOf(name: string, value: string): unknown {
  if (NUMBERS.includes(name) && /^\d{1,9}$/.test(value)) return Number(value);
  if (FLAGS.includes(name)) return value === "true";
  return value;
}

/** What of a file is known without hearing it: its size, and of plain sound, whose bytes are its samples, how long it is at most. */
async function factsOf(file: Blob): Promise<{ bytes: number; seconds?: number }> {
  const perSecond = await bytesPerSecond(file);
  return { bytes: file.size, ...(perSecond !== undefined && { seconds: file.size / perSecond }) };
}

/** How many bytes a second of uncompressed sound has, by the header of a WAVE file in which nothing stands twice or out of place. */
async function bytesPerSecond(file: Blob): Promise<number | undefined> {
  const part = async (at: number, length: number): Promise<DataView> => new DataView(await file.slice(at, at + length).arrayBuffer());
  const tag = (view: DataView, at: number): string => String.fromCharCode(...Array.from({ length: 4 }, (_, place) => view.getUint8(at + place)));
  const head = await part(0, 12);
  if (head.byteLength < 12 || tag(head, 0) !== "RIFF" || tag(head, 8) !== "WAVE") return undefined;
  let most: number | undefined;
  for (let at = 12, count = 0; at + 8 <= file.size && count < MOST_CHUNKS; count += 1) {
    const chunk = await part(at, 8 + 26);
    const [name, size] = [tag(chunk, 0), chunk.getUint32(4, true)];
    // What follows is sound: one that was recorded on the fly does not know how much.
    if (name === "data") return most;
    if (at + 8 + size > file.size) return undefined;
    if (name === "fmt ") {
      if (most !== undefined || size < 16) return undefined;
      most = rateOf(chunk, size);
      if (most === undefined) return undefined;
    }
    // Of an odd length, a chunk is followed by a byte that is none of it.
    at += 8 + size + (size & 1);
  }
  return undefined;
}

/** Bytes of a second, by what a header says of its samples. */
function rateOf(chunk: DataView, size: number): number | undefined {
  const format = chunk.getUint16(8, true);
  // Samples as whole or floating numbers; an extended header says which at its end.
  const kind = format === 0xfffe && size >= 26 ? chunk.getUint16(32, true) : format;
  if (kind !== 1 && kind !== 3) return undefined;
  const [channels, rate, frame, bits] = [chunk.getUint16(10, true), chunk.getUint32(12, true), chunk.getUint16(20, true), chunk.getUint16(22, true)];
  // Both say it: who decodes it may go by either.
  const most = rate * Math.min(frame, (channels * bits) / 8);
  return most > 0 ? most : undefined;
}
