import { readdir, readFile } from "node:fs/promises";
import { join, relative } from "node:path";
import { gunzipSync } from "node:zlib";
import { levelDatabase } from "@edgemere/control-plane";

/** Somewhere a secret may have got to. */
export interface Place {
  readonly name: string;
  readonly bytes: Uint8Array;
}

/** Where secrets that are known to nobody else turn up, in whatever common writing: "the password, as hex, in log". */
export async function leaksOf(
  secrets: Readonly<Record<string, string>>,
  places: AsyncIterable<Place> | Iterable<Place>,
): Promise<readonly string[]> {
  const wanted = Object.entries(secrets).map(([name, secret]) => [name, formsOf(secret)] as const);
  const found: string[] = [];
  for await (const place of places) {
    const bytes = Buffer.from(place.bytes);
    for (const [name, forms] of wanted)
      for (const [form, text] of forms) if (bytes.includes(text)) found.push(`${name}, as ${form}, in ${place.name}`);
  }
  return found;
}

const SHORTEST = 8;

/** A secret of few characters stands somewhere by chance, and proves nothing. */
function formsOf(secret: string): readonly (readonly [form: string, text: string])[] {
  if (secret.length < SHORTEST) throw new Error(`"${secret}" is too short to be looked for: it may stand anywhere`);
  const bytes = Buffer.from(secret);
  const forms: (readonly [string, string])[] = [
    ["it is", secret],
    ["JSON", JSON.stringify(secret).slice(1, -1)],
    ["part of an address", encodeURIComponent(secret)],
    ["hex", bytes.toString("hex")],
    ...[0, 1, 2].flatMap((before) =>
      (["base64", "base64url"] as const).map((form) => [form, middleOf(bytes, before, form)] as const),
    ),
  ];
  return forms.filter(([, text], i) => forms.findIndex(([, other]) => other === text) === i);
}

/** What base64 makes of it wherever it begins in a longer text: without the first and last signs, which neighbours have a part in. */
function middleOf(bytes: Buffer, before: number, form: "base64" | "base64url"): string {
  const all = Buffer.concat([Buffer.alloc(before), bytes]);
  const whole = all.length - (all.length % 3);
  return all
    .subarray(0, whole)
    .toString(form)
    .slice(before === 0 ? 0 : 4);
}

/** All files below a folder as they are; of a store also its values, of a backup also what is packed in it. */
export async function* filesBelow(folder: string): AsyncGenerator<Place> {
  for (const entry of await readdir(folder, { withFileTypes: true, recursive: true })) {
    if (!entry.isFile()) continue;
    const path = join(entry.parentPath, entry.name);
    const [name, bytes] = [relative(folder, path), await readFile(path)];
    yield { name, bytes };
    if (name.endsWith(".backup")) yield { name: `${name}, unpacked`, bytes: unpacked(bytes) };
  }
}

// The first line says how it is packed.
const unpacked = (backup: Buffer): Uint8Array => gunzipSync(backup.subarray(backup.indexOf("\n") + 1));

/** Keys and values of the store of a stopped control plane, which its files hold compressed. */
export async function* storedIn(dataFolder: string): AsyncGenerator<Place> {
  const database = await levelDatabase(join(dataFolder, "store"));
  try {
    for await (const [key, value] of database.entries({}))
      yield { name: `the store, ${key.replaceAll("\0", " ")}`, bytes: Buffer.concat([Buffer.from(`${key} `), value]) };
  } finally {
    await database.close();
  }
}

/** What every user of a machine may see of a process: its arguments; and what its own user may see, its environment. */
export async function* seenOf(name: string, pid: number): AsyncGenerator<Place> {
  for (const file of ["cmdline", "environ"])
    yield { name: `${name}, ${file}`, bytes: await readFile(`/proc/${pid}/${file}`) };
}
