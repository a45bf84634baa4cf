import { commandLife } from "@edgemere/protocol";
import type { Machine } from "./simulated-device.ts";
import type { Trace } from "./trace.ts";

interface DomainEvent {
  readonly number: number;
  readonly type: string;
  readonly subject: string;
  readonly data: Readonly<Record<string, unknown>>;
}

interface SeenCommand {
  readonly device: string;
  readonly kind: string;
  readonly effect: string;
  state: string;
  reason: string;
  /** It was open in a backup that was put in place. */
  wasRestored: boolean;
}

/** How the effects of commands are named that somebody else made up. */
export const FORGED = "forged";

/** The key under which the store keeps events begins so. */
const KEY = "sevent\u0000";
const decoder = new TextDecoder();

/**
 * The domain events as they land: numbers without holes, ends that stay ends, presence that old news do not move.
 *
 * A command takes effect once on a machine, whatever befalls the control plane. An image that replaced a machine's disk
 * knows only what had begun when it was made, and a copy is another machine: there the same may begin once more.
 */
export class EventLedger {
  readonly #trace: Trace;
  readonly #mayForget: (device: string) => boolean;
  #commands = new Map<string, SeenCommand>();
  #jobs = new Set<string>();
  /** Per machine, as far as its disk knows them. */
  readonly #effects = new Map<string, ReadonlySet<string>>();
  /** On whatever machine. */
  readonly #begun = new Set<string>();
  /** Per device, which connection made the session number: the last one that used it. */
  readonly #connections = new Map<string, Map<number, number>>();
  #presenceBy = new Map<string, number>();
  #presence = new Map<string, string>();
  #states = new Map<string, string>();
  /** Devices that have, or have had, two memories. */
  readonly #forked = new Set<string>();
  readonly #doubted = new Set<string>();
  #lastNumber = 0;
  #connects = 0;

  /** `mayForget`: whether something befell the device after which it may remember less than it told. */
  constructor(trace: Trace, mayForget: (device: string) => boolean) {
    this.#trace = trace;
    this.#mayForget = (device) => this.#forked.has(device) || mayForget(device);
  }

