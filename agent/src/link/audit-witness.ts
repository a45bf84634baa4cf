import { seal, type SigningKey, type v1 } from "@edgemere/protocol";
import type { Disk, Log } from "@edgemere/protocol/kit";

/** Where the control plane's audit log stood, as it said itself. */
export interface AuditHead {
  readonly number: number;
  /** Hex. */
  readonly hash: string;
  readonly atMs: number;
  readonly generation: number;
}

/** What a head says in the light of those before. */
export type Judgement = "newer" | "known" | "older" | "contradicts";

/** Pure. A life of the control plane may only go on; another one, after a restore, may begin further back. */
export function judge(kept: readonly AuditHead[], head: AuditHead): Judgement {
  const ofLife = kept.filter(({ generation }) => generation === head.generation);
  const same = ofLife.find(({ number }) => number === head.number);
  if (same !== undefined) return same.hash === head.hash ? "known" : "contradicts";
  const last = ofLife.at(-1);
  if (last === undefined || head.number > last.number) return "newer";
  // A message that was under way for long is no going back: it was said before.
  return head.atMs > last.atMs ? "contradicts" : "older";
}

interface Memory {
  /** Whose log it is: what another control plane said is nothing about this one. */
  readonly trustDomain: string;
  readonly heads: readonly AuditHead[];
  readonly isRewritten: boolean;
}

const FILE = "audit-heads";
const MOST = 8;
const nothing = { heads: [], isRewritten: false };

interface Parts {
  readonly disk: Disk;
  readonly log: Log;
  readonly trustDomain: string;
  /** The device's message key. */
  readonly key: () => SigningKey;
}

/** Keeps the last few heads of the control plane's audit log, countersigns the newest, and tells of a log that was written anew. */
export class AuditWitness {
  readonly #parts: Parts;
  #memory: Memory;

  private constructor(parts: Parts, memory: Memory) {
    this.#parts = parts;
    this.#memory = memory;
  }

  static async open(parts: Parts): Promise<AuditWitness> {
    const bytes = await parts.disk.read(FILE).catch(() => undefined);
    const { trustDomain } = parts;
    const memory = bytes && parsed(Buffer.from(bytes).toString());
    return new AuditWitness(parts, memory?.trustDomain === trustDomain ? memory : { trustDomain, ...nothing });
  }

  /** Remembers a head, durably. One that contradicts an earlier one is not kept and not countersigned. */
  async hear(said: v1.AuditHead.$Properties | null | undefined): Promise<void> {
    if (!said) return;
    const { number = 0, hash = new Uint8Array(), atMs = 0, generation = 0 } = said;
    const head: AuditHead = { number, hash: Buffer.from(hash).toString("hex"), atMs, generation };
    const { heads, isRewritten, trustDomain } = this.#memory;
    const judgement = judge(heads, head);
    if (judgement === "contradicts") {
      if (!isRewritten)
        this.#parts.log.error("the audit log of the control plane was written anew", {
          number,
          kept: heads.at(-1)?.number,
        });
      return this.#keep({ trustDomain, heads, isRewritten: true });
    }
    if (judgement !== "newer") return;
    // Another life begins with a restore, of which the control plane has told.
    const isStill = isRewritten && heads.at(-1)?.generation === generation;
    await this.#keep({ trustDomain, heads: [...heads, head].slice(-MOST), isRewritten: isStill });
  }

  /** The newest head with this device's signature; undefined before the first. */
  countersigned(): v1.SignedEnvelope.$Shape | undefined {
    const head = this.#memory.heads.at(-1);
    if (head === undefined) return undefined;
    return seal("auditCountersignature", { ...head, hash: Buffer.from(head.hash, "hex") }, this.#parts.key());
  }

  /** What is wrong, in stable words. */
  conditions(): readonly string[] {
    return this.#memory.isRewritten ? ["audit-rewritten"] : [];
  }

  async #keep(memory: Memory): Promise<void> {
    if (memory.isRewritten === this.#memory.isRewritten && memory.heads === this.#memory.heads) return;
    this.#memory = memory;
    // On a full disk a witness that forgets is better than a device that is deaf.
    await this.#parts.disk
      .write(FILE, Buffer.from(`${JSON.stringify(memory)}\n`))
      .catch((error: unknown) => this.#parts.log.warn("heads of the audit log are not written down", { error }));
  }
}

function parsed(text: string): Memory | undefined {
  try {
    const { trustDomain, heads, isRewritten } = JSON.parse(text) as Memory;
    const whole = heads.filter(
      ({ number, hash, atMs, generation }) =>
        [number, atMs, generation].every(Number.isSafeInteger) && /^[0-9a-f]{64}$/.test(hash),
    );
    return { trustDomain, heads: whole.slice(-MOST), isRewritten };
  } catch {
    return undefined;
  }
}
