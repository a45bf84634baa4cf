import { SECOND } from "@edgemere/protocol/kit";
import { Counter, gauge, type Family } from "../../platform/figures.ts";
import type { Store } from "../../platform/store.ts";
import { contact } from "./contract.ts";
import { notice } from "./notice-contract.ts";

/** What became of tries since the process began, and which contacts are being told something or were so just now. */
export class Tally {
  readonly #tries = new Counter(
    { name: "edgemere_notice_tries", help: "Tries to tell a contact, by what came of it" },
    ["kind", "outcome"],
  );
  readonly #busy = new Set<string>();
  readonly #notBefore = new Map<string, number>();

  tried(kind: string, outcome: string): void {
    this.#tries.add([kind, outcome]);
  }

  isFree(contact: string, now: number): boolean {
    return !this.#busy.has(contact) && now >= (this.#notBefore.get(contact) ?? -Infinity);
  }

  /** One at a time for each contact, and so many in a minute. Gives what ends it. */
  take({ name, perMinute }: { readonly name: string; readonly perMinute: number }, now: number): Disposable {
    this.#busy.add(name);
    this.#notBefore.set(name, now + (60 * SECOND) / perMinute);
    return { [Symbol.dispose]: () => this.#busy.delete(name) };
  }

  /** By kind and not by contact: people's names are none of a label's business. */
  async figures(store: Store, now: number): Promise<readonly Family[]> {
    const waiting = new Map<string, number>();
    const ages = new Map<string, number>();
    for await (const { name, kind } of store.scan(contact)) {
      const [oldest] = (await store.list(notice, { index: "waiting", prefix: [name], limit: 1 })).items;
      const age = oldest === undefined ? 0 : Math.max(0, now - oldest.createdAt) / SECOND;
      const count = await store.count(notice, { index: "waiting", prefix: [name] });
      waiting.set(kind, (waiting.get(kind) ?? 0) + count);
      ages.set(kind, Math.max(ages.get(kind) ?? 0, age));
    }
    const byKind = (values: ReadonlyMap<string, number>) =>
      [...values].map(([kind, value]) => [{ kind }, value] as const);
    return [
      this.#tries.figure(),
      gauge({ name: "edgemere_notices_waiting", help: "Notices that are still to be delivered" }, byKind(waiting)),
      gauge({ name: "edgemere_notice_oldest_seconds", help: "Age of the oldest notice that waits" }, byKind(ages)),
    ];
  }
}
