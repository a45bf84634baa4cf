import { randomUUID } from "node:crypto";
import type { Command } from "commander";
import * as contracts from "../src/contracts.ts";
import type { Output, Path } from "../src/faces/client.ts";
import type { AnyAction } from "../src/platform/action.ts";
import { exportAudit, verifyAudit } from "./audit.ts";
import type { Entry, Given } from "./entry.ts";
import { exitCodes, TimedOut, UsageError } from "./failure.ts";
import { bareField, fieldsOf, type Field } from "./fields.ts";
import { declareField, example, typedFor } from "./options.ts";
import { collectPages, isList, LIST_FIELDS } from "./pages.ts";
import type { Session } from "./session.ts";
import { UNTIL_FORMS, refuseUnlessGoal } from "./until.ts";
import { showJobOutput, waits, waitsUntil } from "./wait.ts";
import { valueOf } from "./values.ts";
import { FOLLOWING_FIELDS, showValues } from "./watch-values.ts";

/** Every action of the contracts. */
export function listActions(): readonly AnyAction[] {
  const isAction = (value: unknown): value is AnyAction =>
    typeof value === "object" && value !== null && "path" in value && "effect" in value && "permission" in value;
  const isGroup = (value: unknown): value is object =>
    typeof value === "object" &&
    value !== null &&
    Object.values(value).length > 0 &&
    Object.values(value).every(isAction);
  return Object.values(contracts)
    .flatMap((contract): readonly unknown[] => Object.values(contract))
    .flatMap((value): readonly unknown[] => (isGroup(value) ? Object.values(value) : [value]))
    .filter(isAction);
}

/** An action as a command: its options are the fields of its input. */
export function commandOf(action: AnyAction): Entry {
  const path = action.path as Path;
  const paged = isList(action);
  const isFollowed = path === "cpl/ta/watch";
  const own = [...(paged ? LIST_FIELDS : []), ...(isFollowed ? FOLLOWING_FIELDS : [])];
  const fields = fieldsOf(action).filter(({ name }) => !own.includes(name));
  const bare = bareField(fields);
  return {
    words: path.split("/"),
    summary: action.summary,
    declare: (command, shortName) => {
      if (action.description) command.description(`${action.summary}.\n\n${action.description}`);
      if (bare !== undefined) command.argument(`[${bare.flag}]`, bare.description);
      for (const field of fields) declareField(command, field);
      if (paged) declarePages(command);
      if (isFollowed) command.option("--count <number>", "end after so many values", positiveInteger("--count"));
      if (waits[path] !== undefined)
        command.option("--wait", "wait for the end and show what happens; the exit code tells how it ended");
      if (waitsUntil.includes(path))
        command.option("--until <goal>", `with --wait: go on before the end, ${UNTIL_FORMS}`);
      if (action.effect === "destroy") command.option("-y, --yes", "do not ask");
      command.addHelpText("after", `\nExample:\n  edgemere ${shortName}${example(path, fields, bare)}`);
    },
    run: async (given, session) => {
      // Before anything is begun.
      const until = untilOf(given);
      const input = await inputOf(fields, bare, given, session);
      if (action.effect === "destroy") await makeSure(action, input, given, session);
      if (paged) return showPages(path, input, given, session);
      if (path === "cpl/dm/job/output" && session.output.format === "table" && Object.keys(input).length === 1)
        return showJobOutput(input as { job: string }, session);
      if (isFollowed) return showValues(input, (given.options["count"] as number | undefined) ?? Infinity, session);
      if (path === "ia/audit/verify") return verifyAudit(input, session);
      if (path === "ia/audit/export") return exportAudit(input, session);
      const output = await (action.takesLong
        ? askUntilAnswered(path, input, session)
        : session.client.ask(path, input));
      const wait = given.options["wait"] ? waits[path] : undefined;
      if (wait !== undefined) return wait(output as never, session, until);
      session.output.show(path, output);
      return codeOf(path, output);
    },
  };
}

