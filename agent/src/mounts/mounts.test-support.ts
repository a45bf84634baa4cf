import { createHash } from "node:crypto";
import { Chunker, encodeChunks } from "@edgemere/protocol";
import { silentLog, type Clock } from "@edgemere/protocol/kit";
import { SimulatedDisk, seededRandom } from "@edgemere/protocol/simulated";
import { Pace } from "../commands/files/pace.ts";
import { PartFiles } from "../commands/files/part-files.ts";
import type { FileSurroundings } from "../commands/files/transfer.ts";
import { ContentRefused } from "../link/content-road.ts";
import { NotHere } from "../neighbours/taking.ts";

export const hashOf = (content: Uint8Array) => createHash("sha256").update(content).digest("hex");

/** A control plane that has contents, and a neighbour that may have them too. What each does is changed at will. */
export function holders(contents: readonly Buffer[], clock: Clock) {
  const known = new Map(contents.map((content) => [hashOf(content), content]));
  const asked: string[] = [];
  const lied: string[] = [];
  const centre = { isThere: true, gives: (bytes: Buffer): Uint8Array => bytes };
  const neighbour = { gives: undefined as ((bytes: Buffer) => Uint8Array) | undefined };
  const contentOf = (sha256: string) => {
    const content = known.get(sha256);
    if (content === undefined || !centre.isThere) throw new ContentRefused("it is not here any more");
    return content;
  };
  const road: FileSurroundings["road"] = {
    fetch: async ({ command, from, limit }) => {
      asked.push(`centre ${from}`);
      return centre.gives(contentOf(command).subarray(from, from + limit));
    },
    chunks: async ({ command, from, limit }) => {
      const chunker = new Chunker();
      chunker.write(contentOf(command));
      return encodeChunks(chunker.end()).subarray(from, from + limit);
    },
    neighbours: async (command) => ({
      permit: command,
      neighbours: neighbour.gives === undefined ? [] : [{ device: "n1", address: "n1:1" }],
    }),
    offer: async () => ({ received: 0, state: "uploading", reason: "" }),
    send: async () => ({ received: 0, state: "uploading", reason: "" }),
    [Symbol.asyncDispose]: async () => {},
  };
  const files: FileSurroundings = {
    clock,
    random: seededRandom(1),
    log: silentLog,
    road,
    transfers: undefined,
    neighbours: {
      fetch: async (_, { permit, from, limit }) => {
        asked.push(`neighbour ${from}`);
        const content = known.get(permit);
        if (content === undefined || neighbour.gives === undefined) throw new NotHere();
        return neighbour.gives(content.subarray(from, from + limit));
      },
      [Symbol.asyncDispose]: async () => {},
    },
    lied: (device) => void lied.push(device),
    pace: new Pace({ windows: [] }, clock, () => clock.now()),
    parts: new PartFiles({ disk: new SimulatedDisk(), log: silentLog }),
    roots: [],
  };
  return { files, asked, lied, centre, neighbour };
}
