/** How much the telemetry bench does. */
export interface Size {
  /** Connected devices of `ingest`. */
  readonly devices: number;
  /** Rounds that count. */
  readonly rounds: number;
  /** Messages of each device in a round. */
  readonly messages: number;
  /** Devices whose day is stored, and how many hours of it. */
  readonly stored: { readonly devices: number; readonly hours: number };
  /** Devices that are asked about together. */
  readonly fleet: number;
  /** How often each question is asked. */
  readonly questions: number;
  /** Devices that are connected, one number after the other. */
  readonly growth: readonly number[];
  /** Says how far it is. */
  readonly tell: (line: string) => void;
}

type Sized = Omit<Size, "tell">;

export const full: Sized = {
  devices: 1_000,
  rounds: 3,
  messages: 5,
  stored: { devices: 100, hours: 24 },
  fleet: 10_000,
  questions: 15,
  growth: [100, 1_000, 10_000],
};

/** For a look: the figures are of too little to be worth much. */
export const short: Sized = {
  devices: 100,
  rounds: 1,
  messages: 3,
  stored: { devices: 5, hours: 6 },
  fleet: 1_000,
  questions: 5,
  growth: [20, 100],
};
