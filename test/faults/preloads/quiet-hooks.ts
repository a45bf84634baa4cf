import type { LoadHook } from "node:module";

const LINK = /\/control-plane\/dist\/src\/link\/link\.js$/;
const places = [
  { before: "const read = await this.#ingest.read(", asks: "isDeaf(stream)" },
  { before: "const ack = {", asks: "keepsQuiet(stream, proved)" },
];

/** Of the module that hears and acknowledges records, a text that asks first whether it is to. */
export const load: LoadHook = async (url, context, next) => {
  const loaded = await next(url, context);
  if (!LINK.test(url)) return loaded;
  let source = Buffer.from(loaded.source as Uint8Array).toString();
  for (const { before, asks } of places) {
    if (!source.includes(before)) throw new Error(`${url} has no "${before}"`);
    source = source.replace(before, `if (globalThis.${asks}) return;\n${before}`);
  }
  return { ...loaded, source };
};
