import { createPrivateKey, generateKeyPairSync, X509Certificate } from "node:crypto";
import type { Disk } from "@edgemere/protocol/kit";
import { checkIdentity, removeIdentity, saveIdentity, type Identity } from "./identity.ts";

/** What a certificate brings along; the rest of an identity stays. */
export type Certified = Pick<Identity, "certificate" | "chain" | "joinState">;

/** What is on its way. */
interface Next {
  /** A certificate that has not been used yet, with its key (PEM). */
  readonly ready?: Certified & Pick<Identity, "key">;
  /** PEM: a key that a certificate was asked for and has not come. */
  readonly asked?: string;
}

const NEXT = "identity-next.json";

/**
 * The identity in use and the next one, in two files: the next one is complete on the disk before it is tried, and takes the
 * other's place when it has worked. Cut off at any step there is one that can be used.
 */
export class IdentitySlots {
  readonly #disk: Disk;
  #current: Identity;
  #next: Next;
  /** The next one was refused: until it works the other one is tried in turn. */
  #isNextDoubted = false;
  #tried: Identity;
  #writing: Promise<void> = Promise.resolve();

  private constructor(disk: Disk, current: Identity, next: Next) {
    this.#disk = disk;
    this.#current = current;
    this.#tried = current;
    this.#next = next;
  }

  /** Reads what an earlier run left of the next identity; what cannot be read of that is worth nothing. */
  static async open(disk: Disk, current: Identity): Promise<IdentitySlots> {
    const next = readNext(await disk.read(NEXT));
    const slots = new IdentitySlots(disk, current, next);
    // Cut off between the two last steps: it is in its place already.
    if (next.ready?.key === current.key) await slots.#keep({});
    return slots;
  }

  get current(): Identity {
    return this.#current;
  }

  /** Its certificate is the one that was issued last, used or not. */
  get newest(): Identity {
    return this.#next.ready === undefined ? this.#current : { ...this.#current, ...this.#next.ready };
  }

  /** Whether a certificate was asked for and has not come: it may have been issued, and its answer lost. */
  get isAsking(): boolean {
    return this.#next.asked !== undefined;
  }

  /** That to connect with now: the next one, once there is one. */
  forConnection(): Identity {
    this.#tried = this.#isNextDoubted ? this.#current : this.newest;
    return this.#tried;
  }

  /** The connection was refused: the other one may do. */
  refused(): void {
    this.#isNextDoubted = this.#tried.key === this.#next.ready?.key;
  }

  /** The control plane has answered: if that was the next identity, it is the current one from here on. */
  async worked(): Promise<void> {
    const next = this.newest;
    if (next === this.#current || next.key !== this.#tried.key) return;
    await this.#write(async () => {
      await saveIdentity(this.#disk, next);
      this.#current = next;
    });
    await this.#keep(this.#next.asked === undefined ? {} : { asked: this.#next.asked });
  }

  /** The key that a certificate is to be asked for, PEM: the same until there is one, so that a lost answer can be had again. */
  async nextKey(): Promise<string> {
    if (this.#next.asked !== undefined) return this.#next.asked;
    const { privateKey } = generateKeyPairSync("ec", { namedCurve: "P-256" });
    const asked = privateKey.export({ format: "pem", type: "pkcs8" }).toString();
    await this.#keep({ ...this.#next, asked });
    return asked;
  }

  /** Throws BadIdentity when that is no certificate of this device for the key that was asked for. */
  async certified(certified: Certified): Promise<void> {
    const key = await this.nextKey();
    checkIdentity({ ...this.#current, ...certified, key });
    await this.#keep({ ready: { ...certified, key } });
    this.#isNextDoubted = false;
  }

  /** Changes what is not the certificate's. */
  async change(patch: Partial<Pick<Identity, "mqtt">>): Promise<void> {
    await this.#write(async () => {
      const changed = { ...this.#current, ...patch };
      await saveIdentity(this.#disk, changed);
      this.#current = changed;
    });
  }

  /** On the control plane's signed word only: takes every key of this device away. */
  async wipe(): Promise<void> {
    await this.#write(async () => {
      await this.#disk.remove(NEXT);
      await removeIdentity(this.#disk);
    });
  }

  async #keep(next: Next): Promise<void> {
    await this.#write(() =>
      Object.keys(next).length === 0
        ? this.#disk.remove(NEXT)
        : this.#disk.write(NEXT, Buffer.from(JSON.stringify(next))),
    );
    this.#next = next;
  }

  /** One after the other: each writes the whole file. */
  #write(work: () => Promise<void>): Promise<void> {
    const written = this.#writing.then(work);
    this.#writing = written.catch(() => {});
    return written;
  }
}

function readNext(bytes: Uint8Array | undefined): Next {
  try {
    const { ready, asked } = JSON.parse(new TextDecoder().decode(bytes)) as Next;
    if (ready !== undefined) void new X509Certificate(ready.certificate);
    if (asked !== undefined) void createPrivateKey(asked);
    return { ...(ready && { ready }), ...(asked !== undefined && { asked }) };
  } catch {
    return {};
  }
}
