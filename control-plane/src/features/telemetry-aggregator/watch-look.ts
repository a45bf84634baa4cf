import type { InputOf } from "../../platform/action.ts";
import type { Caller } from "../../platform/caller.ts";
import { isNamed } from "../../platform/metric-pattern.ts";
import { resolve } from "../../platform/reference.ts";
import type { Store } from "../../platform/store.ts";
import { device, type Device } from "../devices/contract.ts";
import { viewOf } from "../devices/selector-contract.ts";
import { chainedDeviceOf, seenOf } from "./chained-devices.ts";
import { newestOfChained } from "./chained-reading.ts";
import { chainedDevices, type ChainedDevice } from "./chain-tables.ts";
import { byName } from "./chunks.ts";
import type { TelemetryContext } from "./context.ts";
import { matcherOf, selectorOf } from "./fleet.ts";
import { newestValues, type NewestValue } from "./newest.ts";
import { watchTelemetry } from "./watch-contract.ts";

type Wanted = Omit<InputOf<typeof watchTelemetry>, "after" | "patience">;

/** A device that may be told of: one of this control plane, or of a child. */
interface Watched {
  readonly id: string;
  readonly name: string;
  readonly newest: () => Promise<readonly NewestValue[]>;
}

export interface Told extends NewestValue {
  readonly device: string;
  readonly name: string;
}

/** A look at devices with the eyes of one caller. */
export interface Look {
  /** Devices behind this one, those of children behind all others, each by their ids; all of them when it is empty. */
  readonly rows: (from: string) => AsyncIterable<Watched>;
  /** Undefined where the caller does not want to know of it, or may not. */
  readonly row: (id: string) => Promise<Watched | undefined>;
  readonly valuesOf: (row: Watched) => Promise<readonly Told[]>;
}

/** Ids of devices of children hold a slash, and no others do. */
const isOfChild = (id: string): boolean => id.includes("/");

const idOf = async (ref: string, store: Store): Promise<string> =>
  ((await chainedDeviceOf(store, ref)) ?? (await resolve(store, device, ref))).id;

export async function lookOf(
  { device: ref, selector = "", adevice, metric, instance }: Wanted,
  { store, scopes }: TelemetryContext,
  caller: Caller,
): Promise<Look> {
  const reach = scopes.reachOf(caller, watchTelemetry.permission);
  const isSelected = matcherOf(selector, await selectorOf(adevice, store));
  const only = ref === undefined ? undefined : await idOf(ref, store);
  const isAsked = (each: string) => metric === undefined || isNamed(each, metric);

  const ownOf = (row: Device | undefined): Watched | undefined => {
    if (row === undefined || !reach.coversRow(row) || !isSelected(viewOf(row))) return undefined;
    const { id, name } = row;
    return { id, name, newest: () => newestValues(id, store) };
  };
  // What a child says of its devices is not what grants go by.
  const chainedOf = async (row: ChainedDevice | undefined): Promise<Watched | undefined> => {
    const seen = row && reach.isEverywhere ? await seenOf(store, row) : undefined;
    if (row === undefined || seen === undefined || !isSelected(seen.view)) return undefined;
    const { id, newestHour } = row;
    return { id, name: seen.shownName, newest: () => newestOfChained(store, id, newestHour, isAsked) };
  };
  const rowOf = async (id: string) =>
    isOfChild(id) ? chainedOf(await store.get(chainedDevices, id)) : ownOf(await store.get(device, id));
  const isNext = (row: Watched | undefined, from: string): row is Watched => row !== undefined && row.id > from;

  return {
    async *rows(from) {
      if (only !== undefined) {
        const row = await rowOf(only);
        if (isNext(row, from)) yield row;
        return;
      }
      const where = from === "" ? {} : { from };
      if (!isOfChild(from))
        for await (const each of store.scan(device, where)) {
          const row = ownOf(each);
          if (isNext(row, from)) yield row;
        }
      const last = isOfChild(from) ? from : "";
      for await (const each of store.scan(chainedDevices, last === "" ? {} : { from: last })) {
        const row = await chainedOf(each);
        if (isNext(row, last)) yield row;
      }
    },
    row: async (id) => (only === undefined || id === only ? rowOf(id) : undefined),
    valuesOf: async ({ id, name, newest }) =>
      (await newest())
        .filter((each) => isAsked(each.metric) && (instance === undefined || instance.includes(each.instance)))
        .toSorted(byName)
        .map((each) => ({ device: id, name, ...each })),
  };
}
