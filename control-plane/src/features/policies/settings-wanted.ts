import { isDeepStrictEqual } from "node:util";
import { commandLife } from "@edgemere/protocol";
import type { Command } from "../jobs/contract.ts";
import type { Policy } from "./contract.ts";
import { isConfiguring } from "./effect-contract.ts";

/** Options of an agent and what they are set to. */
export type Settings = Readonly<Record<string, readonly string[]>>;

/** What holds of an option while alerts last. */
export interface Winner {
  readonly values: readonly string[];
  readonly policy: string;
  readonly account: string | undefined;
  /** Policies that want another value of it, which does not hold. */
  readonly over: readonly string[];
}

type Wanting = Pick<Policy, "name" | "priority" | "effects" | "account">;

/** What some policies want of one device together: of each option what the one with the highest priority says, whatever their order. */
export function winnersOf(policies: readonly Wanting[]): ReadonlyMap<string, Winner> {
  const winners = new Map<string, Winner>();
  const inOrder = policies.toSorted(
    (one, other) => (other.priority ?? 0) - (one.priority ?? 0) || (one.name < other.name ? -1 : 1),
  );
  for (const each of inOrder)
    for (const [option, values] of Object.entries(settingsOf(each))) {
      const winner = winners.get(option);
      if (winner === undefined) winners.set(option, { values, policy: each.name, account: each.account, over: [] });
      else if (!isDeepStrictEqual(winner.values, values))
        winners.set(option, { ...winner, over: [...winner.over, each.name] });
    }
  return winners;
}

/** The options that a policy wants set while its alert lasts. */
export const settingsOf = ({ effects = [] }: Pick<Wanting, "effects">): Settings =>
  Object.fromEntries(
    effects
      .filter(isConfiguring)
      .flatMap(({ set }) => Object.entries(set).map(([option, value]) => [option, [value].flat()])),
  );

/** What people want of a device: what was wanted at a command, and what they asked for since. */
export interface Wanted {
  readonly base: Settings;
  /** Id of the command up to which it is in the base; empty: there was none. */
  readonly after: string;
}

type Asked = Pick<Command, "id" | "state" | "arguments">;

/** What people want, with what they asked for since; what has ended goes into the base. */
export function wantedNow(before: Wanted, commands: readonly Asked[]): Wanted & { readonly wish: Settings } {
  let { base, after } = before;
  let wish = base;
  let isEnded = true;
  for (const each of commands) {
    isEnded &&= commandLife.isFinal(each.state);
    if (isHeeded(each)) wish = withAsked(wish, each);
    if (isEnded) [base, after] = [wish, each.id];
  }
  return { base, after, wish };
}

/** Whether people asked for something of an option after an instant, by the ids of what was asked. */
export const isAskedSince = (option: string, id: string, commands: readonly Asked[]): boolean =>
  commands.some((each) => each.id > id && isHeeded(each) && names(each).has(option));

/** What was not done, or never will be, is no wish. */
const isHeeded = ({ state }: Asked): boolean => state === "succeeded" || !commandLife.isFinal(state);

interface Change {
  readonly set?: Readonly<Record<string, string | readonly string[]>>;
  readonly reset?: readonly string[];
}

const names = ({ arguments: given }: Asked): ReadonlySet<string> => {
  const { set = {}, reset = [] } = given as Change;
  return new Set([...Object.keys(set), ...reset]);
};

function withAsked(settings: Settings, { arguments: given }: Asked): Settings {
  const { set = {}, reset = [] } = given as Change;
  const rest = Object.entries(settings).filter(([option]) => !reset.includes(option));
  const added = Object.entries(set).map(([option, value]): [string, readonly string[]] => [option, [value].flat()]);
  return Object.fromEntries([...rest, ...added]);
}

/** What an agent said at the end of a command of all that is set from far away. */
export const settingsToldBy = ({ result }: Pick<Command, "result">): Settings => {
  const { settings = [] } = (result ?? {}) as { settings?: readonly { name: string; values: readonly string[] }[] };
  return Object.fromEntries(settings.map(({ name, values }) => [name, values]));
};
