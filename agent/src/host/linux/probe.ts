import { Resolver } from "node:dns/promises";
import { get as getHttp } from "node:http";
import { get as getHttps } from "node:https";
import { connect } from "node:net";
import type { Clock } from "@edgemere/protocol/kit";
import { HostError, type ProbeTarget } from "../host.ts";

/** Told how to end the question, and when the name of the other side is known. */
interface Question {
  readonly signal: AbortSignal;
  readonly resolved: () => void;
}

// What c-ares calls an answer that says there is nothing of that name.
const NEGATIVE = new Set<unknown>(["ENOTFOUND", "ENODATA"]);

/** Milliseconds until the target answered. */
export async function probe(target: ProbeTarget, clock: Clock, signal: AbortSignal): Promise<number> {
  let began = clock.monotonic();
  const question = { signal, resolved: () => void (began = clock.monotonic()) };
  if (signal.aborted) throw noAnswer();
  if (target.kind === "tcp") await opened(target, question);
  else if (target.kind === "http") await answered(target.url, question);
  else await resolved(target, signal);
  return clock.monotonic() - began;
}

function opened({ host, port }: { readonly host: string; readonly port: number }, question: Question): Promise<void> {
  return new Promise((resolve, reject) => {
    const socket = connect({ host, port });
    const stop = () => socket.destroy(noAnswer());
    question.signal.addEventListener("abort", stop, { once: true });
    socket.once("lookup", question.resolved);
    socket.once("error", reject);
    socket.once("connect", () => {
      resolve();
      // Without the long good-bye of a connection that was used.
      socket.resetAndDestroy();
    });
    socket.once("close", () => question.signal.removeEventListener("abort", stop));
  });
}

function answered(url: string, question: Question): Promise<void> {
  return new Promise((resolve, reject) => {
    const get = url.startsWith("https:") ? getHttps : getHttp;
    // A connection of its own: one that stood already would say nothing of the way.
    const request = get(url, { agent: false, signal: question.signal }, (response) => {
      resolve();
      response.destroy();
    });
    request.once("socket", (socket) => socket.once("lookup", question.resolved));
    request.on("error", reject);
  });
}

async function resolved(
  target: { readonly name: string; readonly server?: string },
  signal: AbortSignal,
): Promise<void> {
  const resolver = new Resolver({ tries: 1 });
  if (target.server !== undefined) resolver.setServers([target.server]);
  const stop = () => resolver.cancel();
  signal.addEventListener("abort", stop, { once: true });
  try {
    await resolver.resolve4(target.name);
  } catch (error) {
    if (!(error instanceof Error && "code" in error && NEGATIVE.has(error.code))) throw error;
  } finally {
    signal.removeEventListener("abort", stop);
  }
}

const noAnswer = () => new HostError("failed", "it did not answer in time");
