import { createHash } from "node:crypto";
import {
  ObjectStoreError,
  type Bucket,
  type BucketPlace,
  type ObjectStores,
  type StoredObject,
} from "../platform/object-store.ts";

interface Held {
  readonly content: Buffer;
  readonly revision: string;
  readonly sha256?: string;
  readonly tags?: Readonly<Record<string, string>>;
}

export const ENDPOINT = "https://objects.example.org";
const PAGE = 10;
/** What has more bytes comes in parts of so many. */
const LARGEST_WHOLE = 10;

async function gathered(pieces: AsyncIterable<Uint8Array>): Promise<Buffer> {
  const parts: Uint8Array[] = [];
  for await (const each of pieces) parts.push(each);
  return Buffer.concat(parts);
}

/** An object store somewhere outside with one bucket, "samples", which does what it is told. */
export class Shelf implements ObjectStores {
  readonly allowed = [ENDPOINT];
  readonly objects = new Map<string, Held>();
  /** Bytes of content that were read. */
  read = 0;
  /** What it answers instead; empty while it works. */
  failure = "";
  /** After so many bytes of each read it breaks off. */
  breaksAfter = Infinity;
  /** Parts of objects that have not ended, by upload. */
  readonly uploads = new Map<string, Buffer[]>();
  /** It breaks off before it takes more of an object. */
  partsAtMost = Infinity;
  partsTaken = 0;
  readonly opened: BucketPlace[] = [];
  #revisions = 0;

  set(key: string, content: string | Buffer, over: Pick<Held, "tags"> & { readonly isHashed?: boolean } = {}): void {
    const bytes = Buffer.from(content);
    const sha256 = over.isHashed === true ? { sha256: createHash("sha256").update(bytes).digest("hex") } : {};
    this.objects.set(key, { content: bytes, revision: `r${++this.#revisions}`, ...sha256, ...over });
  }

  seal = (secret: string, owner: string): string => Buffer.from(`${owner} ${secret}`).toString("base64");
  unseal = (sealed: string, owner: string): string =>
    Buffer.from(sealed, "base64")
      .toString()
      .slice(owner.length + 1);

  open = (place: BucketPlace): Bucket => {
    this.opened.push(place);
    const works = () => {
      if (this.failure !== "") throw new ObjectStoreError(this.failure);
    };
    const shown = (key: string, { content, revision }: Held): StoredObject => ({
      key,
      bytes: content.length,
      modifiedAt: 1_000,
      revision,
    });
    const { objects } = this;
    const counted = (bytes: number) => (this.read += bytes);
    const breaksAfter = () => this.breaksAfter;
    return {
      list: async ({ prefix, after }) => {
        works();
        const all = [...objects]
          .filter(([key]) => key.startsWith(prefix) && key > after)
          .toSorted(([a], [b]) => (a < b ? -1 : 1));
        return { objects: all.slice(0, PAGE).map(([key, held]) => shown(key, held)), isLast: all.length <= PAGE };
      },
      find: async (key) => {
        works();
        const held = objects.get(key);
        const { sha256, tags = {} } = held ?? {};
        return held && { ...shown(key, held), ...(sha256 !== undefined && { sha256 }), tags };
      },
      async *read({ key, revision }, from) {
        works();
        const held = objects.get(key);
        if (held?.revision !== revision) throw new ObjectStoreError("the object is another one by now");
        const part = held.content.subarray(from, from + breaksAfter());
        counted(part.length);
        yield part;
        if (from + part.length < held.content.length) throw new ObjectStoreError("it cannot be reached: it broke off");
      },
      write: async (key, { bytes, sha256, pieces }, { begun, told }) => {
        works();
        if (bytes <= LARGEST_WHOLE) this.set(key, await gathered(pieces(0, bytes)), { isHashed: true });
        else {
          const id = begun?.id ?? `upload-${(this.#revisions += 1)}`;
          const parts = this.uploads.get(id) ?? [];
          this.uploads.set(id, parts);
          for (let at = begun?.parts.length ?? 0; at * LARGEST_WHOLE < bytes; at += 1) {
            if (at >= this.partsAtMost) throw new ObjectStoreError("it cannot be reached: it broke off");
            const from = at * LARGEST_WHOLE;
            parts.push(await gathered(pieces(from, Math.min(bytes, from + LARGEST_WHOLE))));
            this.partsTaken += 1;
            await told({ id, parts: parts.map((_, i) => `part-${i}`) });
          }
          this.set(key, Buffer.concat(parts), { isHashed: true });
          this.uploads.delete(id);
        }
        if (objects.get(key)?.sha256 !== sha256) throw new ObjectStoreError("it answered 400 (BadDigest)");
      },
      abandon: async (_, { id }) => {
        works();
        this.uploads.delete(id);
      },
      remove: async (key) => {
        works();
        objects.delete(key);
      },
    };
  };
}
