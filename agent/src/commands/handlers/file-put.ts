import { limits } from "@edgemere/protocol";
import { fetchInto, isToGoOn } from "../files/fetching.ts";
import { mistakeInPath } from "../files/mistake-in-path.ts";
import type { ArgumentsOf, Handler, HandlerContext, Outcome, ResultOf } from "./handler.ts";

const NO_SPECIAL_BITS = 0o777;

/** Puts content in place that the command names by its hash: all of it or nothing, and nothing else. */
export const filePut: Handler<"file.put"> = {
  check: ({ path, sha256, bytes, mode, owner }) => {
    if (sha256.length !== 32) return "sha256: must have 32 bytes";
    if (bytes > limits.fileBytes) return `bytes: a file has at most ${limits.fileBytes}`;
    if (mode > NO_SPECIAL_BITS) return "mode: may hold no setuid, setgid and sticky bit";
    if (owner !== "" && !/^[a-z_][a-z0-9_-]{0,31}\$?$/.test(owner)) return "owner: cannot be the name of a user";
    return mistakeInPath(path);
  },
  run: (given, context) => putFile(given, context, [given.path]),
};

/** The same, with the files here that may hold some of the content already. */
export async function putFile(
  given: ArgumentsOf<"file.put">,
  context: HandlerContext,
  similar: readonly string[],
): Promise<Outcome<ResultOf<"file.put">>> {
  const { transfers, road, parts, roots } = context.files;
  if (transfers === undefined || road === undefined)
    return { reason: "unsupported", detail: "no file comes to this device" };
  const { path, bytes } = given;
  const { command, signal } = context;
  const sha256 = Buffer.from(given.sha256).toString("hex");
  const request = { path, roots, mark: command, bytes, sha256, ...belonging(given) };
  await parts.note(command, { path, roots });
  let isLeft = false;
  try {
    const wanted = { bytes, sha256, road, similar: { paths: similar, roots, transfers } };
    return await fetchInto(() => transfers.receive(request), wanted, context);
  } catch (error) {
    isLeft = isToGoOn(error, signal);
    throw error;
  } finally {
    if (!isLeft) await parts.forget(command);
  }
}

const belonging = ({ mode, owner }: ArgumentsOf<"file.put">) => ({
  ...(mode !== 0 && { mode }),
  ...(owner !== "" && { owner }),
});
