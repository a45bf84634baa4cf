import type { Answer, OutletsContext, Post, Target } from "./context.ts";
import type { OutletName } from "./contract.ts";
import { otlp, rejectedIn } from "./otlp.ts";
import { countOf, pointsOf, type Points, type Sending } from "./point.ts";
import { remoteWrite } from "./remote-write.ts";
import { reasonOf, verdictOn } from "./verdict.ts";

const encoders: Readonly<Record<OutletName, (points: readonly Points[], labels: readonly string[]) => Post>> = {
  "remote-write": remoteWrite,
  otlp,
};

/**
 * Sends arrivals on. What a target refuses for good is halved until what it has something against is found: one late sample
 * must not take with it all that came in the same seconds. Undefined when all of it is dealt with, or the answer that
 * tells to come again; then nothing of it counts as sent.
 */
export async function send(
  target: Target,
  arrivals: readonly Sending[],
  { outlets, log }: OutletsContext,
): Promise<Answer | undefined> {
  const { metrics, labels, tally } = outlets;
  const waiting = [arrivals];
  for (let part = waiting.pop(); part !== undefined; part = waiting.pop()) {
    const points = pointsOf(part, metrics);
    if (points.length === 0) continue;
    const answer = await target.post(encoders[target.name](points, labels));
    const verdict = verdictOn(answer);
    if (verdict === "later") {
      if (answer.isGivenUp !== true) tally.failed(target.name, reasonOf(answer));
      return answer;
    }
    const samples = countOf(points);
    if (verdict === "taken") {
      const rejected = target.name === "otlp" ? Math.min(rejectedIn(answer.text), samples) : 0;
      tally.sent(target.name, samples - rejected);
      if (rejected > 0) tally.refused(target.name, "partial", rejected);
      continue;
    }
    if (part.length > 1) {
      const middle = Math.ceil(part.length / 2);
      waiting.push(part.slice(middle), part.slice(0, middle));
      continue;
    }
    tally.refused(target.name, reasonOf(answer), samples);
    log.debug("samples refused by a target", { outlet: target.name, device: part[0]?.device.id, samples, ...answer });
  }
  return undefined;
}
