import type { Counter } from "./measurement.ts";

const MOST_INTERFACES = 32;
// Ends of container links, and links to nowhere: their traffic is seen again on the interface that leads out.
const INNER = /^(lo|veth|cali|ifb|dummy|tunl|sit|gre|erspan|ip6)/;

/** Whether an interface is worth telling about. */
export const isOuterInterface = (name: string): boolean => !INNER.test(name);

// Column after the interface's name in /proc/net/dev.
const columns = [
  ["network.received_bytes_per_second", 0],
  ["network.received_packets_per_second", 1],
  ["network.received_errors_per_second", 2],
  ["network.received_drops_per_second", 3],
  ["network.sent_bytes_per_second", 8],
  ["network.sent_packets_per_second", 9],
  ["network.sent_errors_per_second", 10],
  ["network.sent_drops_per_second", 11],
] as const;

/** From /proc/net/dev. */
export function networkCounters(text: string): readonly Counter[] {
  return text
    .split("\n")
    .map((line) => /^\s*([^\s:]+):\s*(\d.*)$/.exec(line))
    .filter((match) => match !== null)
    .map(([, instance = "", numbers = ""]) => ({ instance, numbers: numbers.trim().split(/\s+/).map(Number) }))
    .filter(({ instance }) => isOuterInterface(instance))
    .slice(0, MOST_INTERFACES)
    .flatMap(({ instance, numbers }) =>
      columns.map(([metric, index]) => ({ metric, instance, counter: numbers[index] ?? NaN, scale: 1 })),
    );
}
