import type { PolicyPack, v1 } from "@edgemere/protocol";
import { HOUR } from "@edgemere/protocol/kit";
import { lookedAt, Observations, readyPack, type PackPolicy } from "@edgemere/protocol/policy";
import type { PolicyStanding, PolicyState, Untold } from "./standing-file.ts";

/** Commands that a device asks of itself in an hour, whatever its policies say. */
const MOST_ACTS = 20;
const LOOKED_AT_MOST = 16;

/** A value that was measured just now. */
interface Measured {
  readonly metric: string;
  readonly instance: string;
  readonly value: number;
}

/** When a word is said, by the device's own clock. */
interface Moment {
  readonly atMs: number;
  readonly clockPeriod: number;
}

/** Watches the policies of a pack: values in, decisions out. Knows no disk and no clock. */
export class Engine {
  readonly #policies: readonly PackPolicy[];
  readonly #observations: Observations;
  readonly #view: Readonly<Record<string, unknown>>;
  readonly #touched = new Set<string>();

  /** Throws CostlyPack, and RangeError that says which policy is wrong. */
  constructor(pack: Pick<PolicyPack, "policies">, own: { readonly id: string; readonly agent_version: string }) {
    this.#policies = readyPack(pack);
    this.#observations = new Observations(
      this.#policies.flatMap(({ condition }) => [...condition.metrics]),
      this.#policies.flatMap(({ condition }) => condition.windows),
    );
    this.#view = own;
  }

  effectOf(policy: string, place: number): v1.PolicyEffect.$Shape | undefined {
    return this.#policies.find(({ name }) => name === policy)?.effects[place];
  }

  take(measured: readonly Measured[], now: number): void {
    const series = measured.map(({ metric, instance, value }) => ({ metric, instance, hold: 0, values: [value] }));
    for (const each of this.#observations.take([now], series, now)) this.#touched.add(each);
  }

  /**
   * What becomes of alerts: looks at policies of which something was measured, whose time has come, or of which nothing was said yet. Undefined
   * where nothing changed.
   */
  look(before: PolicyState, now: number, moment: Moment): PolicyState | undefined {
    const policies: Record<string, PolicyStanding> = {};
    const told: Untold[] = [];
    const acted = before.acted.filter((at) => at > now - HOUR && at <= now);
    let { number } = before;
    let isChanged = Object.keys(before.policies).some((name) => !this.#policies.some((each) => each.name === name));
    for (const each of this.#policies) {
      const known = before.policies[each.name];
      const isTold = known?.isTold === true && known.revision === each.revision;
      const isDue = (known?.standing?.dueAt ?? Infinity) <= now;
      const isTouched = [...each.condition.metrics].some((metric) => this.#touched.has(metric));
      if (known !== undefined && isTold && !isDue && !isTouched) {
        policies[each.name] = known;
        continue;
      }
      const observed = { view: this.#view, observations: this.#observations, events: noEvents };
      const { next, standing, judgement } = lookedAt(each, known?.standing, observed, { now });
      // Until it knows, it has nothing to say: until then the centre's word counts.
      const says = next.do !== "stay" || (!isTold && judgement.verdict !== "unknown");
      isChanged ||= says || known === undefined || standing?.dueAt !== known.standing?.dueAt;
      policies[each.name] = { revision: each.revision, standing, isTold: isTold || says };
      if (!says) continue;
      const isNew = standing?.state === "firing" && (known?.standing?.firedAt ?? -1) !== standing.firedAt;
      const effects = isNew
        ? each.effects.map((_, place) => ({ place, isHeldBack: acted.length + place >= MOST_ACTS }))
        : [];
      acted.push(...effects.filter(({ isHeldBack }) => !isHeldBack).map(() => now));
      number += 1;
      const { name: policy, revision } = each;
      const looked = judgement.looked.slice(0, LOOKED_AT_MOST);
      told.push({ number, ...moment, policy, revision, state: standing?.state ?? "resolved", looked, effects });
    }
    this.#touched.clear();
    if (!isChanged) return undefined;
    return { savedAt: now, policies, number, untold: [...before.untold, ...told], acted };
  }

  /** Until when nothing changes unless something is measured. */
  dueAt(state: PolicyState): number {
    return Math.min(...Object.values(state.policies).map(({ standing }) => standing?.dueAt ?? Infinity));
  }
}

const noEvents: ReadonlyMap<string, Map<number, number>> = new Map();
