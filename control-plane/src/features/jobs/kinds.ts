import { type TObject, Type } from "@sinclair/typebox";
import { Value } from "@sinclair/typebox/value";
import {
  commandKinds,
  limits,
  v1,
  type Command as CommandMessage,
  type CommandKind,
  type TaskName,
} from "@edgemere/protocol";
import { fieldProblems } from "../../platform/field-problems.ts";
import { Problem } from "../../platform/problem.ts";

interface KindDeclaration {
  readonly summary: string;
  /** Needed beside `job:create`. */
  readonly permission: string;
  readonly arguments: TObject;
}

const closed = <T extends TObject>(schema: T): T => ({ ...schema, additionalProperties: false });

/** What may be asked of a device, and with which arguments. */
export const kinds: { readonly [K in CommandKind]: KindDeclaration } = {
  ping: { summary: "Ask for a sign of life", permission: "command:ping", arguments: closed(Type.Object({})) },
  exec: {
    summary: "Run a program, without a shell",
    permission: "command:exec",
    arguments: closed(
      Type.Object({
        argv: Type.Array(Type.String({ maxLength: 4_096 }), {
          minItems: 1,
          maxItems: 256,
          description: 'The program and its arguments: ["uname", "-a"]',
        }),
        cwd: Type.Optional(Type.String({ maxLength: 4_096, description: "Folder to run it in" })),
        env: Type.Optional(Type.Record(Type.String(), Type.String(), { description: "Environment variables to add" })),
        stdin: Type.Optional(Type.String({ maxLength: 32_768, description: "What it reads from its standard input" })),
        maxOutputBytes: Type.Optional(
          Type.Integer({
            minimum: 0,
            maximum: 16_777_216,
            default: 1_048_576,
            description: "Output above this is dropped and counted",
          }),
        ),
      }),
    ),
  },
  "inventory.refresh": {
    summary: "Take stock of the device now",
    permission: "command:inventory.refresh",
    arguments: closed(Type.Object({})),
  },
  "service.status": {
    summary: "Ask how a service is",
    permission: "command:service.status",
    arguments: closed(
      Type.Object({
        name: Type.String({ minLength: 1, maxLength: 256, description: "Name of the service, such as ssh" }),
      }),
    ),
  },
  "service.restart": {
    summary: "Restart a service",
    permission: "command:service.restart",
    arguments: closed(
      Type.Object({
        name: Type.String({ minLength: 1, maxLength: 256, description: "Name of the service, such as mosquitto" }),
      }),
    ),
  },
  reboot: {
    summary: "Reboot the device",
    permission: "command:reboot",
    arguments: closed(Type.Object({})),
  },
};

// Beside them a command holds ids, names, instants and a signature.
const LARGEST_ARGUMENTS = limits.commandBytes - 4_096;

/** The arguments as they will be sent, `beside` so many bytes of something else. Throws Problem that names each field. */
export function checkedArguments(
  kind: CommandKind,
  given: Readonly<Record<string, unknown>>,
  beside = 0,
): Record<string, unknown> {
  const schema = kinds[kind].arguments;
  const value = Value.Default(schema, Value.Clone(given)) as Record<string, unknown>;
  const errors = fieldProblems(schema, value, { what: kind });
  if (errors.length === 0) return notTooLarge(kind, value, LARGEST_ARGUMENTS - beside);
  throw new Problem("invalid-input", errors.map(({ detail }) => detail).join("; "), {
    errors: errors.map(({ pointer, detail }) => ({ pointer: `/arguments${pointer}`, detail })),
  });
}

function notTooLarge(kind: CommandKind, value: Record<string, unknown>, most: number): Record<string, unknown> {
  const bytes = v1.Command.encode(taskOf(kind, value)).finish().length;
  if (bytes <= most) return value;
  throw new Problem(
    "invalid-input",
    `the arguments of ${kind} are too large: ${bytes} bytes, over the limit of ${most}`,
    { errors: [{ pointer: "/arguments", detail: `must take at most ${most} bytes` }] },
  );
}

type Task = Partial<Pick<CommandMessage, TaskName>>;

/** The arguments as the field of a Command that carries them. */
export function taskOf(kind: CommandKind, given: Readonly<Record<string, unknown>>): Task {
  const content = typeof given["stdin"] === "string" ? { ...given, stdin: Buffer.from(given["stdin"]) } : given;
  return { [commandKinds[kind].task]: content };
}
