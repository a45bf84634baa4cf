import {
  decode,
  isExpired,
  open,
  openNewerKeyring,
  ProtocolError,
  trustIn,
  trustPastExpiry,
  v1,
  type Keyring,
  type Sync,
  type SyncHead,
  type Trust,
} from "@edgemere/protocol";
import { MINUTE, type Clock, type Disk, type Log } from "@edgemere/protocol/kit";

/** The newest document, as it was signed. */
const FILE = "keyring";
const HEAD_EVERY = 5 * MINUTE;
// Two heads of one moment may be said in either order.
const SAME_MOMENT = MINUTE;

export interface KeyringParts {
  readonly clock: Clock;
  readonly disk: Disk;
  readonly log: Log;
  /** What the enrolment gave. */
  readonly enrolled: Keyring;
  readonly trustDomain: string;
  /** So old the newest head becomes before the control plane is asked for another, milliseconds; five minutes when absent. */
  readonly headEvery?: number | undefined;
  /** The time of the control plane, as far as it is known. */
  readonly correctedNow: () => number;
  /** Told what looks like somebody's doing: an event's name, and words for an operator. */
  readonly alert: (name: string, detail: string) => void;
}

/**
 * Whom this device trusts: the newest keyring that its predecessor's root introduced, on the disk before it counts. Notices when
 * somebody holds newer ones back, or brings back older words of the control plane.
 */
export class TrustedKeyring {
  readonly #parts: KeyringParts;
  #keyring: Keyring;
  /** For commands: nobody, once the keyring has expired. */
  readonly trust: Trust;
  #obeyed: Trust;
  #believed: Trust;
  #head: Pick<SyncHead, "asOfMs" | "generation" | "keyringVersion"> | undefined;
  #isBack = false;
  #areCommandsMissing = false;
  /** The newest head was not signed by a key that is trusted: forged, or the keyring that brings its key was held back. */
  #isUntrusted = false;
  /** On the monotonic clock. */
  #heardAt: number | undefined;

  private constructor(parts: KeyringParts, keyring: Keyring) {
    this.#parts = parts;
    this.#keyring = keyring;
    this.#obeyed = trustIn(keyring, parts.correctedNow);
    this.#believed = trustPastExpiry(keyring, parts.correctedNow);
    this.trust = (role) => this.#obeyed(role);
  }

  static async open(parts: KeyringParts): Promise<TrustedKeyring> {
    return new TrustedKeyring(parts, (await kept(parts)) ?? parts.enrolled);
  }

  get headEvery(): number {
    return this.#parts.headEvery ?? HEAD_EVERY;
  }

  get version(): number {
    return this.#keyring.version;
  }

