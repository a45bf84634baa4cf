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
import { withInstants } from "../../platform/with-instants.ts";
import { kinds } from "./kinds.ts";

// Beside them a command holds ids, names, instants and a signature.
const LARGEST_ARGUMENTS = limits.commandBytes - 4_096;

/**
 * The arguments as they will be sent, `beside` so many bytes of something else; instants such as -2h are reckoned from `now`. Throws Problem that
 * names each field, `at` its place in the input.
 */
export function checkedArguments(
  kind: CommandKind,
  given: Readonly<Record<string, unknown>>,
  now: number,
  { beside = 0, at = "/arguments" }: { readonly beside?: number; readonly at?: string } = {},
): Record<string, unknown> {
  const schema = kinds[kind].arguments;
  const value = Value.Default(schema, withInstants(schema, Value.Clone(given), now)) as Record<string, unknown>;
  const errors = [...fieldProblems(schema, value, { what: kind })];
  const wrong = errors.length === 0 ? kinds[kind].check?.(value) : undefined;
  if (wrong !== undefined) errors.push({ pointer: `/${wrong.field}`, detail: wrong.detail });
  if (errors.length === 0) return notTooLarge(kind, value, { most: LARGEST_ARGUMENTS - beside, at });
  throw new Problem("invalid-input", errors.map(({ detail }) => detail).join("; "), {
    errors: errors.map(({ pointer, detail }) => ({ pointer: `${at}${pointer}`, detail })),
  });
}

function notTooLarge(
  kind: CommandKind,
  value: Record<string, unknown>,
  { most, at }: { readonly most: number; readonly at: string },
): Record<string, unknown> {
  const bytes = v1.Command.encode(taskOf(kind, value)).finish().length;
  if (bytes <= most) return value;
  throw new Problem(
    "invalid-input",
    `the arguments of ${kind} are too large: ${bytes} bytes, over the limit of ${most}`,
    { errors: [{ pointer: at, detail: `must take at most ${most} bytes` }] },
  );
}

type Task = Partial<Pick<CommandMessage, TaskName>>;

/** The arguments as the field of a Command that carries them. */
export function taskOf(kind: CommandKind, given: Readonly<Record<string, unknown>>): Task {
  return { [commandKinds[kind].task]: kinds[kind].onWire?.(given) ?? given };
}
