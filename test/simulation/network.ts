import { ConnectError, type Connection, type ConnectionEvents, type Transport } from "@edgemere/agent";
import { pack, type Packet } from "@edgemere/protocol";
import { MINUTE, SECOND, type Random } from "@edgemere/protocol/kit";
import type { ManualClock } from "@edgemere/protocol/simulated";
import type { Life } from "./life.ts";
import type { ServedLink } from "./served-link.ts";
import type { Machine } from "./simulated-device.ts";
import type { Trace } from "./trace.ts";
import { fateOf, type Weather } from "./weather.ts";
import { deviceOf, epochOf, Wire } from "./wire.ts";

interface NetworkParts {
  readonly clock: ManualClock;
  readonly random: Random;
  readonly trace: Trace;
  readonly weather: Weather;
  /** Told in the order in which devices' connections were taken. */
  readonly connected: (device: string, epoch: number) => void;
  /** Told of each packet that an agent hands over. */
  readonly published: (machine: Machine, packet: Packet) => void;
  /** A bug: wills come late, and for whatever session there is then. */
  readonly willsLie: boolean;
}

type Way = "up" | "down" | "both";
interface Attempt {
  readonly device: string;
  readonly machine: Machine;
  readonly will: Packet;
  readonly events: ConnectionEvents;
  readonly life: Life;
}

const ATTEMPT = { shortest: 5, longest: 60 };
// A host that does not answer is given up after this; see the agent's own limit.
const GIVEN_UP_AFTER = 20 * SECOND;
/** Who is not heard for so long is gone, for either end of a connection. */
const KEPT_ALIVE = 90 * SECOND;
const ADDRESS = "192.0.2.1";

/**
 * Connections between devices and a broker at the control plane. Messages of one connection keep their order, but for
 * bad weather, and go with it when it breaks; its two ends may notice that at different times, and a will may be told
 * minutes later.
 */
export class Network {
  readonly #parts: NetworkParts;
  /** The connection that the broker holds for each device. */
  readonly #wires = new Map<string, Wire>();
  /** The last one that was taken for each device, held or not. */
  readonly #newest = new Map<string, Wire>();
  readonly #severed = new Set<string>();
  #served: ServedLink | undefined;
  #isCalm = false;

  constructor(parts: NetworkParts) {
    this.#parts = parts;
  }

