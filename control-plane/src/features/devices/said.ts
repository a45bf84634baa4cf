import type { Record_ } from "@edgemere/protocol";
import type { SessionNews } from "../../platform/feature.ts";
import { CLOCK_WRONG, conditionsOf, isWrong } from "./clock.ts";
import type { device, Device } from "./contract.ts";

/** Said by agents that sign how commands ended. Who has said it once is never believed without a signature again. */
const SIGNS_RESULTS = "signed-results";
/** Offsets of a clock that differ by less are the network's doing. */
const SAME_CLOCK = 1_000;

type Hello = NonNullable<SessionNews["hello"]>;

/** Fields of a device that change, and what is told of it beside that it changed. */
export interface Difference {
  readonly patch: Partial<
    Pick<Device, "presence" | "presenceAt" | "agent" | "conditions" | "inventory" | "signsResults" | "alert">
  >;
  readonly news: readonly (typeof device.news)[number][];
}
export const nothing: Difference = { patch: {}, news: [] };
export const both = (one: Difference, other: Difference): Difference => ({
  patch: { ...one.patch, ...other.patch },
  news: [...one.news, ...other.news],
});

export const presenceChange = (row: Device, presence: Device["presence"], now: number): Difference =>
  row.presence === presence ? nothing : { patch: { presence, presenceAt: now }, news: [presence] };

/** What a Hello says of the agent, its conditions and its clock. A Hello that says the same again changes nothing. */
export function helloChange(row: Device, hello: Hello): Difference {
  const { bootId, agentVersion: version, capabilities, lastExitReason, clockOffset, conditions } = hello;
  const agent = { version, bootId, capabilities: [...capabilities], lastExitReason, clockOffset };
  const signs: Difference =
    capabilities.includes(SIGNS_RESULTS) && row.signsResults !== true
      ? { patch: { signsResults: true }, news: [] }
      : nothing;
  const told = both(signs, conditionsChange(row, conditionsOf(conditions, isWrong(clockOffset, hasWrongClock(row)))));
  return isSame(row.agent, agent) ? told : both({ patch: { agent }, news: [] }, told);
}

/**
 * A device that has a newer keyring than there is here follows another control plane, or this one was restored from a backup
 * that does not know it: it will not believe what is signed here.
 */
export const keyringChange = (
  { keyringVersion }: Pick<Hello, "keyringVersion">,
  newest: number,
  at: number,
): Difference =>
  keyringVersion <= newest
    ? nothing
    : {
        patch: {
          alert: {
            at,
            reason: "keyring-ahead",
            detail: `the device has keyring ${keyringVersion}, and the newest here is ${newest}: rotate a key with --above ${keyringVersion}`,
          },
        },
        news: ["alert"],
      };

/** Names of agents' events that look like somebody's doing, and are told at once. */
const ALERTS: readonly string[] = [
  "untrusted-message",
  "untrusted-command",
  "keyring-refused",
  "keyring-held-back",
  "keyring-rolled-back",
  "head-went-back",
  "commands-held-back",
  "policy-unusable",
  "neighbour-lied",
];

/** The newest of the events that are alerts; each of them stands among the device's events as well. */
export function alertChange(records: readonly Pick<Record_, "body" | "agentEvent">[], at: number): Difference {
  const told = records.findLast(
    ({ body, agentEvent }) => body === "agentEvent" && ALERTS.includes(agentEvent?.name ?? ""),
  );
  if (told === undefined) return nothing;
  const { name: reason = "", detail = "" } = told.agentEvent ?? {};
  return { patch: { alert: { at, reason, detail } }, news: ["alert"] };
}

export function conditionsChange(row: Device, conditions: readonly string[]): Difference {
  const before = row.conditions ?? [];
  const isKnown = before.length === conditions.length && before.every((each, place) => each === conditions[place]);
  return isKnown ? nothing : { patch: { conditions: [...conditions] }, news: ["condition"] };
}

/** A clock that turned out to be wrong, or right again, while the device was connected. */
export function clockChange(row: Device, offset: number): Difference {
  const isClockWrong = isWrong(offset, hasWrongClock(row));
  if (isClockWrong === hasWrongClock(row)) return nothing;
  const agent = { ...row.agent, clockOffset: offset };
  return both({ patch: { agent }, news: [] }, conditionsChange(row, conditionsOf(row.conditions ?? [], isClockWrong)));
}

export const hasWrongClock = ({ conditions = [] }: Device): boolean => conditions.includes(CLOCK_WRONG);

const isSame = ({ clockOffset: before, ...one }: Device["agent"], { clockOffset, ...other }: Device["agent"]) =>
  Math.abs(before - clockOffset) < SAME_CLOCK &&
  one.version === other.version &&
  one.bootId === other.bootId &&
  one.lastExitReason === other.lastExitReason &&
  one.capabilities.join("\n") === other.capabilities.join("\n");
