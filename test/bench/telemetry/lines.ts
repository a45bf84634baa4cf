import type { Samples } from "@edgemere/protocol";

interface Place {
  /** Measurement and instance. */
  readonly head: string;
  readonly field: string;
}

const places = new Map<string, Place>();
const escaped = (text: string) => text.replaceAll(/[ ,=\\]/g, String.raw`\$&`);

/** The part before the first dot is the measurement, as Telegraf names what it measures. */
function placeOf(metric: string, instance: string): Place {
  const key = `${metric} ${instance}`;
  const known = places.get(key);
  if (known !== undefined) return known;
  const [measurement = "", ...rest] = metric.split(".");
  const head = escaped(measurement) + (instance === "" ? "" : `,instance=${escaped(instance)}`);
  const place = { head, field: escaped(rest.join(".")) };
  places.set(key, place);
  return place;
}

/** Samples of one device in InfluxDB's line protocol, milliseconds: a line for each instant of each measurement. `tags` tell whose they are. */
export function linesOf({ baseMs, offsetMs, series }: Samples, tags: Readonly<Record<string, string>>): string {
  const own = Object.entries(tags)
    .map(([name, value]) => `,${name}=${escaped(value)}`)
    .join("");
  const groups = new Map<string, { readonly field: string; readonly values: Float64Array }[]>();
  for (const { metric, instance, values } of series) {
    const { head, field } = placeOf(metric, instance);
    const group = groups.get(head);
    if (group === undefined) groups.set(head, [{ field, values }]);
    else group.push({ field, values });
  }
  let text = "";
  for (const [row, offset] of offsetMs.entries())
    for (const [head, columns] of groups) {
      let fields = "";
      for (const { field, values } of columns) {
        const value = values[row] ?? NaN;
        if (!Number.isNaN(value)) fields += `${fields === "" ? "" : ","}${field}=${value}`;
      }
      if (fields !== "") text += `${head}${own} ${fields} ${baseMs + offset}\n`;
    }
  return text;
}
