import { Type } from "@sinclair/typebox";
import { limits, type CommandKind } from "@edgemere/protocol";
import type { Caller } from "../../platform/caller.ts";
import { ask } from "../../platform/dispatch.ts";
import type { PlatformContext } from "../../platform/context.ts";
import { Problem } from "../../platform/problem.ts";
import { findFile } from "../files/contract.ts";
import { findRelease } from "../releases/contract.ts";
import { withRelease } from "./upgrade-arguments.ts";

type Given = Readonly<Record<string, unknown>>;

const DEFAULT_MOST = 16 * 1024 ** 2;
const path = Type.String({
  minLength: 2,
  maxLength: 4_096,
  pattern: "^/[^\\x00]*[^/\\x00]$",
  description: "Where on the device; below one of the folders that it opened to files",
});

export const filePutArguments = {
  file: Type.String({
    minLength: 1,
    maxLength: 256,
    description: "The uploaded file: id or name; see edgemere file put",
  }),
  path,
  mode: Type.Optional(
    Type.String({
      pattern: "^0?[0-7]{3}$",
      description: "Permission bits, octal: 0644 [those of the file that stands there, else 0644]",
    }),
  ),
  owner: Type.Optional(
    Type.String({
      pattern: "^[a-z_][a-z0-9_-]{0,31}\\$?$",
      description:
        "User of the device whose it is to be [the owner of the file that stands there, else the agent's user]",
    }),
  ),
  sha256: Type.Optional(
    Type.String({
      pattern: "^[0-9a-f]{64}$",
      description: "Hash that the content must have, of who wants to be sure which it is",
    }),
  ),
  bytes: Type.Optional(Type.Integer({ minimum: 0, maximum: limits.fileBytes, description: "How many it must have" })),
};

export const fileGetArguments = {
  path,
  maxBytes: Type.Optional(
    Type.Integer({
      minimum: 1,
      maximum: limits.fileBytes,
      default: DEFAULT_MOST,
      description: "One that is larger is not sent",
    }),
  ),
};

export const fileListArguments = {
  path: Type.Optional(
    Type.String({
      maxLength: 4_096,
      pattern: "^(/[^\\x00]*[^/\\x00])?$",
      description: "The folder; when it is left out, those that the device opened to files",
    }),
  ),
  after: Type.Optional(
    Type.String({ maxLength: 4_096, description: "The last name of the page before, for the next one" }),
  ),
  most: Type.Optional(
    Type.Integer({
      minimum: 1,
      maximum: limits.fileEntries,
      default: limits.fileEntries,
      description: "So many entries",
    }),
  ),
};

export const filePutOnWire = ({ mode, sha256, file: _, ...given }: Given): Given => ({
  ...given,
  sha256: Buffer.from(typeof sha256 === "string" ? sha256 : "", "hex"),
  ...(typeof mode === "string" && { mode: Number.parseInt(mode, 8) }),
});

/**
 * The arguments with what the content is, where a kind names a file or a release: what is signed names that by its hash, so that nobody on the way can give a
 * device another. Throws Problem when whoever asks may not see the file, or it is not what they say.
 */
export async function withContent<G extends Given>(
  kind: CommandKind,
  given: G,
  caller: Caller,
  context: Pick<PlatformContext, "dispatch">,
): Promise<G> {
  const asked = { ...caller, idempotencyKey: undefined };
  if (kind === "agent.upgrade")
    return withRelease(given, async (release) => ask(findRelease, { release }, asked, context));
  if (kind !== "file.put") return given;
  const { id, name, state, sha256, bytes } = await ask(findFile, { file: String(given["file"]) }, asked, context);
  if (state !== "ready") throw new Problem("conflict", `the file "${name}" is ${state}: its upload has to end first`);
  refuseOther("sha256", given["sha256"], sha256, name);
  refuseOther("bytes", given["bytes"], bytes, name);
  return { ...given, file: id, sha256, bytes };
}

function refuseOther(field: string, given: unknown, is: string | number, name: string): void {
  if (given === undefined || given === is) return;
  throw new Problem("invalid-input", `"${field}" is not that of the file "${name}", which has ${is}`, {
    errors: [{ pointer: `/arguments/${field}`, detail: `must be ${is}, or be left out` }],
  });
}
