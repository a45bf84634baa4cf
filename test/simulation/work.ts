import type { World } from "./world.ts";

/** What operators ask of the devices meanwhile. */
export class Work {
  readonly #world: World;
  #number = 0;

  constructor(world: World) {
    this.#world = world;
  }

  /** One thing, mostly a command for one of the devices. */
  give(): void {
    const { random, devices, events, controlPlane } = this.#world;
    const device = devices[Math.floor(random.next() * devices.length)];
    if (device === undefined) return;
    const choice = random.next();
    if (choice < 0.15) return device.writeFile(++this.#number);
    if (choice < 0.3) {
      const job = events.jobs[Math.floor(random.next() * events.jobs.length)];
      if (job !== undefined) void controlPlane.ask("cpl/dm/job/cancel", { job });
      return;
    }
    void this.#create(device.id, choice);
  }

  async #create(device: string, choice: number): Promise<void> {
    const { random, controlPlane, events } = this.#world;
    const answer = (await controlPlane.ask("cpl/dm/job/create", {
      device,
      ...this.#task(choice),
      queueTimeout: 1 + Math.floor(random.next() * 60),
      runTimeout: 1 + Math.floor(random.next() * 30),
    })) as { readonly job: { readonly id: string } } | undefined;
    if (answer !== undefined) events.promised(answer.job.id);
  }

  #task(choice: number): object {
    if (choice < 0.45) return { kind: "ping" };
    if (choice < 0.55) return { kind: "inventory.refresh" };
    const { random } = this.#world;
    const [seconds, bytes] = [random.next() * random.next() * 20, random.next() * 6_000].map(Math.floor);
    return { kind: "exec", arguments: { argv: ["work", `effect-${++this.#number}`, String(seconds), String(bytes)] } };
  }
}
