import { SECOND, type Clock } from "@edgemere/protocol/kit";
import { handle } from "../../platform/action.ts";
import { Problem } from "../../platform/problem.ts";
import type { TelemetryContext } from "./context.ts";
import type { Landings } from "./landings.ts";
import { lookOf, type Look, type Told } from "./watch-look.ts";
import { watchTelemetry } from "./watch-contract.ts";

/** What an answer holds before it ends with the device under way. */
const VALUES_AT_MOST = 5_000;
/** Who follows a crowd is told at most so often, milliseconds: what comes meanwhile comes together. */
const PACE = SECOND / 4;

/** How far somebody has followed. */
interface Place {
  /** Of the last landing that is known. */
  readonly number: number;
  /** Present until every device was told of once: the last of these, by its id. */
  readonly from?: string;
}

interface Found {
  readonly values: readonly Told[];
  readonly place: Place;
}

export const watchActions = [
  handle(watchTelemetry, async ({ after, patience = 0, ...wanted }, context: TelemetryContext, caller) => {
    const { clock, telemetry } = context;
    const { landings } = telemetry;
    if (landings === undefined) throw new Problem("conflict", "nobody can follow the values of devices here");
    const looking = await lookOf(wanted, context, caller);
    const place = after === undefined ? beginning(landings) : placeAt(after, landings);
    const found = place.from === undefined ? await sinceThen(landings, place, looking) : await all(place, looking);
    const position = (at: Place) => [landings.life, at.number, ...(at.from === undefined ? [] : [at.from])].join(".");
    if (found.values.length > 0 || found.place.from !== undefined || patience === 0)
      return { values: [...found.values], position: position(found.place) };
    return {
      values: [],
      position: position(await untilSomething(landings, found.place, looking, { patience, clock })),
    };
  }),
];

const beginning = ({ number }: Landings): Place => ({ number, from: "" });

/** Whoever comes from another life of the control plane is told everything anew. */
function placeAt(position: string, landings: Landings): Place {
  const [, life, number, , from] = /^([^.]+)\.(\d{1,15})(\.(.*))?$/s.exec(position) ?? [];
  if (life === undefined) throw new Problem("invalid-input", '"after" takes the position of an answer before');
  const known = Number(number);
  if (life !== landings.life || known > landings.number) return beginning(landings);
  return { number: known, ...(from !== undefined && { from }) };
}

/** The newest values of every device, as many as an answer takes. */
async function all({ number, from = "" }: Place, look: Look): Promise<Found> {
  const values: Told[] = [];
  for await (const row of look.rows(from)) {
    values.push(...(await look.valuesOf(row)));
    if (values.length >= VALUES_AT_MOST) return { values, place: { number, from: row.id } };
  }
  return { values, place: { number } };
}

/** The newest values of devices that have reported since. */
async function sinceThen(landings: Landings, since: Place, look: Look): Promise<Found> {
  const values: Told[] = [];
  // What lands during the look stands behind it.
  const upTo = landings.number;
  for (const [id, number] of landings.after(since.number)) {
    const row = await look.row(id);
    if (row !== undefined) values.push(...(await look.valuesOf(row)));
    if (values.length >= VALUES_AT_MOST) return { values, place: { number } };
  }
  return { values, place: { number: upTo } };
}

/** Up to where there is nothing to tell. */
async function untilSomething(
  landings: Landings,
  { number: since }: Place,
  look: Look,
  { patience, clock }: { readonly patience: number; readonly clock: Clock },
): Promise<Place> {
  const end = clock.monotonic() + patience;
  let number = since;
  for (let left = patience; left > 0 && !landings.isEnded; left = end - clock.monotonic()) {
    await landings.next(number, left, clock);
    await clock.sleep(Math.min(PACE, Math.max(0, end - clock.monotonic())));
    for (const [id, last] of landings.after(number)) {
      const row = await look.row(id);
      if (row !== undefined && (await look.valuesOf(row)).length > 0) return { number };
      number = last;
    }
  }
  return { number };
}
