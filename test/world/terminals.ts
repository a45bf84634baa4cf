import { userInfo } from "node:os";
import { sitAtTerminal, type TerminalNews } from "@edgemere/control-plane/terminal";
import { eventually, type World } from "./world.ts";

/** Flags of an agent that opens terminals as whoever runs the tests. */
export const opensTerminals: readonly string[] = ["--allow", "terminal.open", "--terminal-user", userInfo().username];

/** What the shells of the tests show when they wait; typed in two halves, so that its echo is not taken for it. */
const PROMPT = "ready> ";
const SET_PROMPT = "PS1='rea''dy> '\r";

type Ended = Extract<TerminalNews, { readonly state: "ended" }>;

/** Somebody at a terminal. */
export interface Sitting extends Disposable {
  readonly job: string;
  /** All that was shown. */
  readonly shown: string;
  readonly ended: Ended | undefined;
  /** Why it could not go on. */
  readonly failure: Error | undefined;
  type(text: string): void;
  resize(size: { readonly columns: number; readonly rows: number }): void;
  leave(): void;
  /** Looks no more, and shows nothing more, until `read`. */
  lookAway(): void;
  read(): void;
  until(pattern: RegExp): Promise<RegExpExecArray>;
  untilEnded(): Promise<Ended>;
}

interface Asked {
  readonly reason?: string;
  readonly idleTimeout?: number;
  readonly runTimeout?: number;
}

/** Asks for a terminal; gives the job's id. */
export const askForTerminal = async (
  { client }: Pick<World, "client">,
  device: string,
  { runTimeout, ...given }: Asked = {},
): Promise<string> =>
  (
    await client.call("cpl/dm/job/create", {
      device,
      kind: "terminal.open",
      arguments: { reason: "to see how it is", ...given },
      ...(runTimeout !== undefined && { runTimeout }),
    })
  ).job.id;

/** Sits down at the terminal that a job has asked for. */
export function sit({ baseUrl, token }: Pick<World, "baseUrl" | "token">, job: string): Sitting {
  let shown = "";
  let ended: Ended | undefined;
  let failure: Error | undefined;
  let onRead: (() => void) | undefined;
  let isAway = false;
  const connection = sitAtTerminal({
    baseUrl,
    token,
    job,
    show: (text) => {
      shown += text;
      return isAway ? new Promise((resolve) => (onRead = resolve)) : Promise.resolve();
    },
    tell: (news) => {
      if (news.state === "ended") ended = news;
    },
    fail: (error) => (failure = error),
  });
  return {
    job,
    get shown() {
      return shown;
    },
    get ended() {
      return ended;
    },
    get failure() {
      return failure;
    },
    type: (text) => connection.type(text),
    resize: (size) => connection.resize(size),
    leave: () => connection.leave(),
    lookAway: () => (isAway = true),
    read: () => {
      isAway = false;
      onRead?.();
    },
    until: (pattern) =>
      eventually(
        async () => {
          const found = pattern.exec(shown);
          if (found === null)
            throw new Error(
              `it shows ${JSON.stringify(shown.slice(-500))}, ${JSON.stringify(ended)} ${String(failure)}`,
            );
          return found;
        },
        `${String(pattern)} in a terminal`,
      ),
    untilEnded: () => eventually(async () => ended, "the end of a terminal"),
    [Symbol.dispose]: () => connection[Symbol.dispose](),
  };
}

/** A terminal of a device at which somebody sits, with a prompt that can be waited for. */
export async function openTerminal(world: World, device: string, asked: Asked = {}): Promise<Sitting> {
  const sitting = sit(world, await askForTerminal(world, device, asked));
  sitting.type(SET_PROMPT);
  await sitting.until(new RegExp(`${PROMPT}$`));
  return sitting;
}
