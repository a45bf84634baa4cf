import { createHash } from "node:crypto";
import { dirname, basename } from "node:path";
import { HostError } from "@edgemere/agent";
import type { FileTransfers } from "@edgemere/agent";
import type { FakeFiles, FilePlace } from "./fake-files.ts";

const sha256Of = (bytes: Uint8Array): string => createHash("sha256").update(bytes).digest("hex");

/** The files of a fake host that come and go: what came in part outlives the agent, as it does on a disk. */
export function fakeTransfers(files: FakeFiles): FileTransfers {
  const parts = new Map<string, Buffer>();
  const placeOf = ({ path, roots }: { readonly path: string; readonly roots: readonly string[] }): FilePlace => {
    if (roots.some((root) => path.startsWith(`${root}/`))) return { directory: dirname(path), name: basename(path) };
    throw new HostError(
      "not-allowed",
      `${path} lies in none of the folders that are open to files: ${roots.join(", ")}`,
    );
  };
  return {
    receive: async ({ mark, bytes, sha256, ...request }) => {
      const place = placeOf(request);
      const there = files.contentOf(place);
      if (there !== undefined && sha256Of(there) === sha256) return "there";
      const { freeBytes, totalBytes } = files.room();
      if (bytes > freeBytes)
        throw new HostError("no-room", `${bytes} bytes are to come, and ${freeBytes} of ${totalBytes} are free`);
      const now = () => parts.get(mark) ?? Buffer.alloc(0);
      return {
        get received() {
          return now().length;
        },
        write: async (piece) => void parts.set(mark, Buffer.concat([now(), piece])),
        read: async (from, limit) => now().subarray(from, from + limit),
        cut: async (length) => void parts.set(mark, now().subarray(0, length)),
        digest: () => sha256Of(now()),
        place: async () => {
          files.put(place, now());
          parts.delete(mark);
        },
        discard: async () => void parts.delete(mark),
        [Symbol.asyncDispose]: async () => {},
      };
    },
    remove: async ({ sha256, ...request }) => {
      const place = placeOf(request);
      const there = files.contentOf(place);
      if (there === undefined) return "absent";
      if (sha256Of(there) !== sha256) return "other";
      files.remove(place);
      return "removed";
    },
    list: async ({ path, roots, after, most }) => {
      if (path !== "" && !roots.includes(path)) placeOf({ path, roots });
      const found =
        path === ""
          ? roots.map((name) => ({ name, type: "folder" as const, bytes: 0, modifiedAt: 0 }))
          : (await files.listFiles(path)).map((file) => ({ ...file, type: "file" as const }));
      const entries = found.filter(({ name }) => name > after).map((each) => ({ ...each, mode: 0o644 }));
      return { entries: entries.slice(0, most), hasMore: entries.length > most, unnamed: 0 };
    },
    forget: async ({ mark }) => void parts.delete(mark),
    open: async (request) => {
      const place = placeOf(request);
      const content = files.contentOf(place);
      if (content === undefined) throw new HostError("not-found", `${request.path} does not exist`);
      return {
        bytes: content.length,
        revision: sha256Of(content),
        read: async (from, limit) => content.subarray(from, from + limit),
        isUnchanged: async () => files.contentOf(place) === content,
        [Symbol.asyncDispose]: async () => {},
      };
    },
  };
}
