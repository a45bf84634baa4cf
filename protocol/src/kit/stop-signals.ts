import type { Clock } from "./clock.ts";
import { SECOND } from "./clock.ts";

/** npm passes on a Ctrl-C that the terminal has delivered already: two signals at once are one wish. */
const ONE_WISH = SECOND;

interface Reactions {
  /** The first wish to stop, with its cause. */
  readonly stop: (cause: string) => void;
  /** Another wish, made a while after the first: somebody has lost patience. */
  readonly kill: (cause: string) => void;
}

/** Listens to SIGTERM, SIGINT, SIGHUP, and to the end of the channel to whoever started this process. */
export function onStopSignals({ stop, kill }: Reactions, clock: Clock): void {
  let askedAt: number | undefined;
  const ask = (cause: string) => {
    const isFirst = askedAt === undefined;
    askedAt ??= clock.monotonic();
    if (isFirst) stop(cause);
    else if (clock.monotonic() - askedAt > ONE_WISH) kill(cause);
  };
  for (const signal of ["SIGTERM", "SIGINT", "SIGHUP"] as const) process.on(signal, ask);
  if (process.send) process.once("disconnect", () => ask("launcher gone"));
}