  /** A connection was taken, of a session with this number. Numbers go up, unless the disk they were written to lost one. */
  connected(device: string, epoch: number, mayRepeat: boolean): void {
    const epochs = this.#connections.get(device) ?? new Map<number, number>();
    if (!mayRepeat && !this.#forked.has(device) && Math.max(0, ...epochs.keys()) >= epoch)
      this.#trace.wrong(`session ${epoch} of ${device} follows session ${Math.max(...epochs.keys())}`);
    this.#connections.set(device, epochs.set(epoch, ++this.#connects));
  }

  /** A program of a command has begun. */
  effect({ name: machine }: Machine, name: string): void {
    if (name.startsWith(FORGED)) this.#trace.wrong(`${name} began, and nobody who may sign asked for it`);
    const before = this.effectsOn(machine);
    if (before.has(name)) this.#trace.wrong(`the command for ${name} took effect a second time on ${machine}`);
    this.#effects.set(machine, new Set(before).add(name));
    this.#begun.add(name);
  }

  /** What has begun on a machine, as far as its disk knows. */
  effectsOn(machine: string): ReadonlySet<string> {
    return this.#effects.get(machine) ?? new Set();
  }

  /** From now on a second memory speaks for the device: that of this machine, which knows no more than these effects. */
  forked({ device, name }: Machine, effects: ReadonlySet<string>): void {
    this.#forked.add(device);
    this.#effects.set(name, effects);
  }

  /** A caller was told that the job is there. */
  promised(job: string): void {
    if (!this.#jobs.has(job)) this.#trace.wrong(`job ${job} was promised and is not in the store`);
  }

  isRetired(device: string): boolean {
    return this.#states.get(device) === "retired";
  }

  isInQuarantine(device: string): boolean {
    return this.#states.get(device) === "quarantined";
  }

  /** Whether it ever was. */
  wasInQuarantine(device: string): boolean {
    return this.#doubted.has(device);
  }

  presenceOf(device: string): string | undefined {
    return this.#presence.get(device);
  }

  /** Who flapped a minute ago is not called online or offline yet. */
  isSeenAs(device: string, presence: "online" | "offline"): boolean {
    return [presence, "flapping"].includes(this.#presence.get(device) ?? "");
  }

  get openCommands(): readonly string[] {
    return [...this.#commands].filter(([, { state }]) => !commandLife.isFinal(state)).map(([id]) => id);
  }

  get jobs(): readonly string[] {
    return [...this.#jobs];
  }

  /** How commands ended, counted. */
  ends(): Readonly<Record<string, number>> {
    const counts: Record<string, number> = {};
    for (const { state } of this.#commands.values()) counts[state] = (counts[state] ?? 0) + 1;
    return counts;
  }

  /** A row of a batch that is about to land. */
  landed(key: string, value: Uint8Array): void {
    if (!key.startsWith(KEY)) return;
    const event = JSON.parse(decoder.decode(value)) as DomainEvent;
    if (event.number !== this.#lastNumber + 1)
      this.#trace.wrong(`event ${event.number} (${event.type}) follows ${this.#lastNumber}`);
    this.#lastNumber = event.number;
    this.#trace.tell(`event ${event.number} ${event.type} ${event.subject}`);
    if (event.type === "job.create") this.#jobs.add(event.subject);
    if (event.type.startsWith("command.")) this.#command(event);
    if (event.type === "device.updated") this.#device(event);
    const { type, subject } = event;
    if (["device.active", "device.quarantined", "device.retired"].includes(type))
      this.#states.set(subject, type.slice("device.".length));
    if (type !== "device.quarantined") return;
    this.#doubted.add(subject);
    if (!this.#mayForget(subject)) this.#trace.wrong(`${subject} is in quarantine, and it forgot nothing`);
  }

  /** Remembers how all is now; what it gives puts a restored control plane's forgetting into the books. */
  bookmark(): () => void {
    const commands = [...this.#commands].map(([id, command]) => [id, { ...command }] as const);
    const [jobs, presence, presenceBy] = [new Set(this.#jobs), new Map(this.#presence), new Map(this.#presenceBy)];
    const [states, lastNumber] = [new Map(this.#states), this.#lastNumber];
    return () => {
      const isOpen = ({ state }: SeenCommand) => !commandLife.isFinal(state);
      this.#commands = new Map(
        commands.map(([id, each]) => [id, { ...each, wasRestored: each.wasRestored || isOpen(each) }]),
      );
      [this.#jobs, this.#presence, this.#presenceBy] = [new Set(jobs), new Map(presence), new Map(presenceBy)];
      [this.#states, this.#lastNumber] = [new Map(states), lastNumber];
    };
  }

  /** What must be true when everything has come to rest. */
  close(): void {
    for (const [id, command] of this.#commands) {
      const { state, reason, effect } = command;
      const hasBegun = this.#begun.has(effect);
      if (!commandLife.isFinal(state)) this.#trace.wrong(`command ${id} is still ${state}`);
      if (state !== "succeeded" && reason === "") this.#trace.wrong(`command ${id} is ${state} without a reason`);
      if (state === "succeeded" && effect !== "" && !hasBegun)
        this.#trace.wrong(`command ${id} succeeded and ${effect} never began`);
      if ((state === "expired" || state === "rejected") && hasBegun && !this.#forked.has(command.device))
        this.#trace.wrong(`command ${id} is ${state} and ${effect} began`);
      if (state === "lost" && !this.#mayLose(command))
        this.#trace.wrong(`command ${id} is lost (${reason}), and nothing befell its device that explains it`);
    }
  }

  /**
   * A device that comes back always tells in time how its commands ended, but where it has forgotten them. While it is
   * doubted it is not asked, and its other memory may answer; what was open in a backup may have been told before the restore.
   */
  #mayLose({ device, reason, wasRestored }: SeenCommand): boolean {
    if (reason === "device-retired") return this.isRetired(device);
    if (reason === "device-restored") return this.#mayForget(device);
    return wasRestored || this.#doubted.has(device);
  }

  #command({ subject, data, type }: DomainEvent): void {
    const state = String(data["state"]);
    const known = this.#commands.get(subject);
    if (known === undefined) {
      const given = data["arguments"] as { readonly argv?: readonly string[] };
      const { device, kind } = data as { device: string; kind: string };
      this.#commands.set(subject, {
        device,
        kind,
        effect: given.argv?.[1] ?? "",
        state,
        reason: "",
        wasRestored: false,
      });
      return;
    }
    if (commandLife.isFinal(known.state) && known.state !== state)
      this.#trace.wrong(`command ${subject} was ${known.state} and became ${state} by ${type}`);
    known.state = state;
    known.reason = String(data["reason"]);
  }

  #device({ subject, data }: DomainEvent): void {
    this.#presence.set(subject, String(data["presence"]));
    // The numbers of two memories say nothing about each other, and neither do the wills they left.
    if (this.#forked.has(subject)) return;
    const connection = this.#connections.get(subject)?.get(Number(data["sessionEpoch"]));
    const before = this.#presenceBy.get(subject) ?? 0;
    if (connection === undefined) return;
    if (connection < before)
      this.#trace.wrong(`news of an old session of ${subject} made it ${String(data["presence"])}`);
    this.#presenceBy.set(subject, connection);
  }
}
