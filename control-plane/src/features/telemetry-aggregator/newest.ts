import type { SeriesName } from "@edgemere/protocol";
import type { Store } from "../../platform/store.ts";
import { latestOf } from "./latest.ts";
import { SeriesList } from "./series-list.ts";
import { latestKey, seriesListKey } from "./tables.ts";

/** The newest value of one series. */
export interface NewestValue extends SeriesName {
  readonly at: number;
  readonly value: number;
}

/** The newest value of every series of a device, in no order. */
export async function newestValues(device: string, store: Store): Promise<readonly NewestValue[]> {
  const [listed, latest] = await Promise.all([store.bytes(seriesListKey(device)), store.bytes(latestKey(device))]);
  const list = SeriesList.of(listed);
  return latestOf(latest).flatMap(({ series, at, value }) => {
    const name = list.nameOf(series);
    return name === undefined ? [] : [{ ...name, at, value }];
  });
}
