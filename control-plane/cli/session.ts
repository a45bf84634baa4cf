import { randomUUID } from "node:crypto";
import { createClient, type Client, type Output as OutputOf } from "../src/faces/client.ts";
import { contextsFile, readContexts, targetOf, type Target } from "./contexts.ts";
import { TimedOut, UsageError } from "./failure.ts";
import { createOutput, type Output, type OutputFlags } from "./output.ts";
import { Prompter } from "./prompt.ts";
import type { Terminal } from "./terminal.ts";
import { visible } from "./visible.ts";

/** Options that every command takes. */
export interface CommonFlags extends OutputFlags {
  readonly server?: string;
  readonly context?: string;
  readonly timeout?: number;
  readonly verbose?: true;
}

/** All that a command works with. */
export interface Session {
  readonly terminal: Terminal;
  readonly target: Target;
  readonly client: Client;
  readonly output: Output;
  readonly prompter: Prompter;
  /** Ends with Ctrl-C or --timeout; its reason says which. */
  readonly signal: AbortSignal;
  /** A remark for the person, on stderr. */
  readonly say: (remark: string) => void;
}

// Below the minute after which common proxies give up: then it is us who know that the work goes on.
const REQUEST_LIMIT = 50_000;

export async function openSession(flags: CommonFlags, terminal: Terminal): Promise<Session> {
  const { environment } = terminal;
  const prompter = new Prompter(terminal);
  const tokenFile = environment["EDGEMERE_TOKEN_FILE"];
  if (tokenFile && environment["EDGEMERE_TOKEN"])
    throw new UsageError("EDGEMERE_TOKEN and EDGEMERE_TOKEN_FILE are both set; keep one of them");
  const tokenFromFile = tokenFile ? (await prompter.readText(tokenFile)).trim() : undefined;
  const contexts = await readContexts(contextsFile(terminal));
  const target = targetOf(flags, environment, contexts, tokenFromFile);
  const signal = withDeadline(terminal.interrupted, flags.timeout);
  // A remark may hold what somebody else wrote, such as a name or a proxy's header.
  const say = (remark: string) => void terminal.stderr.write(`${visible(remark, { lines: true })}\n`);
  return {
    terminal,
    target,
    client: clientFor(target, { signal, ...(flags.verbose && { tell: say }) }, prompter),
    output: createOutput(flags, terminal),
    prompter,
    signal,
    say,
  };
}

interface Sending {
  readonly signal: AbortSignal;
  /** Told about every request, where somebody wants to know. */
  readonly tell?: (remark: string) => void;
}

function clientFor({ server, token }: Target, sending: Sending, prompter: Prompter): Client {
  return createClient({
    baseUrl: server,
    token,
    newKey: randomUUID,
    fetch: patientFetch(sending),
    stepUp: async (ask) => {
      const { proof } = (await ask("ia/whoami")) as OutputOf<"ia/whoami">;
      if (!prompter.isInteractive || proof !== "password") return false;
      await ask("ia/stepup", { password: await prompter.secret("This is dangerous. Your password: ") });
      return true;
    },
  });
}

/** A fetch that gives up with our own errors: when interrupted, at the deadline, and after a minute in any case. */
export function patientFetch({ signal, tell }: Sending): typeof fetch {
  return async (input, init) => {
    const limit = AbortSignal.timeout(REQUEST_LIMIT);
    const startedAt = performance.now();
    try {
      const response = await fetch(input, { ...init, signal: AbortSignal.any([signal, limit]) });
      const took = Math.round(performance.now() - startedAt);
      const request = response.headers.get("x-request-id") ?? "without a number";
      tell?.(`${response.url}: ${response.status} in ${took} ms, request ${request}`);
      return response;
    } catch (error) {
      if (limit.aborted && !signal.aborted)
        throw new TimedOut(`no answer from the control plane within ${REQUEST_LIMIT / 1_000} s`, { cause: error });
      throw error;
    }
  };
}

function withDeadline(interrupted: AbortSignal, seconds: number | undefined): AbortSignal {
  if (seconds === undefined) return interrupted;
  const deadline = new AbortController();
  const late = new TimedOut(`not done within the ${seconds} s of --timeout; what was started goes on`);
  setTimeout(() => deadline.abort(late), seconds * 1_000).unref();
  return AbortSignal.any([interrupted, deadline.signal]);
}
