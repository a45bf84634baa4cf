import { HOUR } from "@edgemere/protocol/kit";

interface Behaviour {
  /** Share of the processors that is busy at night. */
  readonly idleLoad: number;
  /** What the busiest hour of the day adds. */
  readonly dailyLoad: number;
  /** How far it wanders about that. */
  readonly unrest: number;
  /** In how much time the disk fills up; absent when it does not. */
  readonly fillPeriod?: number;
}

/** How a fake host lives. */
export const behaviours = {
  /** Does the same all day. */
  steady: { idleLoad: 0.25, dailyLoad: 0, unrest: 0.08 },
  /** Sleeps at night and works by day. */
  diurnal: { idleLoad: 0.08, dailyLoad: 0.6, unrest: 0.12 },
  /** Writes until its disk is full. */
  filling: { idleLoad: 0.3, dailyLoad: 0.1, unrest: 0.1, fillPeriod: 6 * HOUR },
} as const satisfies Record<string, Behaviour>;

export type BehaviourName = keyof typeof behaviours;
export const behaviourOf = (name: BehaviourName): Behaviour => behaviours[name];
