import { formatTopic, topics } from "@edgemere/protocol";

interface Whose {
  readonly own: string;
  readonly other: string;
}

/** Filters by which a device would hear what is not said to it: wildcards at every level, names of others, prefixes that brokers know. */
export function foreignFilters({ own, other }: Whose): readonly string[] {
  const whose = { device: other, origin: "edge", theirs: other };
  const literal = Object.keys(topics).flatMap((name) =>
    name === "domainEvent" ? [] : [formatTopic(name as "sync", whose)],
  );
  const wild = [own, other].flatMap((device) =>
    ["down/sync", "down/command", "down/ack", "up/hello", "up/result"].flatMap((tail) =>
      withWildcards(`edgemere/v1/${device}/${tail}`.split("/")),
    ),
  );
  const shared = [...literal, `edgemere/v1/${own}/down/command`, "#"].flatMap((filter) => [
    `$share/group/${filter}`,
    `$queue/${filter}`,
  ]);
  const odd = [
    "#",
    "+",
    "+/#",
    "+/+",
    "/#",
    "$SYS/#",
    "$SYS/+/new/clients",
    "$SYS/devices/heartbeat",
    "$share/group/+/+/+/down/#",
    "edgemere/v1/events/#",
    "edgemere/v1/events/device/online",
    "edgemere/v1/events/+/+",
    `EDGEMERE/V1/${own}/DOWN/SYNC`,
    `edgemere/v2/${own}/down/sync`,
    `edgemere//v1/${own}/down/sync`,
    `/edgemere/v1/${own}/down/sync`,
    `edgemere/v1/${own}/down/sync/`,
    `edgemere/v1/${own}/down/sync/#`,
    `edgemere/v1/${own}/down/sync `,
    `edgemere/v1/${own}/down`,
    `edgemere/v1/${own}`,
    `edgemere/v1/${own}/up/telemetry`,
    `edgemere/v1/../v1/${other}/down/sync`,
    `edgemere/v1/${own}/../${other}/down/sync`,
    `edgemere/v1/${own}%2f..%2f${other}/down/sync`,
    `edgemere/v1/${other.toLowerCase()}/down/sync`,
    `edgemere/v1/${other}\u200b/down/sync`,
    `edgemere/v1/__proto__/down/sync`,
    `edgemere/v1/constructor/down/sync`,
    Array.from({ length: 100 }, () => "a").join("/"),
    "x".repeat(1_000),
  ];
  return [...new Set([...literal, ...wild, ...shared, ...odd])];
}

/** A filter with + in place of each set of its levels, and with # in place of each tail. */
function withWildcards(levels: readonly string[]): readonly string[] {
  const sets = Array.from({ length: 2 ** levels.length - 1 }, (_, set) => set + 1);
  const plus = sets.map((set) => levels.map((level, place) => ((set >> place) & 1 ? "+" : level)).join("/"));
  const tails = levels.map((_, place) => [...levels.slice(0, place), "#"].join("/"));
  return [...plus, ...tails];
}
