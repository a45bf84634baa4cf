import type { SparkplugMetric } from "@edgemere/protocol/sparkplug";

/** A metric that a birth has named. */
export interface KnownMetric {
  readonly name: string;
  readonly datatype: number;
  /** Instant of the last sample that was taken. */
  takenAt?: number;
  text?: string;
}

/** An edge node itself, or one of its devices: what its last birth said that it has. */
export class Source {
  readonly #names = new Map<string, KnownMetric>();
  readonly #aliases = new Map<number, KnownMetric>();
  #texts = 0;
  isAlive = false;

  /** How many metrics it has. */
  get size(): number {
    return this.#names.size;
  }

  /** Of two with one name or alias the last counts. What `before` knew of the same metric goes on. */
  declare(
    { name, alias, datatype }: Pick<SparkplugMetric, "name" | "alias" | "datatype">,
    before?: Source,
  ): KnownMetric {
    const takenAt = before && before.#names.get(name ?? "")?.takenAt;
    const seen = takenAt !== undefined && { takenAt };
    const known: KnownMetric = { name: name ?? "", datatype: datatype ?? 0, ...seen };
    this.#names.set(known.name, known);
    if (alias !== null) this.#aliases.set(alias, known);
    return known;
  }

  /** The metric that is meant, by its alias or by its name; undefined where no birth has named it. */
  named({ name, alias }: Pick<SparkplugMetric, "name" | "alias">): KnownMetric | undefined {
    return (alias === null ? undefined : this.#aliases.get(alias)) ?? this.#names.get(name ?? "");
  }

  /** How many of its metrics have said a text. */
  get textCount(): number {
    return this.#texts;
  }

  /** False when it says so already. */
  say(known: KnownMetric, text: string): boolean {
    if (known.text === text) return false;
    if (known.text === undefined) this.#texts++;
    known.text = text;
    return true;
  }

  texts(): readonly (readonly [name: string, text: string])[] {
    return [...this.#names.values()].flatMap(({ name, text }) => (text === undefined ? [] : [[name, text] as const]));
  }
}
