import { truncate, writeFile } from "node:fs/promises";

/** What happens to a file of this content at a place. */
export type Damage = (file: string, content: Uint8Array, at: number, bit: number) => Promise<void>;

export const cutOff: Damage = (file, _, at) => truncate(file, at);

export const turned: Damage = (file, content, at, bit) =>
  writeFile(file, content.with(at, (content[at] ?? 0) ^ (1 << bit)));
