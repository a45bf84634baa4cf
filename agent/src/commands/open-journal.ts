import { readEntries, writeEntries } from "./journal-entry.ts";
import { JournalState } from "./journal-state.ts";
import { Journal, JOURNAL_FILE, type JournalParts } from "./journal.ts";

const [FOLDER, NAME] = ["commands", "journal"];
const SET_ASIDE = `${NAME}.damaged-`;
// Far above what a journal ever grows to; more than this is not read into memory.
const LARGEST = 64 * 1024 ** 2;
const MOST_SET_ASIDE = 3;

export interface OpenedJournal {
  readonly journal: Journal;
  /** What is wrong with the journal that was found and could not be trusted. */
  readonly setAside?: string;
}

/**
 * Reads the journal of a former run. One that is damaged or cannot be read is put aside: what can still be read of it is
 * kept, whatever was open is taken for started, and the agent starts.
 */
export async function openJournal(parts: JournalParts): Promise<OpenedJournal> {
  const { disk, clock, log } = parts;
  const state = new JournalState();
  const journal = new Journal(parts, state);
  const found = await read(parts);
  const damagedLines = found.content === undefined ? 0 : replay(found.content, state);
  const why = found.trouble ?? (damagedLines > 0 ? `${damagedLines} of its lines are damaged` : undefined);
  if (why === undefined) return { journal };

  state.doubt();
  // A damaged line may have said that one of these was started.
  for (const id of state.open.keys()) state.apply({ entry: "started", id });
  const file = `${FOLDER}/${SET_ASIDE}${clock.now()}`;
  log.error("the command journal cannot be trusted and is set aside", { file, why });
  try {
    if (found.content !== undefined) await disk.write(file, found.content);
    else if (found.isThere) await disk.rename(JOURNAL_FILE, file);
    await disk.write(JOURNAL_FILE, writeEntries(state.entries()));
    await removeOldest(parts);
  } catch (error) {
    // On a full disk the first append that succeeds replaces it; until then nothing is promised.
    log.error("the command journal that is set aside could not be replaced", { error });
  }
  return { journal, setAside: `${why}; what there was is kept as ${file}` };
}

interface Found {
  readonly isThere: boolean;
  readonly content?: Uint8Array;
  /** Why it is not to be trusted, whatever it says. */
  readonly trouble?: string;
}

async function read({ disk }: JournalParts): Promise<Found> {
  try {
    const names = await disk.list(FOLDER);
    if (!names.includes(NAME)) {
      // Power went off between setting it aside and writing it anew.
      const isMissing = names.some((name) => name.startsWith(SET_ASIDE));
      return { isThere: false, ...(isMissing && { trouble: "it is missing" }) };
    }
    const size = await sizeOf(disk);
    if (size > LARGEST) return { isThere: true, trouble: `it has ${size} bytes, which no journal has` };
    return { isThere: true, content: (await disk.read(JOURNAL_FILE)) ?? new Uint8Array() };
  } catch (error) {
    return { isThere: true, trouble: `it cannot be read: ${error instanceof Error ? error.message : String(error)}` };
  }
}

async function sizeOf(disk: JournalParts["disk"]): Promise<number> {
  try {
    const file = await disk.append(JOURNAL_FILE);
    const { size } = file;
    await file.close();
    return size;
  } catch {
    // What cannot be written may be readable all the same.
    return 0;
  }
}

/** Applies what can be read, and gives the number of lines that cannot. */
function replay(content: Uint8Array, state: JournalState): number {
  const { entries, damagedLines } = readEntries(content);
  let unfit = 0;
  for (const entry of entries) {
    try {
      state.apply(entry);
    } catch {
      // Its checksum is right, and it is no command: an older agent, or chance.
      unfit += 1;
    }
  }
  return damagedLines + unfit;
}

async function removeOldest({ disk }: JournalParts): Promise<void> {
  const kept = (await disk.list(FOLDER)).filter((name) => name.startsWith(SET_ASIDE));
  for (const name of kept.slice(0, -MOST_SET_ASIDE)) await disk.remove(`${FOLDER}/${name}`);
}
