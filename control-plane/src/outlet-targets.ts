import { readFile } from "node:fs/promises";
import { SECOND, type Clock } from "@edgemere/protocol/kit";
import type { OutletsConfig } from "./config-outlets.ts";
import type { ParentConfig } from "./config-parent.ts";
import { outletNames, type OutletName } from "./features/outlets/contract.ts";
import { reportWindows } from "./features/telemetry-aggregator/contract.ts";
import { inTime } from "./platform/in-time.ts";

const ANSWER_WITHIN = 30 * SECOND;
/** Bytes of an answer that are looked at. */
const LOOKED_AT = 4_096;

interface Post {
  readonly body: Uint8Array;
  readonly headers: Readonly<Record<string, string>>;
}

/**
 * Where telemetry is sent on to, as it was configured. A credential is read from its file with each request: it may be renewed
 * meanwhile. When they are disposed of, what is under way is given up, and sent again after the next start.
 */
export function outletTargets({ targets }: OutletsConfig, parent: ParentConfig | undefined, clock: Clock) {
  const stop = new AbortController();
  const all = outletNames.flatMap((name: OutletName) => {
    const target = targets[name];
    if (target === undefined) return [];
    const way = { ...target, clock, stopped: stop.signal };
    return [{ name, url: target.url, post: (post: Post) => posted(post, way) }];
  });
  return {
    all,
    parent: parent && parentTarget(parent, { clock, stopped: stop.signal }),
    [Symbol.asyncDispose]: async () => stop.abort(),
  };
}

/** Where windows of devices are reported to: one action of another control plane. */
function parentTarget({ url, authorizationFile, metrics, every }: ParentConfig, parts: Pick<Way, "clock" | "stopped">) {
  const way = { ...parts, authorizationFile, url: `${url}/edgemere/${reportWindows.path}` };
  return { url, metrics, every, post: (post: Post) => posted(post, way) };
}

interface Way {
  readonly url: string;
  readonly authorizationFile: string | undefined;
  readonly clock: Clock;
  readonly stopped: AbortSignal;
}

async function posted({ body, headers }: Post, { url, authorizationFile, clock, stopped }: Way) {
  const over = new AbortController();
  try {
    const credential = authorizationFile === undefined ? undefined : await firstLineOf(authorizationFile);
    const request = async () => {
      const response = await fetch(url, {
        method: "POST",
        headers: {
          ...headers,
          "user-agent": "edgemere",
          ...(credential !== undefined && { authorization: credential }),
        },
        body,
        // Whoever sends us elsewhere gets neither samples nor the credential there.
        redirect: "manual",
        signal: AbortSignal.any([over.signal, stopped]),
      });
      const text = await beginningOf(response);
      return { status: response.status, text, ...retryAfter(response.headers.get("retry-after")) };
    };
    return await inTime(request(), ANSWER_WITHIN, clock);
  } catch (error) {
    if (stopped.aborted) return { status: 0, text: "the control plane stops", isGivenUp: true };
    const cause = error instanceof Error && error.cause instanceof Error ? error.cause : error;
    return { status: 0, text: cause instanceof Error ? cause.message : String(cause) };
  } finally {
    over.abort();
  }
}

export async function firstLineOf(file: string): Promise<string> {
  const [line = ""] = (await readFile(file, "utf8")).split(/\r?\n/);
  if (line.trim() === "") throw new Error(`the first line of ${file} is empty`);
  return line.trim();
}

/** Somebody else's words: few of them, and the rest is not waited for. */
export async function beginningOf({ body }: { readonly body: AsyncIterable<unknown> | null }): Promise<string> {
  const decoder = new TextDecoder();
  let text = "";
  for await (const chunk of body ?? []) {
    text += decoder.decode(chunk as Uint8Array, { stream: true });
    if (text.length >= LOOKED_AT) break;
  }
  return text.slice(0, LOOKED_AT).trim();
}

/** Seconds; the form with a date says nothing without a look at the other's clock. */
export const retryAfter = (header: string | null): { readonly retryAfter?: number } =>
  header !== null && /^\d{1,6}$/.test(header) ? { retryAfter: Number(header) * SECOND } : {};