  /** How a device reaches the control plane, for as long as one agent lives there. */
  transport(machine: Machine, life: Life): Transport {
    return { connect: ({ will }, events) => this.#connect({ device: machine.device, machine, will, events, life }) };
  }

  /** A control plane listens. */
  serve(served: ServedLink): void {
    this.#served = served;
    served.link.attach({
      send: (packet) => served.life.contact(() => this.#down(packet), { shortest: 0, longest: 1 }),
      disconnect: (device) => {
        if (!served.life.isOver) this.#brokerEnds(this.#wires.get(device), { will: true });
      },
    });
  }

  /** The control plane is gone; its host says so, or nobody does. */
  unserve(says: "reset" | "nothing"): void {
    this.#served = undefined;
    for (const wire of this.#wires.values()) {
      wire.brokerHolds = false;
      const notices = says === "reset" ? this.#upTo(100) : this.#upTo(MINUTE);
      this.#later(notices, () => wire.loseAgent("the broker is gone"));
      // A broker with a memory sweeps up the wills of those it held when it died.
      if (this.#parts.random.next() < 0.3) this.#tellWill(wire, MINUTE + this.#upTo(3 * MINUTE));
    }
    this.#wires.clear();
  }

  /** No packet passes any more, in either direction or in one, until `heal`. */
  cut(device: string, way: Way): void {
    this.#parts.trace.tell(`${device} is cut off: ${way}`);
    this.#severed.add(device);
    this.#break(this.#wires.get(device), { way, within: way === "both" ? MINUTE : KEPT_ALIVE });
  }

  /** The connection is reset; a new one may be made at once. */
  reset(device: string): void {
    this.#parts.trace.tell(`${device} is reset`);
    this.#break(this.#wires.get(device), { way: "both", within: 100 });
  }

  /** Nothing passes for a while, and then all of it. */
  stall(device: string, ms: number): void {
    this.#parts.trace.tell(`${device}: the connection stalls for ${ms}`);
    this.#wires.get(device)?.stall(this.#parts.clock.monotonic() + ms);
  }

  heal(device: string): void {
    this.#severed.delete(device);
  }

  /** From now on only what is broken already is told late. */
  calm(): void {
    this.#isCalm = true;
  }

  /** Somebody else who has got hold of the broker sends something to a device. */
  inject(packet: Packet): void {
    this.#deliver(packet);
  }

  /** A device's process is gone: its host closes the connection, or is gone with it. */
  abandon(life: Life, says: "closed" | "nothing"): void {
    const wire = [...this.#wires.values()].find((each) => each.life === life);
    if (wire === undefined) return;
    wire.agentHolds = false;
    this.#later(says === "closed" ? this.#upTo(50) : this.#upTo(KEPT_ALIVE), () =>
      this.#brokerEnds(wire, { will: true }),
    );
  }

  /** A device's process says nothing any more, and may go on. */
  await(life: Life): void {
    const wire = [...this.#wires.values()].find((each) => each.life === life);
    this.#later(MINUTE + this.#upTo(MINUTE / 2), () => {
      if (life.isFrozen) this.#brokerEnds(wire, { will: true });
    });
  }

  async #connect(attempt: Attempt): Promise<Connection> {
    const { machine, life, will } = attempt;
    const wire = await life.contact(() => this.#accept(attempt), ATTEMPT);
    if (wire instanceof Wire) return this.#agentEnd(wire, attempt);
    this.#parts.trace.tell(`${machine.name} finds no connection: ${wire}`, will.payload);
    if (wire === "unreachable") await life.pause(this.#upTo(GIVEN_UP_AFTER));
    throw new ConnectError(wire, `the control plane is ${wire}`);
  }

  #accept(attempt: Attempt): Wire | "unreachable" | "refused" {
    const { device, machine, will } = attempt;
    if (this.#served === undefined || this.#served.life.isFrozen || this.#severed.has(device)) return "unreachable";
    if (!this.#served.admits(device)) return "refused";
    this.#brokerEnds(this.#wires.get(device), { will: true });
    const wire = new Wire(attempt);
    const before = this.#newest.get(device);
    if (before !== undefined) before.next = wire;
    this.#newest.set(device, wire);
    this.#wires.set(device, wire);
    this.#parts.connected(device, epochOf(will));
    this.#parts.trace.tell(`${machine.name} connected`, will.payload);
    // Some connections break with their first words under way.
    if (!this.#isCalm && this.#parts.random.next() < 0.05)
      this.#later(this.#upTo(100), () => this.#break(wire, { way: "both", within: 100 }));
    return wire;
  }

  #agentEnd(wire: Wire, { machine, life }: Attempt): Connection {
    return {
      publish: (packet) => {
        this.#parts.published(machine, packet);
        return life.contact(() => this.#up(wire, packet), { shortest: 0, longest: 1 });
      },
      close: async () => {
        if (life.isOver || !wire.agentHolds) return;
        wire.closeAgent();
        // Without the goodbye of MQTT the broker learns of it like of a death.
        this.#later(wire.isBroken.up ? this.#upTo(KEPT_ALIVE) : this.#upTo(50), () =>
          this.#brokerEnds(wire, { will: wire.isBroken.up }),
        );
      },
    };
  }

  /** Resolves with the broker's receipt. */
  #up(wire: Wire, packet: Packet): Promise<void> {
    const { clock } = this.#parts;
    const { delay, again, isLost, isOvertaken } = this.#fate();
    return new Promise((resolve, reject) => {
      if (!wire.agentHolds) return reject(new Error("not connected"));
      wire.waitForReceipt(reject);
      const arrive = async () => {
        if (wire.isStraggling) await clock.sleep(this.#upTo(20 * SECOND));
        if (!isLost && !(await this.#arrives(wire, packet))) return;
        if (!wire.brokerHolds) return;
        this.#later(wire.nextDown(clock.monotonic(), this.#fate().delay), () => {
          if (wire.carriesDown) wire.receipt(reject, resolve);
        });
      };
      const takes = isOvertaken ? delay : wire.nextUp(clock.monotonic(), delay);
      this.#later(takes, () => void arrive());
      if (again !== undefined) this.#later(takes + again, () => void this.#arrives(wire, packet));
    });
  }

  /** Whether the control plane took it. */
  async #arrives(wire: Wire, { topic, payload }: Packet): Promise<boolean> {
    const served = this.#served;
    // What was on its way comes in beside the next connection at most: no broker keeps it for longer.
    const isForgotten = wire.isStraggling && this.#wires.get(wire.device) !== wire.next;
    if (!wire.carriesUp || isForgotten || served === undefined) return false;
    const { trace } = this.#parts;
    trace.tell(`up ${topic}`, payload);
    try {
      await served.life.ask(() => served.link.arrived(wire.device, topic, payload, ADDRESS));
      return true;
    } catch (error) {
      trace.tell(`up ${topic} failed: ${error instanceof Error ? error.message : String(error)}`);
      this.#brokerEnds(wire, { will: true });
      return false;
    }
  }

  #down(packet: Packet): void {
    if (!this.#wires.has(deviceOf(packet))) return;
    this.#served?.sent(packet.topic, packet.payload);
    this.#deliver(packet);
  }

  #deliver(packet: Packet): void {
    const { clock, trace } = this.#parts;
    const wire = this.#wires.get(deviceOf(packet));
    if (wire === undefined) return;
    const { topic, payload } = packet;
    trace.tell(`down ${topic}`, payload);
    const { delay, again, isLost, isOvertaken } = this.#fate();
    if (isLost) return;
    const arrive = () => {
      if (wire.carriesDown) wire.arrive(topic, payload);
    };
    const takes = isOvertaken ? delay : wire.nextDown(clock.monotonic(), delay);
    this.#later(takes, arrive);
    if (again !== undefined) this.#later(takes + again, arrive);
  }

  /** Both ends notice in their own time. */
  #break(wire: Wire | undefined, { way, within }: { readonly way: Way; readonly within: number }): void {
    if (wire === undefined) return;
    wire.isBroken.up ||= way !== "down";
    wire.isBroken.down ||= way !== "up";
    // What was on its way on the old road may still come in after a new one was taken.
    wire.isStraggling = wire.isBroken.up && this.#parts.random.next() < 0.3;
    this.#later(this.#upTo(within), () => wire.loseAgent("the connection is cut"));
    this.#later(this.#upTo(within * 1.5), () => this.#brokerEnds(wire, { will: true }));
  }

  #brokerEnds(wire: Wire | undefined, { will }: { readonly will: boolean }): void {
    if (wire === undefined || !wire.brokerHolds) return;
    const { random, trace } = this.#parts;
    wire.brokerHolds = false;
    trace.tell(`${wire.device} disconnected`);
    wire.isStraggling ||= !wire.isBroken.up && random.next() < 0.3;
    if (this.#wires.get(wire.device) === wire) {
      this.#wires.delete(wire.device);
      const served = this.#served;
      served?.life.hear(() => served.link.dropped(wire.device));
    }
    if (will) this.#tellWill(wire, random.next() < 0.7 ? 0 : this.#upTo(3 * MINUTE));
    if (!wire.isBroken.down) this.#later(this.#upTo(50), () => wire.loseAgent("the broker closed the connection"));
  }

