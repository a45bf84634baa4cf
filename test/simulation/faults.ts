import { DAY, HOUR, MINUTE, SECOND } from "@edgemere/protocol/kit";
import type { Fault, Profile } from "./profiles.ts";
import type { SimulatedDevice } from "./simulated-device.ts";
import type { World } from "./world.ts";

/** Contacts within which a process dies that is to die in the middle of something. */
const SOON = 12;

/** Lets things go wrong, and puts them right after a while. */
export class Faults {
  readonly #world: World;
  readonly #profile: Profile;
  #isOver = false;

  constructor(world: World, profile: Profile) {
    this.#world = world;
    this.#profile = profile;
  }

  /** One fault of those that the profile has, to one of the devices. */
  strike(): void {
    const device = this.#any(this.#world.devices);
    if (device !== undefined) this.#faults[this.#draw()](device);
  }

  /** What died is started again, in a while. */
  revive(): void {
    const { devices, controlPlane } = this.#world;
    for (const each of [controlPlane, ...devices]) if (!each.isUp) this.#later(30 * SECOND, () => void each.start());
  }

  /** No more faults, and those that last are over. */
  end(): void {
    const { devices, network, controlPlane } = this.#world;
    this.#isOver = true;
    for (const device of devices) {
      device.disk.isFull = false;
      device.killAtContact(Infinity, "killed");
      device.cutPowerAtEffect(false);
      network.heal(device.id);
      void device.start();
    }
    controlPlane.killAtContact(Infinity);
    void controlPlane.start();
  }

  readonly #faults: Readonly<Record<Fault, (device: SimulatedDevice) => void>> = {
    "kill-agent": (device) => this.#kill(device, "killed"),
    "cut-power": (device) => this.#kill(device, "power"),
    "stop-agent": (device) => void device.stop(),
    "kill-control-plane": () => this.#killControlPlane(),
    "kill-both": (device) => {
      this.#killControlPlane();
      this.#kill(device, "power");
    },
    "cut-network": (device) => {
      this.#world.network.cut(device.id);
      this.#later(MINUTE, () => this.#world.network.heal(device.id));
    },
    "reset-connection": (device) => this.#world.network.reset(device.id),
    "step-clock": (device) => {
      const most = this.#any([SECOND, MINUTE, HOUR, DAY]) ?? 0;
      device.stepClock(Math.round((2 * this.#world.random.next() - 1) * most));
    },
    "fill-disk": (device) => {
      this.#world.trace.tell(`${device.id}: the disk is full`);
      device.disk.isFull = true;
      this.#later(30 * SECOND, () => {
        device.disk.isFull = false;
      });
    },
    retire: (device) => void this.#world.controlPlane.ask("cpl/dm/device/retire", { device: device.id }),
  };

  #kill(device: SimulatedDevice, death: "killed" | "power"): void {
    const when = this.#world.random.next();
    if (death === "power" && when < 0.3) device.cutPowerAtEffect(true);
    else if (when < 0.6) device.kill(death);
    else device.killAtContact(this.#soon(), death);
  }

  #killControlPlane(): void {
    const { controlPlane, random } = this.#world;
    if (random.next() < 0.5) controlPlane.kill();
    else controlPlane.killAtContact(this.#soon());
  }

  #soon(): number {
    return 1 + Math.floor(this.#world.random.next() * SOON);
  }

  #draw(): Fault {
    const entries = Object.entries(this.#profile.faults) as [Fault, number][];
    let left = this.#world.random.next() * entries.reduce((sum, [, weight]) => sum + weight, 0);
    return (entries.find(([, weight]) => (left -= weight) < 0) ?? ["reset-connection"])[0];
  }

  #any<T>(choices: readonly T[]): T | undefined {
    return choices[Math.floor(this.#world.random.next() * choices.length)];
  }

  #later(within: number, happen: () => void): void {
    const { clock, random } = this.#world;
    void clock.sleep(1 + Math.floor(random.next() * within)).then(() => {
      if (!this.#isOver) happen();
    });
  }
}