function untilOf({ options }: Given): string | undefined {
  const { until, wait } = options as { until?: string; wait?: true };
  if (until === undefined) return undefined;
  if (wait !== true) throw new UsageError("--until tells how long to wait: give --wait too");
  return refuseUnlessGoal(until);
}

/** Asks again under the same key whenever a request has lasted its time: that joins the one under way, and begins nothing twice. */
export async function askUntilAnswered(
  path: string,
  input: object,
  { client, signal, say }: Pick<Session, "client" | "signal" | "say">,
): Promise<unknown> {
  const idempotencyKey = randomUUID();
  for (;;) {
    try {
      return await client.ask(path, input, { idempotencyKey });
    } catch (error) {
      if (!(error instanceof TimedOut) || signal.aborted) throw error;
      say("it is still under way; Ctrl-C leaves it to itself");
    }
  }
}

/** An answer may itself tell of a failure. */
function codeOf(path: Path, output: unknown): number {
  if (path === "ops/backup/drill" && !(output as Output<typeof path>).passed) return exitCodes.failed;
  return exitCodes.done;
}

function declarePages(command: Command): void {
  command
    .option("--limit <count>", "show at most so many (default: 50)", positiveInteger("--limit"))
    .option("--all", "show all, however many there are")
    .option("--cursor <cursor>", "go on where an earlier list ended");
}

const positiveInteger =
  (flag: string) =>
  (text: string): number => {
    if (!/^[1-9]\d{0,8}$/.test(text)) throw new UsageError(`${flag} takes a whole number from 1, not "${text}"`);
    return Number(text);
  };

async function showPages(path: string, input: object, { options }: Given, session: Session): Promise<number> {
  const { all, limit, cursor } = options as { all?: true; limit?: number; cursor?: string };
  if (all && limit !== undefined) throw new UsageError("--all and --limit contradict each other; give one of them");
  const page = await collectPages(
    (pageInput) => session.client.ask(path, { ...input, ...pageInput }),
    all ? Number.POSITIVE_INFINITY : (limit ?? 50),
    cursor,
  );
  session.output.show(path, page);
  if (page.next !== undefined && session.output.format === "table")
    session.say(`there are more: use --all, a higher --limit, or --cursor ${page.next}`);
  return exitCodes.done;
}

/** The input as typed; secrets are asked for, or read from where nobody looks on. */
async function inputOf(
  fields: readonly Field[],
  bare: Field | undefined,
  given: Given,
  { prompter }: Session,
): Promise<Record<string, unknown>> {
  const typed = typedFor(fields, bare, given);
  const missing = fields.filter(({ name, required, secret }) => required && !secret && !typed.has(name));
  if (missing.length > 0)
    throw new UsageError(
      `missing: ${missing.map(({ flag, choices }) => `--${flag}${choices.length > 0 ? ` (${choices.join(", ")})` : ""}`).join(", ")}; add --help for an explanation`,
    );
  const input: Record<string, unknown> = {};
  for (const field of fields) {
    const texts = typed.get(field.name);
    const file = field.secret ? (given.options[`${field.name}File`] as string | undefined) : undefined;
    if (file !== undefined && field.kind !== "text")
      input[field.name] = await valueOf(field, [`@${file}`], (name) => prompter.readText(name));
    else if (file !== undefined) input[field.name] = (await prompter.readText(file)).replace(/\r?\n$/, "");
    else if (field.secret && field.required)
      input[field.name] = await prompter.secret(`${field.description || field.flag}: `);
    else if (typeof texts === "boolean") input[field.name] = texts;
    else if (texts !== undefined) input[field.name] = await valueOf(field, texts, (name) => prompter.readText(name));
  }
  return input;
}

async function makeSure(action: AnyAction, input: object, given: Given, { prompter }: Session): Promise<void> {
  if (given.options["yes"]) return;
  const what = `${action.summary} (${Object.values(input).map(String).join(" ")})`;
  if (!prompter.isInteractive)
    throw new UsageError(`this cannot be undone and there is nobody to ask; add --yes if it is meant: ${what}`);
  if (!(await prompter.confirm(`${what}.\nThis cannot be undone. Go on?`)))
    throw new UsageError("not done: it was not confirmed");
}
