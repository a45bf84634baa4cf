import { commandKinds, isCommandKind, kindOfTask, type Command, type CommandKind } from "@edgemere/protocol";
import { ConfigError, linesOf } from "@edgemere/protocol/config";
import { interpreterOf } from "./interpreter.ts";
import { DAY, HOUR, MINUTE } from "@edgemere/protocol/kit";

/** What the owner of a host forbids its agent. What is absent forbids nothing. */
export interface LocalPolicy {
  readonly forbid: readonly CommandKind[];
  /** The programs that exec may run, and script as interpreters, by their whole paths. */
  readonly programs?: readonly string[];
  /** Who may ask for dangerous commands. */
  readonly actors?: readonly string[];
  /** When dangerous commands may start, milliseconds since midnight UTC; over midnight when `until` is before `from`. */
  readonly hours?: { readonly from: number; readonly until: number };
}

const KEYS = ["forbid", "programs", "actors", "hours"];

/** Reads the rules of a host. Throws ConfigError: what is not understood must not be taken for permission. */
export function policyFrom(text: string): LocalPolicy {
  const { forbid, programs, actors, hours, ...rest } = linesOf(text, "the policy");
  const [stranger] = Object.keys(rest);
  if (stranger !== undefined) throw new ConfigError(`"${stranger}" is none of ${KEYS.join(", ")}`);
  return {
    forbid: forbid === undefined ? [] : listOf("forbid", forbid, kindFrom),
    ...(programs !== undefined && { programs: listOf("programs", programs, programFrom) }),
    ...(actors !== undefined && { actors: listOf("actors", actors, (actor) => actor) }),
    ...(hours !== undefined && { hours: hoursFrom(hours) }),
  };
}

/** Which rule forbids a command at the moment `now`; undefined when none does. */
export function forbiddenBy({ forbid, programs, actors, hours }: LocalPolicy, command: Command, now: number) {
  const kind = kindOfTask(command.task);
  if (kind === undefined) return undefined;
  if (forbid.includes(kind)) return `forbid: ${kind} never runs on this host`;
  if (!commandKinds[kind].dangerous) return undefined;
  if (actors !== undefined && !actors.includes(command.actor))
    return `actors: ${command.actor || "nobody"} may not ask for ${kind} on this host`;
  if (hours !== undefined && !isWithin(hours, now)) return `hours: ${kind} does not start at this hour on this host`;
  const program = programOf(command);
  if (program !== undefined && programs !== undefined && !programs.includes(program))
    return `programs: ${program} is none that ${kind} may run on this host`;
  return undefined;
}

/** The program that a command runs by name; undefined for a kind that runs none of the caller's choice. */
function programOf({ exec, script }: Command): string | undefined {
  if (exec) return exec.argv[0] ?? "";
  return script ? interpreterOf(script)[0] : undefined;
}

function isWithin({ from, until }: { readonly from: number; readonly until: number }, now: number): boolean {
  const time = now % DAY;
  return from <= until ? time >= from && time < until : time >= from || time < until;
}

function listOf<T>(key: string, value: unknown, read: (text: string) => T): readonly T[] {
  if (!Array.isArray(value)) throw new ConfigError(`${key}: must be a list`);
  return value.map((each: unknown) => {
    if (typeof each !== "string" || each === "") throw new ConfigError(`${key}: must be a list of words`);
    return read(each);
  });
}

function kindFrom(text: string): CommandKind {
  if (isCommandKind(text)) return text;
  throw new ConfigError(`forbid: there is no kind "${text}"; those there are: ${Object.keys(commandKinds).join(", ")}`);
}

function programFrom(text: string): string {
  if (text.startsWith("/")) return text;
  throw new ConfigError(`programs: "${text}" must be a whole path, such as /usr/bin/${text}`);
}

function hoursFrom(value: unknown): { readonly from: number; readonly until: number } {
  const [, ...parts] = /^(\d\d):(\d\d)-(\d\d):(\d\d)$/.exec(typeof value === "string" ? value : "") ?? [];
  const [fromHour = 24, fromMinute = 60, untilHour = 24, untilMinute = 60] = parts.map(Number);
  if (Math.max(fromHour, untilHour) > 23 || Math.max(fromMinute, untilMinute) > 59)
    throw new ConfigError("hours: must be like 22:00-05:30");
  return { from: fromHour * HOUR + fromMinute * MINUTE, until: untilHour * HOUR + untilMinute * MINUTE };
}