  #tellWill(wire: Wire, delay: number): void {
    this.#later(delay, () => void this.#willArrives(wire).catch(() => {}));
  }

  async #willArrives({ device, will }: Wire): Promise<void> {
    const served = this.#served;
    if (served === undefined) return;
    const { trace, willsLie } = this.#parts;
    const [wire, session] = [this.#wires.get(device), served.link.session(device)];
    const told = willsLie && session ? pack("bye", { device }, { sessionEpoch: session.epoch, reason: "late" }) : will;
    trace.tell(`${device} left a will`, told.payload);
    await served.life.ask(() => served.link.arrived(device, told.topic, told.payload, ""));
    const isLate = session !== undefined && epochOf(will) < session.epoch;
    if (isLate && wire?.brokerHolds && this.#wires.get(device) === wire && served.link.session(device) === undefined)
      trace.wrong(`the will of an old session of ${device} ended its new one`);
  }

  #fate() {
    const { weather, random } = this.#parts;
    return fateOf(this.#isCalm ? { ...weather, lost: 0 } : weather, random);
  }

  #upTo(ms: number): number {
    return Math.floor(this.#parts.random.next() * ms);
  }

  #later(ms: number, happen: () => void): void {
    void this.#parts.clock.sleep(ms).then(happen);
  }
}
