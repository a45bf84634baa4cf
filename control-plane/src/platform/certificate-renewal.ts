import { HOUR, Reconciler, type Clock, type Log } from "@edgemere/protocol/kit";

interface Parts<Shown> {
  /** What the log calls it. */
  readonly name: string;
  /** What the listener began with. */
  readonly first: Shown;
  readonly current: () => Promise<Shown>;
  /** `isNew` where the certificate is another one than the last. */
  readonly show: (current: Shown, isNew: boolean) => void;
  readonly clock: Clock;
  readonly log: Log;
}

/** Has a listener show what is current: one that runs for a year outlives its certificate. */
export function startRenewal<Shown extends { readonly certificate: string }>({
  name,
  first,
  current,
  show,
  clock,
  log,
}: Parts<Shown>): AsyncDisposable {
  let shown = first.certificate;
  const loop = new Reconciler(
    {
      name,
      every: HOUR,
      onError: (error) => log.error("loop failed", { loop: name, error }),
      step: async () => {
        const fresh = await current();
        show(fresh, fresh.certificate !== shown);
        shown = fresh.certificate;
        return "settled";
      },
    },
    clock,
  );
  loop.start();
  return loop;
}
