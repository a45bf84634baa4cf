import type { LoadHook } from "node:module";

const LINK = /\/control-plane\/dist\/src\/link\/link\.js$/;
const PLACE = "const ack = {";

/** Of the module that acknowledges records, a text that asks first whether it is to keep quiet. */
export const load: LoadHook = async (url, context, next) => {
  const loaded = await next(url, context);
  if (!LINK.test(url)) return loaded;
  const text = Buffer.from(loaded.source as Uint8Array).toString();
  const source = text.replace(PLACE, `if (globalThis.keepsQuiet(stream, proved)) return;\n${PLACE}`);
  if (source === text) throw new Error(`${url} acknowledges nothing with "${PLACE}"`);
  return { ...loaded, source };
};
