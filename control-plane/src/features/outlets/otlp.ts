import type { Post } from "./context.ts";
import type { Points } from "./point.ts";

/** The JSON form of an OTLP request for metrics (https://opentelemetry.io/docs/specs/otlp/): a resource for each device, a gauge for each metric. */
export function otlp(points: readonly Points[], labels: readonly string[]): Post {
  const byDevice = groupedBy(points, ({ device }) => device.id);
  const resourceMetrics = [...byDevice.values()].map((ofDevice) => ({
    resource: { attributes: attributesOf(ofDevice[0]?.device, labels) },
    scopeMetrics: [
      {
        scope: { name: "edgemere" },
        metrics: [...groupedBy(ofDevice, ({ metric }) => metric)].map(([name, series]) => ({
          name,
          gauge: { dataPoints: series.flatMap(dataPointsOf) },
        })),
      },
    ],
  }));
  return {
    body: new TextEncoder().encode(JSON.stringify({ resourceMetrics })),
    headers: { "content-type": "application/json" },
  };
}

function groupedBy(points: readonly Points[], keyOf: (of: Points) => string): ReadonlyMap<string, readonly Points[]> {
  const groups = new Map<string, Points[]>();
  for (const each of points) {
    const group = groups.get(keyOf(each));
    if (group === undefined) groups.set(keyOf(each), [each]);
    else group.push(each);
  }
  return groups;
}

const attribute = (key: string, stringValue: string) => ({ key, value: { stringValue } });

function attributesOf(device: Points["device"] | undefined, labels: readonly string[]) {
  const own = labels.flatMap((label) => {
    const value = device?.labels[label];
    return value === undefined ? [] : [attribute(`edgemere.label.${label}`, value)];
  });
  return [attribute("device.id", device?.id ?? ""), attribute("host.name", device?.name ?? ""), ...own];
}

const dataPointsOf = ({ instance, samples }: Points) =>
  samples.map(([at, asDouble]) => ({
    // A fixed64, which is text in JSON.
    timeUnixNano: `${at}000000`,
    asDouble,
    ...(instance !== "" && { attributes: [attribute("part", instance)] }),
  }));

/** How many points a collector says it left out of a request that it took as a whole. */
export function rejectedIn(text: string): number {
  try {
    const { partialSuccess } = JSON.parse(text) as {
      readonly partialSuccess?: { readonly rejectedDataPoints?: unknown };
    };
    const count = Number(partialSuccess?.rejectedDataPoints ?? 0);
    return Number.isSafeInteger(count) && count > 0 ? count : 0;
  } catch {
    return 0;
  }
}
