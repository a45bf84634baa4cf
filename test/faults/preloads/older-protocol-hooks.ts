import type { LoadHook } from "node:module";

const MESSAGES = /\/protocol\/generated\/v1\.js$/;
/** A number that no field has. */
const NOWHERE = 536_870_911;

/** Of the module that reads and writes messages, a text in which a field stands under no number: `37:logCollect`. */
export const load: LoadHook = async (url, context, next) => {
  const loaded = await next(url, context);
  if (!MESSAGES.test(url)) return loaded;
  const [number = "", field = ""] = (process.env["EDGEMERE_FAULT_UNKNOWN"] ?? "").split(":");
  const text = Buffer.from(loaded.source as Uint8Array).toString();
  const reading = new RegExp(
    `case ${number}: (\\{\\s+if \\(wireType !== 2\\)\\s+break;\\s+message\\.${field} = )`,
    "g",
  );
  const source = text.replace(reading, `case ${NOWHERE}: $1`);
  if (source === text) throw new Error(`no message has a field ${field} under the number ${number}`);
  return { ...loaded, source };
};
