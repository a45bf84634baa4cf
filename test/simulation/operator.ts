import type { World } from "./world.ts";

/** Who looks after the fleet now and then: sees to it that what was retired stays so, and looks into quarantines. */
export class Operator {
  readonly #world: World;
  readonly #retired = new Set<string>();

  constructor(world: World) {
    this.#world = world;
  }

  /** For good: should a restored control plane have forgotten it, it is done again. */
  retire(device: string): void {
    this.#retired.add(device);
    this.#ask("retire", device);
  }

  /** A device in quarantine is believed again when no copy of it runs any more. */
  look(): void {
    const { devices, copies, events } = this.#world;
    for (const { id } of devices) {
      if (this.#retired.has(id) && !events.isRetired(id)) this.#ask("retire", id);
      if (!events.isInQuarantine(id)) continue;
      for (const copy of copies) if (copy.id === id) copy.scrap();
      this.#ask("release", id);
    }
  }

  /** What is left to do; undefined when nothing is. */
  get task(): string | undefined {
    const { devices, copies, events } = this.#world;
    const left = devices.filter(({ id }) => !events.isRetired(id));
    const retired = left.find(({ id }) => this.#retired.has(id));
    if (retired !== undefined) return `${retired.id} was retired and is back`;
    const doubted = left.find(({ id }) => events.isInQuarantine(id));
    if (doubted !== undefined) return `${doubted.id} is in quarantine`;
    const copied = left.find(({ id }) => copies.some((copy) => copy.id === id && !copy.isScrapped));
    return copied && `a copy of ${copied.id} runs, and nobody has noticed`;
  }

  #ask(what: "retire" | "release", device: string): void {
    void this.#world.controlPlane.ask(`cpl/dm/device/${what}`, { device });
  }
}
