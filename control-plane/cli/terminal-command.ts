import { sitAtTerminal } from "../src/faces/client-terminal.ts";
import type { TerminalNews } from "../src/platform/terminal-door.ts";
import type { Entry } from "./entry.ts";
import { exitCodes, Interrupted, UsageError } from "./failure.ts";
import { Keys } from "./keys.ts";
import type { Session } from "./session.ts";
import { sizeOf } from "./terminal.ts";

/** Seconds: it has to begin at once, and is not left open over night. */
const QUEUE_TIMEOUT = 60;
/** What programs may have switched on and left: the alternate screen, mouse and paste reports, a hidden cursor, colours. */
const AS_BEFORE =
  "\u001b[?1049l\u001b[?1000l\u001b[?1002l\u001b[?1003l\u001b[?1006l\u001b[?1004l\u001b[?2004l\u001b[?25h\u001b[0m";

type Ended = Extract<TerminalNews, { readonly state: "ended" }>;

/** `edgemere terminal DEVICE`: a shell on a device, in this terminal. */
export const openTerminal: Entry = {
  words: ["terminal"],
  isEveryday: true,
  summary: "Open a recorded terminal on a device; ~. at the start of a line leaves it",
  declare: (command) =>
    void command
      .argument("<device>", "id or name of the device")
      .option("--reason <text>", "why it is opened; asked for when absent")
      .option("--idle <seconds>", "end after so long without a key (default: 300)", seconds)
      .addHelpText(
        "after",
        "\nAt the start of a line: ~. leaves, ~~ types ~.\n\nExample:\n  edgemere terminal gw-1 --reason 'disk full, INC-204'",
      ),
  run: async ({ options, positionals }, session) => {
    const { stdin, stdout } = session.terminal;
    if (stdin.isTTY !== true || stdout.isTTY !== true || stdin.setRawMode === undefined)
      throw new UsageError(
        "edgemere terminal needs a terminal; to run one program use: edgemere job create --kind exec",
      );
    const { idle, reason: given } = options as { idle?: number; reason?: string };
    const reason = given ?? (await session.prompter.line("Why do you open it? "));
    const size = sizeOf(session.terminal);
    const { job } = await session.client.call("cpl/dm/job/create", {
      device: positionals[0] ?? "",
      kind: "terminal.open",
      arguments: { reason, ...size, ...(idle !== undefined && { idleTimeout: idle }) },
      queueTimeout: QUEUE_TIMEOUT,
    });
    if (job.state === "awaitingapproval")
      session.say(`somebody else has to say yes first: edgemere job approve ${job.id}`);
    const { reason: why, detail, exitCode } = await follow(job.id, session);
    session.say(`\nterminal ended: ${[why, detail].filter(Boolean).join(": ")}`);
    if (why !== "") return exitCodes.failed;
    return exitCode ?? exitCodes.done;
  },
};

/** Everything between the keys and the screen, until it has ended. */
async function follow(job: string, { terminal, target, signal, say }: Session): Promise<Ended> {
  const { stdin, stdout } = terminal;
  const keys = new Keys();
  const cleaning: (() => void)[] = [];
  try {
    return await new Promise<Ended>((resolve, reject) => {
      const connection = sitAtTerminal({
        baseUrl: target.server,
        token: target.token,
        job,
        show: (text) => new Promise((shown) => void stdout.write(text, () => shown())),
        tell: (news) => {
          if (news.state === "ended") resolve(news);
          else if (news.state === "lost") say(`\r\nthe connection is lost, and looked for: ${news.why}\r`);
        },
        fail: reject,
      });
      const typed = (chunk: Buffer | string) => {
        const { text, leaves } = keys.take(chunk.toString());
        if (text !== "") connection.type(text);
        if (leaves) {
          connection.leave();
          resolve({ state: "ended", reason: "", detail: "you left" });
        }
      };
      const resized = () => connection.resize(sizeOf(terminal));
      const stopped = () => reject(signal.reason instanceof Error ? signal.reason : new Interrupted("interrupted"));
      stdin.setRawMode?.(true);
      stdin.on("data", typed);
      stdin.resume();
      stdout.on("resize", resized);
      signal.addEventListener("abort", stopped);
      cleaning.push(() => {
        stdin.off("data", typed);
        stdin.setRawMode?.(false);
        stdin.pause();
        stdout.off("resize", resized);
        signal.removeEventListener("abort", stopped);
        stdout.write(AS_BEFORE);
        connection[Symbol.dispose]();
      });
    });
  } finally {
    for (const clean of cleaning) clean();
  }
}

function seconds(text: string): number {
  const count = Number(text);
  if (Number.isInteger(count) && count >= 10 && count <= 3_600) return count;
  throw new UsageError(`--idle takes seconds from 10 to 3600, not "${text}"`);
}
