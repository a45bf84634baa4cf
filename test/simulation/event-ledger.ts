import { commandLife } from "@edgemere/protocol";
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
}

/** How the effects of commands are named that somebody else made up. */
export const FORGED = "forged";

/** The key under which the store keeps events begins so. */
const KEY = "sevent\u0000";
const decoder = new TextDecoder();

/** The domain events as they land: numbers without holes, ends that stay ends, presence that old news do not move. */
export class EventLedger {
  readonly #trace: Trace;
  readonly #mayForget: (device: string) => boolean;
  readonly #commands = new Map<string, SeenCommand>();
  readonly #jobs = new Set<string>();
  readonly #effects = new Map<string, number>();
  /** Per device, which connection made the session number: the last one that used it. */
  readonly #connections = new Map<string, Map<number, number>>();
  readonly #presenceBy = new Map<string, number>();
  readonly #presence = new Map<string, string>();
  readonly #retired = new Set<string>();
  #lastNumber = 0;
  #connects = 0;

  /** `mayForget`: whether something befell the device after which it may remember less than it told. */
  constructor(trace: Trace, mayForget: (device: string) => boolean) {
    this.#trace = trace;
    this.#mayForget = mayForget;
  }

  /** A connection was taken, of a session with this number. Numbers go up, unless the disk they were written to lost one. */
  connected(device: string, epoch: number, mayRepeat: boolean): void {
    const epochs = this.#connections.get(device) ?? new Map<number, number>();
    if (!mayRepeat && Math.max(0, ...epochs.keys()) >= epoch)
      this.#trace.wrong(`session ${epoch} of ${device} follows session ${Math.max(...epochs.keys())}`);
    this.#connections.set(device, epochs.set(epoch, ++this.#connects));
  }

  /** A program of a command has begun. */
  effect(name: string): void {
    if (name.startsWith(FORGED)) this.#trace.wrong(`${name} began, and nobody who may sign asked for it`);
    const times = (this.#effects.get(name) ?? 0) + 1;
    this.#effects.set(name, times);
    if (times > 1) this.#trace.wrong(`the command for ${name} took effect ${times} times`);
  }

  /** A caller was told that the job is there. */
  promised(job: string): void {
    if (!this.#jobs.has(job)) this.#trace.wrong(`job ${job} was promised and is not in the store`);
  }

  isRetired(device: string): boolean {
    return this.#retired.has(device);
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
    if (event.type === "device.quarantined" && !this.#mayForget(event.subject))
      this.#trace.wrong(`${event.subject} is in quarantine, and it forgot nothing`);
    if (event.type === "device.retired") this.#retired.add(event.subject);
  }

  /** What must be true when everything has come to rest. */
  close(): void {
    for (const [id, { state, reason, effect, device }] of this.#commands) {
      const times = this.#effects.get(effect) ?? 0;
      if (!commandLife.isFinal(state)) this.#trace.wrong(`command ${id} is still ${state}`);
      if (state !== "succeeded" && reason === "") this.#trace.wrong(`command ${id} is ${state} without a reason`);
      if (state === "succeeded" && effect !== "" && times === 0)
        this.#trace.wrong(`command ${id} succeeded and ${effect} never began`);
      if ((state === "expired" || state === "rejected") && times > 0)
        this.#trace.wrong(`command ${id} is ${state} and ${effect} began`);
      if (state === "lost" && !this.#mayLose(device, reason))
        this.#trace.wrong(`command ${id} is lost (${reason}), and nothing befell its device that explains it`);
    }
  }

  /** A device that comes back always tells in time how its commands ended, but where it has forgotten them. */
  #mayLose(device: string, reason: string): boolean {
    if (reason === "device-retired") return this.isRetired(device);
    return reason === "device-restored" && this.#mayForget(device);
  }

  #command({ subject, data, type }: DomainEvent): void {
    const state = String(data["state"]);
    const known = this.#commands.get(subject);
    if (known === undefined) {
      const given = data["arguments"] as { readonly argv?: readonly string[] };
      const { device, kind } = data as { device: string; kind: string };
      this.#commands.set(subject, { device, kind, effect: given.argv?.[1] ?? "", state, reason: "" });
      return;
    }
    if (commandLife.isFinal(known.state) && known.state !== state)
      this.#trace.wrong(`command ${subject} was ${known.state} and became ${state} by ${type}`);
    known.state = state;
    known.reason = String(data["reason"]);
  }

  #device({ subject, data }: DomainEvent): void {
    this.#presence.set(subject, String(data["presence"]));
    const connection = this.#connections.get(subject)?.get(Number(data["sessionEpoch"]));
    const before = this.#presenceBy.get(subject) ?? 0;
    if (connection === undefined) return;
    if (connection < before)
      this.#trace.wrong(`news of an old session of ${subject} made it ${String(data["presence"])}`);
    this.#presenceBy.set(subject, connection);
  }
}
