/** A request that is a form, as transcriptions and changes of images are: what it says as JSON, and the form again with texts changed. */

/** Fields that are no texts where a request is JSON. */
const NUMBERS = ["n", "partial_images"];
const FLAGS = ["stream"];

/** A form that was read. */
export interface Form {
  /** Its fields as JSON, and of its files how large they are. */
  readonly text: string;
  /** The form with the texts that are in such JSON; the very same where none has changed. */
  with(text: string): FormData;
}

/** Reads a form. */
export async function formOf(form: FormData): Promise<Form> {
  const fields = new Map<string, unknown[]>();
  for (const [key, value] of form) {
    const name = nameOf(key);
    const known = fields.get(name) ?? [];
    known.push(typeof value === "string" ? valueOf(name, value) : await factsOf(value));
    fields.set(name, known);
  }
  const isList = (name: string): boolean => (fields.get(name)?.length ?? 0) > 1;
  const text = JSON.stringify(Object.fromEntries([...fields].map(([name, values]) => [name, isList(name) ? values : values[0]])));
  return {
    text,
    with(changed) {
      if (changed === text) return form;
      const now = JSON.parse(changed) as Record<string, unknown>;
      const made = new FormData();
      const seen = new Map<string, number>();
      for (const [key, value] of form) {
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
  const perSecond = bytesPerSecond(new DataView(await file.slice(0, 4096).arrayBuffer()));
  return { bytes: file.size, ...(perSecond !== undefined && { seconds: file.size / perSecond }) };
}

/** How many bytes a second of uncompressed sound has, by the header of a WAVE file. */
function bytesPerSecond(head: DataView): number | undefined {
  const tag = (at: number): string => String.fromCharCode(...Array.from({ length: 4 }, (_, place) => head.getUint8(at + place)));
  if (head.byteLength < 12 || tag(0) !== "RIFF" || tag(8) !== "WAVE") return undefined;
  for (let at = 12; at + 32 <= head.byteLength; at += 8 + head.getUint32(at + 4, true)) {
    if (tag(at) !== "fmt ") continue;
    const format = head.getUint16(at + 8, true);
    // Samples as whole or floating numbers; an extended header says which at its end.
    const kind = format === 0xfffe && at + 34 <= head.byteLength ? head.getUint16(at + 32, true) : format;
    if (kind !== 1 && kind !== 3) return undefined;
    const [channels, rate, frame, bits] = [head.getUint16(at + 10, true), head.getUint32(at + 12, true), head.getUint16(at + 20, true), head.getUint16(at + 22, true)];
    // Both say it: who decodes it may go by either.
    const most = rate * Math.min(frame, (channels * bits) / 8);
    return most > 0 ? most : undefined;
  }
  return undefined;
}
