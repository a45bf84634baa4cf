import { cutText, limits, type Encodable, type v1 } from "@edgemere/protocol";
import { Reconciler, type Env } from "@edgemere/protocol/kit";
import type { Fact, Host } from "../host/host.ts";
import type { Outbox } from "../link/outbox.ts";

export interface InventoryParts {
  readonly env: Env;
  readonly host: Pick<Host, "inventory">;
  readonly outbox: Outbox;
  readonly config: { readonly inventoryEvery: number };
}

type FactMessage = Encodable<typeof v1.InventoryFact>;

/** Reports the slow facts of the host when they changed. */
export class Inventory implements AsyncDisposable {
  readonly #parts: InventoryParts;
  readonly #loop: Reconciler;
  #lastSent: string | undefined;

  constructor(parts: InventoryParts) {
    this.#parts = parts;
    this.#loop = new Reconciler(
      {
        name: "report the inventory",
        every: parts.config.inventoryEvery,
        step: async () => {
          await this.#report(false);
          return "settled";
        },
        onError: (error) => parts.env.log.warn("the inventory could not be reported", { error }),
      },
      parts.env.clock,
    );
  }

  start(): void {
    this.#loop.start();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.#loop[Symbol.asyncDispose]();
  }

  /** Sends the inventory whether it changed or not; gives the number of facts. */
  refresh(): Promise<number> {
    return this.#report(true);
  }

  async #report(even: boolean): Promise<number> {
    const facts = factMessages(await this.#parts.host.inventory());
    const content = JSON.stringify(facts);
    if (even || content !== this.#lastSent) {
      await this.#parts.outbox.append("event", { inventory: { facts: [...facts] } });
      this.#lastSent = content;
    }
    return facts.length;
  }
}

// Leaves room for the frame around the record.
const LARGEST_REPORT = limits.messageBytes / 2;

/** What fits the protocol and one message, by name; of two facts with one name the last counts. */
export function factMessages(facts: readonly Fact[]): readonly FactMessage[] {
  let bytes = 0;
  return [...new Map(facts.map((fact) => [fact.name, fact])).values()]
    .filter(({ name, value }) => name !== "" && name.length <= limits.nameLength && isTellable(value))
    .sort((a, b) => (a.name < b.name ? -1 : 1))
    .map(factMessage)
    .filter((fact) => (bytes += 3 * ((fact.name?.length ?? 0) + (fact.text?.length ?? 0)) + 16) <= LARGEST_REPORT)
    .slice(0, limits.facts);
}

const isTellable = (value: Fact["value"]) => typeof value !== "number" || Number.isFinite(value);

function factMessage({ name, value }: Fact): FactMessage {
  if (typeof value === "number") return { name, number: value };
  if (typeof value === "boolean") return { name, flag: value };
  return { name, text: cutText(value) };
}
