import { type TProperties, Type } from "@sinclair/typebox";
import { limits } from "@edgemere/protocol";
import { SECOND } from "@edgemere/protocol/kit";

type Given = Readonly<Record<string, unknown>>;

const script = (description: string) => Type.String({ maxLength: 24_576, description });

/** How long a change that may cut a device off waits for the session that confirms it. */
export const confirmWithin = Type.Optional(
  Type.Integer({
    minimum: 5,
    maximum: 3_600,
    default: 120,
    description: "Seconds until the new session; the job's runTimeout must be longer",
  }),
);

/** How the network of a device is changed, and how that is taken back. */
export const networkChange = {
  apply: script("Script of /bin/sh that makes the change; on the command line apply=@FILE takes it from a file"),
  revert: Type.Optional(
    script("Script of /bin/sh that takes it back, after the files are as they were; may run more than once"),
  ),
  files: Type.Optional(
    Type.Array(Type.String({ maxLength: 4_096, pattern: "^/" }), {
      maxItems: limits.keptFiles,
      description: "Files that the change touches: kept as they are, and put back when it is taken back",
    }),
  ),
  confirmWithin,
} satisfies TProperties;

/** What is wrong with such a change that fits the schema. */
export function networkWrong({ apply, revert = "", files = [] }: Given) {
  if (String(apply).trim() === "") return { field: "apply", detail: '"apply" is empty: nothing would be changed' };
  if (revert !== "" || (files as readonly string[]).length > 0) return undefined;
  return { field: "revert", detail: '"revert" or "files" is required: nothing says how the change is taken back' };
}

/** Such a change as its message has it. */
export function networkOnWire({ apply, revert = "", confirmWithin, ...given }: Given): Given {
  const bytesOf = (text: unknown) => Buffer.from(typeof text === "string" ? text : "");
  return { ...given, apply: bytesOf(apply), revert: bytesOf(revert), confirmWithinMs: Number(confirmWithin) * SECOND };
}
