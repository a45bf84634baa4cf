/** One value of one metric, as a source gives it. */
export interface TelemetryReading {
  /** Dotted, lower case, unit last: `cpu.busy_percent`, `filesystem.used_bytes`. */
  readonly metric: string;
  /** What of several it is about (`eth0`, `/`, `sda`); empty when there is only one. */
  readonly instance: string;
  /** Finite. */
  readonly value: number;
}
