import { readFile } from "node:fs/promises";
import { userInfo } from "node:os";
import { SECOND } from "@edgemere/protocol/kit";
import type { Clock } from "@edgemere/protocol/kit";
import { HostError, type HostTerminal, type TerminalEnding, type TerminalRequest } from "../host.ts";
import { killMarked, markVariable } from "./marked-processes.ts";
import { findProgram, minimalEnvironment, mustBeDirectory } from "./programs.ts";
import { deathWrapper } from "./run.ts";

/** What of node-pty is used. It tells its types under the name of the build that comes compiled. */
interface Pty {
  readonly pid: number;
  onData(listener: (bytes: unknown) => void): void;
  onExit(listener: (end: { readonly exitCode: number; readonly signal?: number }) => void): void;
  resize(columns: number, rows: number): void;
  pause(): void;
  resume(): void;
}
interface NodePty {
  spawn(file: string, words: string[], options: object): Pty;
}

// A variable, because the package is optional: the agent must compile and start on a host for which there is none.
const TERMINAL_PACKAGE: string = "node-pty";
/** Between asking a shell to end and ending it. */
const GRACE = 2 * SECOND;
const USUAL_SHELL = "/bin/sh";
/** Shells that are given to users who are to have none. */
const NO_SHELL = /\/(nologin|false)$/;

/** Whether a terminal can be opened here. */
export const hasTerminal = async (): Promise<boolean> => (await loadedPackage()) !== undefined;

const loadedPackage = (): Promise<NodePty | undefined> =>
  import(TERMINAL_PACKAGE).then(
    (loaded) => loaded as NodePty,
    () => undefined,
  );

/** Whose a terminal is. */
interface TerminalUser {
  readonly name: string;
  readonly uid: number;
  readonly gid: number;
  readonly home: string;
  readonly shell: string;
}

/** Opens terminals as the agent's own user, or as the named one, which only root can. */
export const terminalOpener =
  (clock: Clock, named?: string) =>
  async (request: TerminalRequest): Promise<HostTerminal> => {
    const pty = await loadedPackage();
    if (pty === undefined)
      throw new HostError(
        "not-found",
        `this device opens no terminals: ${TERMINAL_PACKAGE} is missing, or does not load here`,
      );
    const user = await userOf(named);
    const shell = NO_SHELL.test(user.shell) || user.shell === "" ? USUAL_SHELL : user.shell;
    const { PATH, LANG } = minimalEnvironment();
    const file = await findProgram(shell, { path: PATH, folder: "/" });
    const wrapper = await wrapperFor(user);
    const cwd = await mustBeDirectory(user.home).then(
      () => user.home,
      () => "/",
    );
    const own = { HOME: user.home, SHELL: file, USER: user.name, LOGNAME: user.name, TERM: "xterm-256color" };
    const [program, ...rest] = [...wrapper, file, "-l"] as const;
    const { columns: cols, rows } = request;
    // Without an encoding it gives bytes, and not text.
    const options = {
      cols,
      rows,
      cwd,
      encoding: null,
      name: "xterm-256color",
      env: { PATH, LANG, ...own, ...markVariable(request.mark) },
    };
    try {
      return new LinuxTerminal(pty.spawn(program, rest, options), request, clock);
    } catch (cause) {
      throw new HostError(
        "failed",
        `no terminal can be opened: ${cause instanceof Error ? cause.message : String(cause)}`,
        { cause },
      );
    }
  };

/** The kernel ends the shell when the agent dies, and neither it nor what it runs becomes more than its user is. */
async function wrapperFor({ name, uid, gid }: TerminalUser): Promise<readonly string[]> {
  const wrapper = await deathWrapper();
  const isOwn = uid === process.getuid?.();
  const [setpriv] = wrapper;
  if (setpriv === undefined && isOwn) return [];
  if (setpriv === undefined)
    throw new HostError("failed", `setpriv of util-linux is needed to open a terminal as ${name}`);
  const become = isOwn ? [] : [`--reuid=${uid}`, `--regid=${gid}`, "--init-groups"];
  return [setpriv, "--pdeathsig", "KILL", "--no-new-privs", ...become, "--"];
}

async function userOf(named: string | undefined): Promise<TerminalUser> {
  const { username: name, uid, gid, homedir: home, shell } = userInfo();
  const own = { name, uid, gid, home, shell: shell ?? "" };
  if (named === undefined && uid === 0)
    throw new HostError(
      "not-allowed",
      "this agent runs as root, and nobody has said whose terminals are; whoever runs it may: edgemere-agent run --terminal-user NAME",
    );
  if (named === undefined || named === name) return own;
  if (uid !== 0) throw new HostError("not-allowed", `this agent runs as ${name} and cannot open terminals as ${named}`);
  const user = (await readFile("/etc/passwd", "utf8"))
    .split("\n")
    .map(userFrom)
    .find((each) => each.name === named);
  if (user === undefined)
    throw new HostError("not-found", `this device has no user ${named}, as whom terminals are to be opened`);
  return user;
}

/** A line of passwd(5). */
function userFrom(line: string): TerminalUser {
  const [name = "", , uid = "", gid = "", , home = "/", shell = ""] = line.split(":");
  return { name, uid: Number(uid), gid: Number(gid), home, shell };
}

class LinuxTerminal implements HostTerminal {
  readonly ended: Promise<TerminalEnding>;
  readonly #pty: Pty;
  readonly #mark: string;
  readonly #clock: Clock;
  #hasEnded = false;

  constructor(pty: Pty, { onOutput, mark }: TerminalRequest, clock: Clock) {
    this.#pty = pty;
    this.#mark = mark;
    this.#clock = clock;
    // It is bytes: the encoding is null, which its types do not know.
    pty.onData((bytes: unknown) => onOutput(bytes as Uint8Array));
    this.ended = new Promise((resolve) =>
      pty.onExit(({ exitCode, signal }) => {
        this.#hasEnded = true;
        resolve({ exitCode, ...(signal ? { signalNumber: signal } : {}) });
      }),
    );
  }

  async write(bytes: Uint8Array): Promise<void> {
    if (this.#hasEnded) return;
    const { _socket: socket } = this.#pty as unknown as { readonly _socket?: NodeJS.WritableStream };
    // What nobody reads stays here, and its sender waits: node-pty itself would take any amount.
    const written = new Promise<void>((resolve) => socket?.write(bytes, () => resolve()));
    await Promise.race([written, this.ended]);
  }

  resize({ columns, rows }: { readonly columns: number; readonly rows: number }): void {
    if (!this.#hasEnded) this.#pty.resize(columns, rows);
  }

  pause(): void {
    this.#pty.pause();
  }

  resume(): void {
    this.#pty.resume();
  }

  async end(): Promise<void> {
    const exited = new AbortController();
    void this.ended.then(() => exited.abort());
    this.resume();
    this.#signal("SIGHUP");
    await this.#clock.sleep(GRACE, exited.signal);
    this.#signal("SIGKILL");
    await killMarked([this.#mark], this.#clock);
    await this.ended;
  }

  #signal(signal: "SIGHUP" | "SIGKILL"): void {
    if (this.#hasEnded) return;
    try {
      process.kill(-this.#pty.pid, signal);
    } catch {
      // Nobody is left in the group.
    }
  }
}
