import { SECOND, type Env } from "@edgemere/protocol/kit";
import type { HostNetwork, ProbeTarget, TelemetryReading } from "../host/host.ts";
import type { Answer, ExtraSource } from "./extra-sources.ts";
import { within } from "./within.ts";
import { LinkQuality } from "./link-quality.ts";
import { Pings } from "./pings.ts";
import type { NamedTarget } from "./probe-target.ts";

/** Longest wait for one answer. */
const PATIENCE = 5 * SECOND;
const AT_ONCE = 4;
// A fleet that measures at the same instants does not ask one target in the same moment.
const LONGEST_DELAY = 10 * SECOND;

export interface ProbePlan {
  /** Milliseconds. */
  readonly every: number;
  readonly targets: readonly NamedTarget[];
}

interface Asked {
  readonly text: string;
  readonly target: ProbeTarget;
}

/** Asks each target once a round, or by a ping that lives on: latency, jitter and loss by target. */
export function probes(
  { every, targets }: ProbePlan,
  network: HostNetwork,
  env: Pick<Env, "clock" | "random" | "log">,
): ExtraSource {
  const ping = network.ping?.bind(network);
  const pings = targets.flatMap(({ text, target }) =>
    target.kind === "icmp" ? [new Pings({ text, target, every, ping, env })] : [],
  );
  const asked = targets.flatMap(({ text, target }) => (target.kind === "icmp" ? [] : [{ text, target }]));
  const quality = new Map(asked.map(({ text }) => [text, new LinkQuality()]));

  const ask = async ({ text, target }: Asked, signal: AbortSignal): Promise<readonly TelemetryReading[]> => {
    const probe = (deadline: AbortSignal) =>
      network.probe(target, deadline).catch((error: unknown) => {
        env.log.debug("a probe was lost", { target: text, error });
        return undefined;
      });
    const latency = await within(PATIENCE, probe, { clock: env.clock, signal });
    const link = quality.get(text);
    if (link === undefined || signal.aborted) return [];
    link.take(latency);
    const reading = (metric: string, value: number | undefined) => ({ metric, instance: text, value: value ?? NaN });
    return [
      reading("probe.latency_milliseconds", latency),
      reading("probe.jitter_milliseconds", link.jitter),
      reading("probe.lost_percent", link.lostPercent),
    ].filter(({ value }) => Number.isFinite(value));
  };

  return {
    name: "probes",
    every,
    read: async (signal): Promise<Answer> => {
      await env.clock.sleep(env.random.next() * Math.min(LONGEST_DELAY, every / 2), signal);
      for (const each of pings) each.start(signal);
      const waiting = [...asked];
      const readings: TelemetryReading[] = pings.flatMap((each) => each.take());
      const work = async () => {
        for (let next = waiting.shift(); next !== undefined && !signal.aborted; next = waiting.shift())
          readings.push(...(await ask(next, signal)));
      };
      await Promise.all(Array.from({ length: AT_ONCE }, work));
      return { readings };
    },
    conditions: () => pings.flatMap(({ trouble }) => trouble ?? []),
  };
}
