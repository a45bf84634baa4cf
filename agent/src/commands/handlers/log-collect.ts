import { limits } from "@edgemere/protocol";
import type { Handler } from "./handler.ts";

const MOST_BYTES = 8 * 1024 ** 2;
const UNIT = /^[A-Za-z0-9_@:.\\][A-Za-z0-9_@:.\\-]{0,200}$/;

/** Sends what files and the journal have, within a budget; or says how much that would be. */
export const logCollect: Handler<"log.collect"> = {
  check: ({ files, units, journal, sinceMs, untilMs }) => {
    if (files.length + units.length === 0 && !journal)
      return "files, units: none is named, and the journal was not asked for";
    const path = files.find((each) => !each.startsWith("/") || each.includes("\0"));
    if (path !== undefined) return `files: ${path} must start with /`;
    const unit = units.find((each) => !UNIT.test(each));
    if (unit !== undefined) return `units: "${unit}" cannot be the name of a service`;
    return untilMs > 0 && untilMs < sinceMs ? "until_ms: is before since_ms" : undefined;
  },
  run: async (given, { host, logRoots: roots, output: onOutput, signal }) => {
    const { files, units, journal: isJournal, sinceMs: since, untilMs: until, estimate: isEstimate } = given;
    const maxBytes = Math.min(given.maxBytes, MOST_BYTES);
    const request = { files, units, isJournal, since, until, maxBytes, isEstimate, roots, onOutput, signal };
    const { sources, outputBytes } = await host.collectLogs(request);
    const totalBytes = sources.reduce((sum, { bytes }) => sum + bytes, 0);
    const sentBytes = sources.reduce((sum, each) => sum + each.sentBytes, 0);
    return {
      result: {
        sources: sources.slice(0, limits.logSources),
        totalBytes,
        outputBytes,
        droppedBytes: isEstimate ? 0 : totalBytes - sentBytes,
      },
    };
  },
};
