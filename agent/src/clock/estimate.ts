/** One comparison of the control plane's clock with this device's, or what is made of several. */
export interface Estimate {
  /** The control plane's clock minus the device's steady one, which never steps. */
  readonly offset: number;
  /** The offset is right within this. */
  readonly uncertainty: number;
  /** When it was measured, on the steady clock. */
  readonly at: number;
}

/** Clocks of ordinary hosts go wrong by less than this share of the time that passes. */
const DRIFT = 100e-6;
// Clocks are read in whole milliseconds.
const RESOLUTION = 1;

/** A question sent and answered, on the steady clock: in between the other side read its own clock. */
export const measured = (question: {
  readonly sentAt: number;
  readonly answeredAt: number;
  readonly serverMs: number;
}): Estimate => {
  const { sentAt, answeredAt, serverMs } = question;
  const half = Math.max(0, answeredAt - sentAt) / 2;
  return { offset: serverMs + half - answeredAt, uncertainty: half + RESOLUTION, at: answeredAt };
};

/** How far off an estimate may be by now. */
export const uncertaintyAt = ({ uncertainty, at }: Estimate, now: number): number =>
  uncertainty + Math.max(0, now - at) * DRIFT;

/** The better of the two: the more certain one, unless they contradict each other; then the clocks have moved. */
export function better(former: Estimate, sample: Estimate): Estimate {
  const grown = uncertaintyAt(former, sample.at);
  const isApart = Math.abs(sample.offset - former.offset) > grown + sample.uncertainty;
  return isApart || sample.uncertainty <= grown ? sample : former;
}
