import { readFileSync } from "node:fs";
import { Command, Option } from "commander";
import { commandOf, listActions } from "./actions.ts";
import { findByWords, shortName } from "./address.ts";
import { complete } from "./completion.ts";
import { listContexts, removeContext, useContext } from "./context-commands.ts";
import { DEFAULT_SERVER } from "./contexts.ts";
import type { Entry, Given } from "./entry.ts";
import { listExplanations } from "./explain.ts";
import { exitCodeOf, exitCodes, explain, UsageError } from "./failure.ts";
import { getFile } from "./file-get.ts";
import { putFile } from "./file-put.ts";
import { helpText } from "./help.ts";
import { formats } from "./output.ts";
import { uploadRelease } from "./release-upload.ts";
import { openSession, type CommonFlags } from "./session.ts";
import { setUp, signIn, signOut } from "./sign-in.ts";
import { status } from "./status.ts";
import { openTerminal } from "./terminal-command.ts";
import type { Terminal } from "./terminal.ts";
import { watch } from "./watch.ts";

/** Every command: the own ones, and one per action. Signing in has its own, which keeps the session. */
export const listEntries = (): readonly Entry[] => {
  const own = [
    status,
    signIn,
    signOut,
    setUp,
    watch,
    openTerminal,
    ...listExplanations(),
    putFile,
    getFile,
    uploadRelease,
    complete(listEntries),
    listContexts,
    useContext,
    removeContext,
  ];
  const replaced = new Set(own.map(({ words }) => words.join("/")));
  return [
    ...own,
    ...listActions()
      .filter(({ path }) => !replaced.has(path as string))
      .map(commandOf),
  ];
};

/** Runs one command line; gives the exit code. Never throws. */
export async function runCommandLine(argv: readonly string[], terminal: Terminal): Promise<number> {
  let flags: CommonFlags = {};
  let server: string | undefined = DEFAULT_SERVER;
  try {
    const entries = listEntries();
    const { leading, words, rest } = splitLine(argv);
    if (leading.some((each) => each === "--version" || each === "-V")) return say(terminal, `${version()}\n`);
    if (words.length === 0) return say(terminal, helpText(entries), codeOfHelp(argv));
    if (words[0] === "help") return await runCommandLine([...words.slice(1), "--help"], terminal);
    const found = findByWords(entries, words);
    if (found.kind === "several")
      throw new UsageError(
        `"${words.join(" ")}" may mean: ${found.candidates.map((each) => `edgemere ${each}`).join(", ")}`,
      );
    if (found.kind === "none") throw new UsageError(`there is no command "${words.join(" ")}"${hint(found.near)}`);
    if (found.kind === "group") return say(terminal, helpText(entries, found.words), codeOfHelp(rest));
    const given = parse(entries, found.entry, [...leading, ...found.rest, ...rest], terminal);
    flags = given.options;
    const session = await openSession(flags, terminal);
    // Whoever is signing in need not be told to sign in.
    server = found.entry === signIn || found.entry === setUp ? undefined : session.target.server;
    try {
      return await found.entry.run(given, session);
    } finally {
      session.prompter.close();
    }
  } catch (error) {
    terminal.stderr.write(explain(error, { server, verbose: flags.verbose === true }));
    return exitCodeOf(error);
  }
}

function parse(entries: readonly Entry[], entry: Entry, line: readonly string[], terminal: Terminal): Given {
  const command = new Command(`edgemere ${shortName(entries, entry)}`)
    .description(entry.summary)
    .configureOutput({
      writeOut: (text) => void terminal.stdout.write(text),
      writeErr: (text) => void terminal.stderr.write(text),
      outputError: (text, write) => write(`edgemere: ${text.replace(/^error: /, "")}`),
    })
    .showHelpAfterError("  add --help for an explanation")
    .exitOverride();
  entry.declare(command, shortName(entries, entry));
  for (const option of commonOptions()) command.addOption(option.helpGroup("Options of every command:"));
  // "complete -- words" hands over the dashes themselves.
  const [first, ...others] = line;
  command.parse(entry.words[0] === "complete" && first === "--" ? ["--", "--", ...others] : line, { from: "user" });
  return { options: command.opts(), positionals: command.args };
}

const commonOptions = () => [
  new Option(
    "--server <url>",
    `address of the control plane (default: that of the context in use, or ${DEFAULT_SERVER})`,
  ),
  new Option("--context <name>", "use another control plane you have signed in to"),
  new Option("-o, --output <format>", "how results are shown (default: table on a terminal, json elsewhere)").choices(
    formats,
  ),
  new Option("--json", "the same as --output json").implies({ output: "json" }).conflicts("csv"),
  new Option("--csv", "the same as --output csv").implies({ output: "csv" }).conflicts("json"),
  new Option("--columns <names>", "only these columns or fields, such as name,agent.version").argParser((text) =>
    text.split(",").map((each) => each.trim()),
  ),
  new Option("--no-headers", "tables without headers"),
  new Option("--timeout <time>", "give up after this time: 30s, 5m, 2h").argParser(secondsOf),
  new Option("--verbose", "tell about every request, and more about failures"),
];

const VALUED = new Set(["--server", "--context", "-o", "--output", "--columns", "--timeout"]);

/** Options before the command, the words up to the next option, and the rest. */
export function splitLine(argv: readonly string[]) {
  let start = 0;
  while (argv[start]?.startsWith("-") && argv[start] !== "--") start += VALUED.has(argv[start] ?? "") ? 2 : 1;
  const length = argv.slice(start).findIndex((each) => each.startsWith("-"));
  const end = length < 0 ? argv.length : start + length;
  return { leading: argv.slice(0, start), words: argv.slice(start, end), rest: argv.slice(end) };
}

export function secondsOf(text: string): number {
  const [, count, unit = "s"] = /^(\d{1,7})([smh]?)$/.exec(text) ?? [];
  if (count === undefined || Number(count) === 0)
    throw new UsageError(`--timeout takes a time such as 30s, 5m or 2h, not "${text}"`);
  return Number(count) * (unit === "h" ? 3_600 : unit === "m" ? 60 : 1);
}

// Help that was not asked for is the answer to half a command.
const codeOfHelp = (line: readonly string[]): number =>
  line.includes("--help") || line.includes("-h") ? exitCodes.done : exitCodes.usage;

const hint = (near: readonly string[]) =>
  near.length > 0 ? `; did you mean ${near.map((each) => `edgemere ${each}`).join(" or ")}?` : "; see edgemere --help";

function say({ stdout }: Terminal, text: string, code: number = exitCodes.done): number {
  stdout.write(text);
  return code;
}

// The package is two folders up from the compiled file.
const version = (): string =>
  (JSON.parse(readFileSync(new URL("../../package.json", import.meta.url), "utf8")) as { version: string }).version;
