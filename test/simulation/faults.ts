import { DAY, HOUR, MINUTE, SECOND } from "@edgemere/protocol/kit";
import { TRUST_DOMAIN } from "./enrolment.ts";
import { forgedCommand } from "./forgery.ts";
import { imageOf, putBack, startCopy } from "./images.ts";
import type { Death } from "./life.ts";
import type { Operator } from "./operator.ts";
import type { Fault } from "./profiles.ts";
import type { SimulatedDevice } from "./simulated-device.ts";
import type { World } from "./world.ts";

/** Contacts within which a process dies that is to die in the middle of something. */
const SOON = 12;
/** How old an image or a backup is at most when it is put in place. */
const OLD = 20 * SECOND;

/** Lets things go wrong, and puts them right after a while. */
export class Faults {
  readonly #world: World;
  readonly #operator: Operator;
  #isOver = false;

  constructor(world: World, operator: Operator) {
    this.#world = world;
    this.#operator = operator;
  }

  /** One fault of those that the seed has, to one of the devices. */
  strike(): void {
    const device = this.#any([...this.#world.devices, ...this.#world.copies]);
    if (device !== undefined) this.#faults[this.#draw()](device);
  }

  /** What died is started again, in a while. */
  revive(): void {
    const { devices, copies, controlPlane } = this.#world;
    controlPlane.killWhenBroken();
    for (const each of [controlPlane, ...devices, ...copies])
      if (!each.isUp) this.#later(30 * SECOND, () => void each.start());
  }

  /** No more faults, and those that last are over. */
  end(): void {
    const { devices, copies, network, controlPlane } = this.#world;
    this.#isOver = true;
    network.calm();
    for (const device of [...devices, ...copies]) {
      device.hardware.troublesOver();
      device.killAtContact(Infinity, "killed");
      device.cutPowerAtEffect(false);
      device.thaw();
      network.heal(device.id);
      void device.start();
    }
    controlPlane.database.troublesOver();
    controlPlane.killAtContact(Infinity, "killed");
    controlPlane.thaw();
    controlPlane.killWhenBroken();
    void controlPlane.start();
  }

  readonly #faults: Readonly<Record<Fault, (device: SimulatedDevice) => void>> = {
    "kill-agent": (device) => this.#kill(device, "killed"),
    "cut-power": (device) => this.#kill(device, "power"),
    "stop-agent": (device) => void device.stop(),
    "freeze-agent": (device) => {
      device.freeze(false);
      this.#later(2 * MINUTE, () => device.thaw());
    },
    "suspend-host": (device) => {
      device.freeze(true);
      this.#later(3 * MINUTE, () => device.thaw());
    },
    "kill-control-plane": () => this.#killControlPlane("killed"),
    "cut-power-of-control-plane": () => this.#killControlPlane("power"),
    "restore-control-plane": () => {
      const { controlPlane, records, events, trace } = this.#world;
      trace.tell("the control plane is backed up");
      const image = controlPlane.database.image();
      const marks = [records.bookmark(), events.bookmark()];
      const inPlace = () => marks.forEach((forget) => forget());
      this.#later(OLD, () => void controlPlane.restore(image, inPlace));
    },
    "put-disk-back": (device) => {
      const image = imageOf(this.#world, device);
      this.#later(OLD, () => putBack(this.#world, device, image));
    },
    "copy-disk": (device) => {
      const image = imageOf(this.#world, device);
      this.#later(OLD, () => startCopy(this.#world, device, image));
    },
    "kill-both": (device) => {
      this.#killControlPlane("power");
      this.#kill(device, "power");
    },
    "freeze-control-plane": () => {
      this.#world.controlPlane.freeze();
      this.#later(MINUTE, () => this.#world.controlPlane.thaw());
    },
    "fill-database": () => {
      const { controlPlane, trace } = this.#world;
      if (!controlPlane.isUp) return;
      trace.tell("the disk of the control plane is full");
      controlPlane.database.troubles.isFull = true;
      this.#later(30 * SECOND, () => controlPlane.database.troublesOver());
    },
    "slow-database": () => {
      const { database } = this.#world.controlPlane;
      database.troubles.slowest = this.#any([200, 2 * SECOND, 5 * SECOND]) ?? 0;
      this.#later(MINUTE, () => database.troublesOver());
    },
    "cut-network": (device) => this.#cut(device, "both"),
    "cut-one-way": (device) => this.#cut(device, this.#any(["up", "down"] as const) ?? "up"),
    "reset-connection": (device) => this.#world.network.reset(device.id),
    "stall-connection": (device) => this.#world.network.stall(device.id, this.#upTo(40 * SECOND)),
    "forge-command": ({ id }) => {
      const { network, clock, random } = this.#world;
      network.inject(forgedCommand(id, TRUST_DOMAIN, clock.now(), random));
    },
    "step-clock": (device) => {
      const most = this.#any([SECOND, MINUTE, HOUR, DAY]) ?? 0;
      device.stepClock(Math.round((2 * this.#world.random.next() - 1) * most));
    },
    "fill-disk": (device) => {
      this.#world.trace.tell(`${device.id}: the disk is full`);
      device.hardware.fill(this.#upTo(this.#any([1, 100, 4_000]) ?? 1));
      this.#later(30 * SECOND, () => device.hardware.troublesOver());
    },
    "slow-disk": (device) => {
      device.hardware.slowDown(this.#any([50, SECOND, 5 * SECOND]) ?? 0);
      this.#later(MINUTE, () => device.hardware.troublesOver());
    },
    "fail-sync": (device) => {
      this.#world.trace.tell(`${device.id}: the disk fails to write`);
      device.hardware.failSyncs(1 + this.#upTo(3));
    },
    "flip-bit": (device) =>
      this.#world.trace.tell(`${device.id}: a bit of ${device.hardware.flipBit() ?? "nothing"} flips`),
    retire: ({ id }) => this.#operator.retire(id),
  };

  #kill(device: SimulatedDevice, death: Death): void {
    const when = this.#world.random.next();
    if (death === "power" && when < 0.3) device.cutPowerAtEffect(true);
    else if (when < 0.6) device.kill(death);
    else device.killAtContact(this.#soon(), death);
  }

  #killControlPlane(death: Death): void {
    const { controlPlane, random } = this.#world;
    if (random.next() < 0.5) controlPlane.kill(death);
    else controlPlane.killAtContact(this.#soon(), death);
  }

  #cut(device: SimulatedDevice, way: "up" | "down" | "both"): void {
    this.#world.network.cut(device.id, way);
    this.#later(MINUTE, () => this.#world.network.heal(device.id));
  }

  #soon(): number {
    return 1 + this.#upTo(SOON);
  }

  #draw(): Fault {
    const { faults } = this.#world.mix;
    let left = this.#world.random.next() * faults.reduce((sum, [, weight]) => sum + weight, 0);
    return (faults.find(([, weight]) => (left -= weight) < 0) ?? ["reset-connection"])[0];
  }

  #any<T>(choices: readonly T[]): T | undefined {
    return choices[this.#upTo(choices.length)];
  }

  #upTo(limit: number): number {
    return Math.floor(this.#world.random.next() * limit);
  }

  #later(within: number, happen: () => void): void {
    void this.#world.clock.sleep(1 + this.#upTo(within)).then(() => {
      if (!this.#isOver) happen();
    });
  }
}
