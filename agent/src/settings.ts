import { ConfigError } from "@edgemere/protocol/config";
import type { Disk, Log } from "@edgemere/protocol/kit";

/** What may be set from far away: how much is measured, sent and logged, and how fast files move. */
const changeable = [
  "profile",
  "sample",
  "report",
  "every",
  "resolution",
  "roll-up",
  "dead-band",
  "bandwidth",
  "bandwidth-zone",
  "log-level",
] as const;

/** What may cut the device off: it is taken back unless a session begins with it. */
const ofTheLink = ["broker", "keepalive"] as const;

/** What nothing could take back: it is set on the host only. */
const ofTheHost: readonly string[] = ["data", "config"];

/** Options and what they are set to, as they are written. */
export type Written = Readonly<Record<string, readonly string[]>>;

export interface SettingsChange {
  readonly set: Written;
  readonly reset: readonly string[];
}

const FILE = "settings";

/** What is wrong with the name of a setting that is to be changed from far away; undefined when nothing is. */
export function mistakeInSetting(name: string): string | undefined {
  const settable: readonly string[] = [...changeable, ...ofTheLink];
  if (settable.includes(name)) return undefined;
  if (ofTheHost.includes(name)) return `${name}: could cut this device off, and is set on the host only`;
  return `${name}: cannot be set from far away; what can is ${settable.join(", ")}`;
}

/** Whether a device may be cut off by it. */
export const mayCutOff = ({ set, reset }: SettingsChange): boolean =>
  ofTheLink.some((name) => set[name] !== undefined || reset.includes(name));

/** The settings that hold: what the host says, and over it what was set from far away and is kept over restarts. */
export class Settings<Config> {
  readonly #disk: Disk;
  readonly #read: (over: Written) => Config;
  #over: Written;
  #config: Config;
  #turn: Promise<unknown> = Promise.resolve();
  #listener: (config: Config) => Promise<void> = async () => {};

  private constructor(disk: Disk, read: (over: Written) => Config, over: Written) {
    this.#disk = disk;
    this.#read = read;
    this.#over = over;
    this.#config = read(over);
  }

  /** `read` gives the configuration with some options set otherwise, and throws ConfigError. What was set and holds no more is left out. */
  static async open<Config>(
    { disk, log }: { readonly disk: Disk; readonly log: Pick<Log, "warn"> },
    read: (over: Written) => Config,
  ): Promise<Settings<Config>> {
    const over = await kept(disk);
    try {
      return new Settings(disk, read, over);
    } catch (error) {
      if (!(error instanceof ConfigError)) throw error;
      log.warn("what was set from far away does not hold here any more, and is left out", { error });
      return new Settings(disk, read, {});
    }
  }

  get config(): Config {
    return this.#config;
  }

  /** Has somebody told the configuration that holds from now on, after each change. */
  listen(listener: (config: Config) => Promise<void>): void {
    this.#listener = listener;
  }

  /** What was set from far away. */
  get over(): Written {
    return this.#over;
  }

  /** Takes a change when all of it is valid, and keeps it before it holds; tells whether anything changed. Throws ConfigError. */
  change(change: SettingsChange): Promise<boolean> {
    const changing = this.#turn.then(async () => {
      const over = overAfter(this.#over, change);
      const config = this.#read(over);
      if (JSON.stringify(over) === JSON.stringify(this.#over)) return false;
      await this.#disk.write(FILE, Buffer.from(JSON.stringify(over)));
      this.#over = over;
      this.#config = config;
      await this.#listener(config);
      return true;
    });
    this.#turn = changing.catch(() => {});
    return changing;
  }

  /** What takes a change back; undefined when it would change nothing. Throws ConfigError when it is not valid. */
  undoOf(change: SettingsChange): SettingsChange | undefined {
    const over = overAfter(this.#over, change);
    this.#read(over);
    if (JSON.stringify(over) === JSON.stringify(this.#over)) return undefined;
    const names = [...Object.keys(change.set), ...change.reset];
    const set = Object.fromEntries(Object.entries(this.#over).filter(([name]) => names.includes(name)));
    return { set, reset: names.filter((name) => set[name] === undefined) };
  }
}

function overAfter(before: Written, { set, reset }: SettingsChange): Written {
  const rest = Object.entries(before).filter(([name]) => !reset.includes(name));
  return Object.fromEntries([...rest, ...Object.entries(set)].toSorted(([a], [b]) => (a < b ? -1 : 1)));
}

/** Names that may not be set any more are left out. */
async function kept(disk: Disk): Promise<Written> {
  const bytes = await disk.read(FILE);
  try {
    const found = bytes === undefined ? {} : (JSON.parse(new TextDecoder().decode(bytes)) as Written);
    return Object.fromEntries(Object.entries(found).filter(([name]) => mistakeInSetting(name) === undefined));
  } catch {
    return {};
  }
}
