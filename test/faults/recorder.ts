/** Records of one device's telemetry, as agent and control plane hold them in the end. */
export interface Account {
  readonly produced: number;
  /** Up to where the control plane has acknowledged. */
  readonly acked: number;
  /** Acknowledged and neither stored nor explained, or no longer anywhere. */
  readonly lost: number;
  readonly storedTwice: number;
  /** Records that a gap stands for. */
  readonly explained: number;
  /** Among them those whose loss nobody can explain. */
  readonly unexplained: number;
}

export interface CommandAccount {
  readonly given: number;
  /** Those that have come to an end, with a reason where it is no success. */
  readonly ended: number;
  /** How often the most often carried out one of those that must run once was. */
  readonly mostEffects: number;
  /** How many came to each end. */
  readonly ends: Readonly<Record<string, number>>;
}

/** What a scenario gave, as it goes into the results. */
export interface Figures {
  readonly rounds: number;
  readonly records: Account | undefined;
  readonly commands: CommandAccount | undefined;
  /** Milliseconds from the end of the fault until all was as it should be, one for each round. */
  readonly recovery: readonly number[];
  /** Messages that came more than once to the control plane, where that can be counted. */
  readonly sentTwice: number | undefined;
  /** Peaks, MiB. */
  readonly memory: Readonly<Record<string, number>>;
  readonly disk: Readonly<Record<string, number>>;
  /** The same fault, met by the bare parts. */
  readonly baseline: string | undefined;
  readonly notes: readonly string[];
}

interface Bar {
  readonly what: string;
  readonly value: number;
  readonly most: number;
}

/** Takes down what a scenario gives. Accounts of several devices or worlds add up. */
export class Recorder {
  #rounds = 0;
  #records: Account | undefined;
  #commands: CommandAccount | undefined;
  #sentTwice: number | undefined;
  #baseline: string | undefined;
  readonly #recovery: number[] = [];
  readonly #memory: Record<string, number> = {};
  readonly #disk: Record<string, number> = {};
  readonly #notes: string[] = [];
  readonly #bars: Bar[] = [];

  round(): void {
    this.#rounds += 1;
  }

  /** A round's fault is over, and this long after it all was well. */
  recovered(milliseconds: number): void {
    this.#recovery.push(milliseconds);
  }

  records(account: Account): void {
    this.#records = this.#records ? added(this.#records, account) : account;
  }

  commands(account: CommandAccount): void {
    const { given = 0, ended = 0, mostEffects = 0, ends = {} } = this.#commands ?? {};
    this.#commands = {
      given: given + account.given,
      ended: ended + account.ended,
      mostEffects: Math.max(mostEffects, account.mostEffects),
      ends: summed(ends, account.ends),
    };
  }

  sentTwice(count: number): void {
    this.#sentTwice = (this.#sentTwice ?? 0) + count;
  }

  /** MiB; the highest counts. */
  memory(of: string, used: number): void {
    this.#memory[of] = Math.max(this.#memory[of] ?? 0, used);
  }

  disk(of: string, used: number): void {
    this.#disk[of] = Math.max(this.#disk[of] ?? 0, used);
  }

  baseline(text: string): void {
    this.#baseline = text;
  }

  /** A figure that fits no column, in a few words. */
  note(text: string): void {
    this.#notes.push(text);
  }

  /** A bound that decides in a full run, where nothing runs beside it. */
  bar(what: string, value: number, most: number): void {
    this.#bars.push({ what, value, most });
  }

  figures(): Figures {
    return {
      rounds: this.#rounds,
      records: this.#records,
      commands: this.#commands,
      recovery: this.#recovery,
      sentTwice: this.#sentTwice,
      memory: this.#memory,
      disk: this.#disk,
      baseline: this.#baseline,
      notes: this.#notes,
    };
  }

  /** What breaks the rules that hold for every scenario, in words; none when all is well. */
  breaches(isFull: boolean): readonly string[] {
    const { lost = 0, storedTwice = 0, unexplained = 0 } = this.#records ?? {};
    const { given = 0, ended = 0, mostEffects = 0 } = this.#commands ?? {};
    const zeros = { lost, "stored twice": storedTwice, unexplained, "commands without an end": given - ended };
    return [
      ...Object.entries(zeros).flatMap(([what, count]) => (count === 0 ? [] : [`${what}: ${count}`])),
      ...(mostEffects > 1 ? [`a command that must run once ran ${mostEffects} times`] : []),
      ...this.#bars.flatMap(({ what, value, most }) =>
        isFull && !(value <= most) ? [`${what}: ${Math.round(value)}, more than ${most}`] : [],
      ),
    ];
  }
}

const added = (one: Account, other: Account): Account => ({
  produced: one.produced + other.produced,
  acked: one.acked + other.acked,
  lost: one.lost + other.lost,
  storedTwice: one.storedTwice + other.storedTwice,
  explained: one.explained + other.explained,
  unexplained: one.unexplained + other.unexplained,
});

const summed = (one: Readonly<Record<string, number>>, other: Readonly<Record<string, number>>) =>
  Object.fromEntries(
    [...Object.keys(one), ...Object.keys(other)].map((key) => [key, (one[key] ?? 0) + (other[key] ?? 0)]),
  );
