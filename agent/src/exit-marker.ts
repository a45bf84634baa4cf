import { HOUR, MINUTE, type Clock, type Disk } from "@edgemere/protocol/kit";

const FILE = "last-exit";
/** An agent that lived so long after its start did not die of its start. */
const STABLE_AFTER = MINUTE;
/** An agent that could not live before is trusted again after this. */
const WELL_AFTER = HOUR;
/** So many deaths soon after a start, in a row, are no accident. */
const MOST_EARLY_DEATHS = 5;

/** How the previous agent of this data folder ended; "power": the machine went down with it. */
export type ExitReason = "clean" | "crash" | "power" | "unknown";

/** What is written down of a run of the agent. */
export interface RunMark {
  readonly state: "starting" | "stable" | "clean";
  readonly boot: string;
  /** How many runs in a row, this one not counted, died before they were stable. */
  readonly earlyDeaths: number;
}

export interface RunStart {
  readonly lastExit: ExitReason;
  readonly earlyDeaths: number;
  /** So many early deaths that only what is needed to be reached runs. */
  readonly isSafeMode: boolean;
}

/** What a start makes of the mark that the former run left. */
export function runStart(former: RunMark | undefined, boot: string): RunStart {
  const earlyDeaths = former?.state === "starting" ? former.earlyDeaths + 1 : 0;
  return { lastExit: exitReason(former, boot), earlyDeaths, isSafeMode: earlyDeaths >= MOST_EARLY_DEATHS };
}

function exitReason(former: RunMark | undefined, boot: string): ExitReason {
  if (former === undefined) return "unknown";
  if (former.state === "clean") return "clean";
  return former.boot === boot ? "crash" : "power";
}

/** Counts starts and deaths on the disk, so that an agent that cannot live ends in safe mode instead of a circle. */
export class ExitMarker implements AsyncDisposable {
  readonly #disk: Disk;
  readonly #clock: Clock;
  readonly #boot: string;
  readonly #start: RunStart;
  readonly #over = new AbortController();
  #isSafeMode: boolean;

  constructor(parts: { readonly disk: Disk; readonly clock: Clock }, boot: string, start: RunStart) {
    this.#disk = parts.disk;
    this.#clock = parts.clock;
    this.#boot = boot;
    this.#start = start;
    this.#isSafeMode = start.isSafeMode;
  }

  /** Reads how the last run ended, and counts this start before anything else can end it. */
  static async open(parts: { readonly disk: Disk; readonly clock: Clock }, boot: string): Promise<ExitMarker> {
    const marker = new ExitMarker(parts, boot, runStart(await readMark(parts.disk), boot));
    await marker.#mark("starting");
    return marker;
  }

  get lastExit(): ExitReason {
    return this.#start.lastExit;
  }

  get isSafeMode(): boolean {
    return this.#isSafeMode;
  }

  /** How often in a row the agent died soon after its start, while that is so often that it is in safe mode; 0 otherwise. */
  get safeModeDeaths(): number {
    return this.#isSafeMode ? this.#start.earlyDeaths : 0;
  }

  /** From here on time counts: after a while the run is stable, and safe mode is over. */
  start(onSafeModeOver: () => void): void {
    void this.#becomeStable(onSafeModeOver);
  }

  /** This run ended as it should. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#over.abort();
    await this.#mark("clean");
  }

  async #becomeStable(onSafeModeOver: () => void): Promise<void> {
    await this.#clock.sleep(this.#isSafeMode ? WELL_AFTER : STABLE_AFTER, this.#over.signal);
    if (this.#over.signal.aborted) return;
    const wasSafeMode = this.#isSafeMode;
    this.#isSafeMode = false;
    await this.#mark("stable");
    if (wasSafeMode && !this.#over.signal.aborted) onSafeModeOver();
  }

  #mark(state: RunMark["state"]): Promise<void> {
    const mark: RunMark = { state, boot: this.#boot, earlyDeaths: this.#start.earlyDeaths };
    // On a full disk how it ended is lost and nothing else.
    return this.#disk.write(FILE, Buffer.from(JSON.stringify(mark))).catch(() => {});
  }
}

const states: readonly string[] = ["starting", "stable", "clean"] satisfies readonly RunMark["state"][];

/** The mark of the former run; undefined when there is none, or it makes no sense. */
async function readMark(disk: Disk): Promise<RunMark | undefined> {
  try {
    const text = new TextDecoder().decode((await disk.read(FILE)) ?? new Uint8Array());
    const { state, boot, earlyDeaths } = JSON.parse(text) as Partial<RunMark>;
    const makesSense = state !== undefined && states.includes(state) && typeof boot === "string";
    return makesSense && Number.isSafeInteger(earlyDeaths) ? { state, boot, earlyDeaths: earlyDeaths ?? 0 } : undefined;
  } catch {
    return undefined;
  }
}
