import { SECOND, type Clock, type Log } from "@edgemere/protocol/kit";
import { moved, type Change } from "../../platform/change.ts";
import { inTime } from "../../platform/in-time.ts";
import { unlessMoved } from "../../platform/repeat.ts";
import type { Store } from "../../platform/store.ts";
import { certificate, type Certificate } from "./certificate-contract.ts";
import { objectionTo } from "./certificate-life.ts";
import { device } from "./contract.ts";

/** Whether a certificate's holder may connect now. "refused" is for good, as far as the device can tell. */
export type Admission = { readonly kind: "admitted" } | { readonly kind: "refused"; readonly why: string };

interface Parts {
  readonly store: Store;
  readonly clock: Clock;
  readonly log: Log;
}

/** A store that takes longer cannot tell right now. */
const LOOK_WITHIN = 5 * SECOND;
const refused = (why: string): Admission => ({ kind: "refused", why });
const ADMITTED: Admission = { kind: "admitted" };

/**
 * Judges who connects, by the store. Where that cannot be read, whoever was admitted last with the same certificate is
 * admitted again, and of anybody else nothing can be told: that throws, and is no refusal.
 */
export function admissions({ store, clock, log }: Parts) {
  /** Serial number with which a device was admitted. */
  const known = new Map<string, string>();
  let upTo = store.lastNumber;
  let following: Promise<void> | undefined;
  const follow = async (): Promise<void> => {
    while (upTo < store.lastNumber) {
      const events = await store.events(upTo);
      for (const { type, subject, data } of events) {
        if (type === "device.retired") known.delete(subject);
        if (type === "certificate.revoked" || type === "certificate.superseded") known.delete(String(data["device"]));
      }
      upTo = events.at(-1)?.number ?? store.lastNumber;
    }
  };
  // What is known must not outlive a revocation, or it would admit while the store cannot be asked.
  const ignore = store.onCommit(() => {
    following ??= follow()
      .catch(() => known.clear())
      .finally(() => (following = undefined));
  });

  return {
    admit: async (id: string, serial: string | undefined): Promise<Admission> => {
      try {
        const verdict = await inTime(mayConnect({ store, clock, log }, id, serial), LOOK_WITHIN, clock);
        if (verdict.kind === "refused") known.delete(id);
        else if (serial !== undefined) known.set(id, serial);
        return verdict;
      } catch (error) {
        if (serial === undefined || known.get(id) !== serial) throw error;
        log.warn("device admitted without a look: the store cannot be read", { device: id, error });
        return ADMITTED;
      }
    },
    [Symbol.asyncDispose]: async () => ignore(),
  };
}

async function mayConnect({ store, clock, log }: Parts, id: string, serial: string | undefined): Promise<Admission> {
  const row = await store.get(device, id);
  if (row === undefined) return refused("no such device");
  if (row.state === "retired") return refused("the device was retired");
  if (row.state === "pending") return refused("the device waits for approval");
  if (serial === undefined) return ADMITTED;
  const shown = await store.get(certificate, serial);
  // Certificates of the first days have no row before they are renewed.
  if (shown === undefined)
    return row.certificate.serial === serial ? ADMITTED : refused("the certificate was replaced");
  if (shown.device !== id) return refused("the certificate is another device's");
  const objection = objectionTo(shown, clock.now());
  if (objection !== undefined) return refused(objection);
  if (shown.state === "issued") await beginUse(shown, store).catch((error: unknown) => logFailure(log, id, error));
  return ADMITTED;
}

/** The new certificate works, so the former one is good for nothing any more. */
async function beginUse(row: Certificate, store: Store): Promise<void> {
  const former: Change[] = [];
  for await (const each of store.scan(certificate, { index: "device", prefix: [row.device] }))
    if (each.number < row.number && (each.state === "current" || each.state === "issued"))
      former.push(moved(certificate, each, "replace"));
  await store.commit(moved(certificate, row, "use"), ...former).catch(unlessMoved);
}

const logFailure = (log: Log, id: string, error: unknown): void =>
  log.warn("that a certificate is in use was not written down", { device: id, error });

/** All that are not retired. */
export async function* idsOfDevices(store: Store): AsyncGenerator<string> {
  for await (const { id, state } of store.scan(device)) if (state !== "retired") yield id;
}