  /** The control plane has a newer one that did not come. */
  get isBehind(): boolean {
    return (this.#head?.keyringVersion ?? 0) > this.version;
  }

  /** Takes the documents that a Sync brings, then opens its head. Throws ProtocolError when the head is not the control plane's. */
  async hear({ keyrings, head, commands }: Pick<Sync, "keyrings" | "head" | "commands">): Promise<SyncHead> {
    for (const envelope of keyrings) await this.#take(envelope);
    this.#isUntrusted = true;
    const heard = this.openHead(head ?? {});
    this.#isUntrusted = false;
    this.#heardAt = this.#parts.clock.monotonic();
    this.#compare(heard);
    this.#missCommands(heard, commands);
    return heard;
  }

  /** Throws ProtocolError when it is not the control plane's. */
  openHead(head: v1.SignedEnvelope.$Shape): SyncHead {
    return open("syncHead", head, (role) => this.#believed(role));
  }

  /** What is wrong, in stable words. */
  conditions(): readonly string[] {
    return [
      ...(isExpired(this.#keyring, this.#parts.correctedNow()) ? ["keyring-expired"] : []),
      ...(this.isBehind ? ["keyring-held-back"] : []),
      ...((this.#head?.keyringVersion ?? this.version) < this.version ? ["keyring-rolled-back"] : []),
      ...(this.#isBack ? ["head-went-back"] : []),
      ...(this.#areCommandsMissing ? ["commands-held-back"] : []),
      ...(this.#isUntrusted ? ["head-untrusted"] : []),
      ...(this.#isHeadOld ? ["head-old"] : []),
    ];
  }

  /** One that cannot be taken hides none of those behind it; the head says whether one is missing. */
  async #take(envelope: v1.SignedEnvelope.$Shape): Promise<void> {
    const { disk, log, alert, trustDomain, correctedNow } = this.#parts;
    try {
      const keyring = openNewerKeyring(envelope, { known: this.#keyring, trustDomain, now: correctedNow() });
      // On a full disk a device that follows is worth more than a version that is safe: after a restart it gets it again.
      await disk.write(FILE, v1.SignedEnvelope.encode(envelope).finish()).catch((error: unknown) => {
        log.warn("the keyring is not written down", { version: keyring.version, error });
      });
      this.#use(keyring);
      log.info("a newer keyring is trusted", { version: keyring.version });
    } catch (error) {
      if (!(error instanceof ProtocolError)) throw error;
      alert("keyring-refused", `${error.reason}: ${error.message}`);
    }
  }

  /** None was heard in this run: then there was no connection either, and that is told by others. */
  get #isHeadOld(): boolean {
    // Two questions that nobody answered: somebody may hold back what is said to this device.
    const old = 2 * this.headEvery + MINUTE;
    return this.#heardAt !== undefined && this.#parts.clock.monotonic() - this.#heardAt >= old;
  }

  /** What the head says that this Sync brings, and what it does bring: whether those are genuine is seen elsewhere. */
  #missCommands({ offeredCommands }: SyncHead, commands: Sync["commands"]): void {
    const brought = new Set(commands.map(idIn));
    const missing = offeredCommands.filter((id) => !brought.has(id));
    this.#areCommandsMissing = missing.length > 0;
    if (missing.length > 0)
      this.#parts.alert("commands-held-back", `a Sync did not bring what its head names: ${missing.join(" ")}`);
  }

  #use(keyring: Keyring): void {
    const { correctedNow } = this.#parts;
    this.#keyring = keyring;
    this.#obeyed = trustIn(keyring, correctedNow);
    this.#believed = trustPastExpiry(keyring, correctedNow);
  }

  #compare(heard: SyncHead): void {
    const last = this.#head;
    this.#head = heard;
    const { asOfMs, generation, keyringVersion } = heard;
    this.#isBack = last !== undefined && generation === last.generation && asOfMs < last.asOfMs - SAME_MOMENT;
    if (this.#isBack && last !== undefined)
      this.#parts.alert("head-went-back", `a head of ${asOfMs} came after one of ${last.asOfMs}`);
    if (keyringVersion < this.version)
      this.#parts.alert("keyring-rolled-back", `a head names keyring ${keyringVersion}, after ${this.version}`);
    if (keyringVersion > this.version)
      this.#parts.alert(
        "keyring-held-back",
        `a head names keyring ${keyringVersion}, and ${this.version} is all that came`,
      );
  }
}

function idIn({ payload }: v1.SignedEnvelope.$Shape): string {
  try {
    return decode(v1.Command, payload ?? new Uint8Array()).command;
  } catch (error) {
    if (error instanceof ProtocolError) return "";
    throw error;
  }
}

/** The document of a former run; undefined when there is none that is newer than the enrolment's. */
async function kept({ disk, log, enrolled }: KeyringParts): Promise<Keyring | undefined> {
  const bytes = await disk.read(FILE);
  if (bytes === undefined) return undefined;
  try {
    const envelope = decode(v1.SignedEnvelope, bytes);
    const keyring = decode(v1.Keyring, envelope.payload);
    // Its predecessor is gone; that nobody but its own root made it can still be seen.
    open(
      "keyring",
      envelope,
      trustIn(keyring, () => keyring.issuedAtMs),
    );
    return keyring.version > enrolled.version ? keyring : undefined;
  } catch (error) {
    if (!(error instanceof ProtocolError)) throw error;
    log.warn("the keyring in the data folder is damaged: that of the enrolment is trusted until a newer one comes", {
      error,
    });
    return undefined;
  }
}
