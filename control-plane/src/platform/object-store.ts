/** What an object store lists of an object. */
export interface StoredObject {
  readonly key: string;
  readonly bytes: number;
  readonly modifiedAt: number;
  /** What the store calls this state of it: its ETag. */
  readonly revision: string;
}

/** One bucket, as those credentials see it. Everything throws ObjectStoreError where the store does not do it. */
export interface Bucket {
  /** Objects after a key, in order of their keys; a page of them. */
  list(page: { readonly prefix: string; readonly after: string }): Promise<{
    readonly objects: readonly StoredObject[];
    readonly isLast: boolean;
  }>;
  /** An object with its tags and the SHA-256 that the store knows of, hex; undefined: there is none. */
  find(
    key: string,
  ): Promise<
    (StoredObject & { readonly sha256?: string; readonly tags: Readonly<Record<string, string>> }) | undefined
  >;
  /** Its content from a byte on, as long as it is in that state. */
  read(object: Pick<StoredObject, "key" | "revision">, from: number): AsyncIterable<Uint8Array>;
  /** Takes exactly this content, or nothing; a large one in parts, on from those that are there. */
  write(key: string, content: Content, uploading: Uploading): Promise<void>;
  /** Gives up what was put in parts and not ended. */
  abandon(key: string, upload: Upload): Promise<void>;
  remove(key: string): Promise<void>;
}

/** What is put somewhere. */
export interface Content {
  readonly bytes: number;
  /** Hex. */
  readonly sha256: string;
  /** From a byte on, up to another. */
  readonly pieces: (from: number, to: number) => AsyncIterable<Uint8Array>;
}

/** An object that comes in parts: what its store calls the upload, and each part that it has. */
export interface Upload {
  readonly id: string;
  readonly parts: readonly string[];
}

/** An upload that was begun, and who remembers how far it is. */
export interface Uploading {
  readonly begun: Upload | undefined;
  /** Undefined where it must begin anew. */
  readonly told: (upload: Upload | undefined) => Promise<void>;
}

/** Where a bucket is, and who asks it. */
export interface BucketPlace {
  /** Scheme, host and port. */
  readonly endpoint: string;
  readonly bucket: string;
  readonly region: string;
  readonly accessKey: string;
  readonly secretKey: string;
}

/** The object stores that may be asked. */
export interface ObjectStores {
  /** Their endpoints; no other is ever asked. */
  readonly allowed: readonly string[];
  open(place: BucketPlace): Bucket;
  /** A secret as it is kept, for one owner only. */
  seal(secret: string, owner: string): string;
  /** Throws ObjectStoreError when it is not what was sealed for that owner here. */
  unseal(sealed: string, owner: string): string;
}

/** Why an object store does not do what it was asked for, in words for an operator. */
export class ObjectStoreError extends Error {
  /** The store's own word for it, where it has one. */
  readonly code: string;

  constructor(message: string, { code = "", ...options }: ErrorOptions & { readonly code?: string } = {}) {
    super(message, options);
    this.name = "ObjectStoreError";
    this.code = code;
  }
}
