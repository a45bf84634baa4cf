import { crc32 } from "node:zlib";
import type { Disk } from "@edgemere/protocol/kit";
import type { Standing } from "@edgemere/protocol/policy";

/** How the alert of a policy stands on this device. */
export interface PolicyStanding {
  readonly revision: number;
  /** Undefined: there is none. */
  readonly standing?: Standing | undefined;
  /** The control plane has, or will have, this device's word on it. */
  readonly isTold: boolean;
}

/** A word that is still to be put into the outbox, with what the device is to ask of itself before. */
export interface Untold {
  readonly number: number;
  readonly atMs: number;
  readonly clockPeriod: number;
  readonly policy: string;
  readonly revision: number;
  readonly state: string;
  readonly looked: readonly { readonly what: string; readonly value?: number }[];
  /** Places of the policy's effects that are to be done, and those that are too many. */
  readonly effects: readonly { readonly place: number; readonly isHeldBack: boolean }[];
}

/** What the device knows of its alerts. Instants by its steady time. */
export interface PolicyState {
  readonly savedAt: number;
  readonly policies: Readonly<Record<string, PolicyStanding>>;
  /** Of the newest word. */
  readonly number: number;
  readonly untold: readonly Untold[];
  /** When it asked something of itself lately. */
  readonly acted: readonly number[];
}

const FILE = "policies/standing";
const CHECKSUM = 8;

/** Undefined where there is none, or none that can be believed. */
export async function readStanding(disk: Disk): Promise<PolicyState | undefined> {
  const text = Buffer.from((await disk.read(FILE)) ?? new Uint8Array()).toString();
  const content = text.slice(CHECKSUM);
  if (text.slice(0, CHECKSUM) !== checksum(content)) return undefined;
  return JSON.parse(content) as PolicyState;
}

/** In one step: how alerts stand, and the words that tell of it. */
export function writeStanding(disk: Disk, state: PolicyState): Promise<void> {
  const content = JSON.stringify(state);
  return disk.write(FILE, Buffer.from(`${checksum(content)}${content}`));
}

const checksum = (text: string) => crc32(text).toString(16).padStart(CHECKSUM, "0");
