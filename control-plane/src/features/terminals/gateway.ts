import { commandLife, newTerminalKey, pack, ProtocolError, terminalSeal, type v1 } from "@edgemere/protocol";
import type { Clock, Log } from "@edgemere/protocol/kit";
import type { Caller } from "../../platform/caller.ts";
import type { TerminalFrame } from "../../platform/feature.ts";
import { Problem } from "../../platform/problem.ts";
import { resolve } from "../../platform/reference.ts";
import type { TerminalSeat, TerminalViewer } from "../../platform/terminal-door.ts";
import { command, job, type Command, type Job } from "../jobs/contract.ts";
import type { TerminalsContext } from "./context.ts";
import { TerminalPlace } from "./place.ts";
import { Recorder } from "./recorder.ts";

type Around = Pick<TerminalsContext, "store" | "link" | "clock" | "log">;

/** The terminals that are open or asked for. They live in memory, as their keys do: a control plane that is started anew has none. */
export class TerminalGateway {
  readonly #clock: Clock;
  readonly #log: Log;
  readonly #places = new Map<string, TerminalPlace>();
  readonly #byCommand = new Map<string, TerminalPlace>();

  constructor({ clock, log }: { readonly clock: Clock; readonly log: Log }) {
    this.#clock = clock;
    this.#log = log;
  }

  get places(): readonly TerminalPlace[] {
    return [...this.#places.values()];
  }

  has(commandId: string): boolean {
    return this.#byCommand.has(commandId);
  }

  /** Makes the key of a terminal that a command asks for; gives our half, base64. */
  prepare({ job: jobId, command: commandId }: { readonly job: string; readonly command: string }): string {
    const place = this.#placeOf(jobId);
    place.key ??= newTerminalKey();
    place.command = commandId;
    this.#byCommand.set(commandId, place);
    return Buffer.from(place.key.publicKey).toString("base64");
  }

  /** Sits down at the terminal that a job has asked for, which only its author may. */
  async sit(
    { job: id, seen, caller }: { readonly job: string; readonly seen: number; readonly caller: Caller },
    viewer: TerminalViewer,
    { store }: Pick<Around, "store">,
  ): Promise<TerminalSeat> {
    const row = await resolve(store, job, id);
    if (row.kind !== "terminal.open")
      throw new Problem("invalid-input", `this job opens no terminal: it is of the kind ${row.kind}`);
    if (!isAuthor(row, caller))
      throw new Problem("forbidden", "only who has opened a terminal may sit at it; others may play its recording");
    if (job.life.isFinal(row.state) || (row.state === "running" && !this.#places.has(id)))
      throw new Problem("conflict", await whyOver(row, store));
    return this.#placeOf(id).sit(viewer, seen);
  }

  /** What a device says in a terminal: whether there is one. The first frames bring its half of the key, which the link has found to be its word. */
  async heard({ device, frame, opened }: TerminalFrame, around: Around): Promise<boolean> {
    const place = this.#byCommand.get(frame.command ?? "");
    if (place === undefined) return false;
    if (!place.isOpen && opened !== undefined) await this.#open(place, device, opened, around);
    place.receive(frame);
    return true;
  }

  /** A device has a new connection: what its terminals have to say may have been lost with the old one. */
  sayAgain(): void {
    for (const place of this.places) place.sayAgain();
  }

  async #open(
    place: TerminalPlace,
    device: string,
    opened: v1.TerminalOpened.$Properties,
    around: Around,
  ): Promise<void> {
    const { store, link } = around;
    const { key, command: id } = place;
    const row = id === undefined ? undefined : await store.get(command, id);
    if (
      key === undefined ||
      row === undefined ||
      row.device !== device ||
      opened.device !== device ||
      opened.command !== row.id
    )
      throw new ProtocolError("not-yours", "this terminal was opened for another device");
    if (!Buffer.from(opened.gatewayKey ?? []).equals(key.publicKey))
      throw new ProtocolError("not-yours", "this terminal was opened with another key");
    const seal = terminalSeal("control plane", key, opened);
    const { reason, columns, rows } = row.arguments as {
      readonly reason: string;
      readonly columns: number;
      readonly rows: number;
    };
    try {
      const { job: jobId, author } = row;
      const recorder = await Recorder.begin(row.id, { job: jobId, device, author, reason, columns, rows }, around);
      const send = (frame: v1.TerminalFrame.$Shape) =>
        void link.send(device, pack("keystrokes", { device }, frame)).catch((error: unknown) => {
          this.#log.debug("a frame of a terminal was not sent", { device, command: row.id, error });
        });
      place.open({ command: row.id, seal, recorder, send });
    } catch (error) {
      // It is not opened: nothing may be shown that is not written down.
      await place.end({
        reason: "cannot-record",
        detail: error instanceof Error ? error.message : "it cannot be written down",
      });
    }
  }

  #placeOf(jobId: string): TerminalPlace {
    const known = this.#places.get(jobId);
    if (known !== undefined) return known;
    const place = new TerminalPlace(jobId, this.#clock, ({ reason, detail }) => {
      this.#log.info("terminal ended", { job: jobId, command: place.command, reason, detail });
      this.#places.delete(jobId);
      if (place.command !== undefined) this.#byCommand.delete(place.command);
    });
    this.#places.set(jobId, place);
    return place;
  }
}

/** A person and that person's tokens are one. */
const isAuthor = ({ account, author }: Job, caller: Caller): boolean =>
  account === undefined ? author === caller.actor : account === caller.account;

async function whyOver(row: Job, store: Around["store"]): Promise<string> {
  const [end] = (await store.list(command, { index: "job", prefix: [row.id], limit: 1 })).items;
  if (end === undefined || !commandLife.isFinal(end.state)) return `this terminal is over: its job is ${row.state}`;
  return `this terminal is over: ${wordsOf(end)}`;
}

/** How a command ended, in words. */
export const wordsOf = ({ state, reason, detail }: Pick<Command, "state" | "reason" | "detail">): string =>
  [state, reason, detail].filter((each) => each !== "").join(", ");
