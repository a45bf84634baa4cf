import { AwsV4Signer } from "aws4fetch";
import { SECOND, type Clock } from "@edgemere/protocol/kit";
import {
  ObjectStoreError,
  type Bucket,
  type BucketPlace,
  type ObjectStores,
  type StoredObject,
} from "./platform/object-store.ts";
import { codeIn, countIn, instantIn, listingIn, revisionIn, tagsIn, wordsFor } from "./object-store-answers.ts";
import { writeParts } from "./object-parts.ts";
import { inTime } from "./platform/in-time.ts";
import type { Sealing } from "./platform/sealing.ts";

const ANSWER_WITHIN = 30 * SECOND;
/** A transfer that does not get on for so long is given up. */
const GETS_ON_WITHIN = 60 * SECOND;
/** Bytes in a millisecond that content is sent with at the slowest. */
const SLOWEST = 16;
/** Bytes of an answer other than content: a page of a list is the largest. */
const ANSWER_BYTES = 8 * 1024 ** 2;
const PAGE = 1_000;
/** What has no more than four parts goes as one. */
const PART_BYTES = 16 * 1024 ** 2;
const PARTS_AS_ONE = 4;
/** What a body hashes to that is none. */
const NOTHING = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";

interface Parts {
  readonly clock: Clock;
  readonly sealing: Sealing;
  readonly partBytes?: number;
}

/** Object stores that speak S3, at the endpoints that the owner of the control plane's host allows. When it is disposed of, what is under way is given up. */
export function objectStoresAt(allowed: readonly string[], { clock, sealing, partBytes = PART_BYTES }: Parts) {
  const stop = new AbortController();
  const stores: ObjectStores = {
    allowed,
    open: (place) => {
      if (!allowed.includes(place.endpoint))
        throw new ObjectStoreError(`nothing at ${place.endpoint} may be asked; allow it with --object-store`);
      return bucketAt(place, { clock, stopped: stop.signal, partBytes });
    },
    seal: (secret, owner) => sealing.seal(secret, owner),
    unseal: (sealed, owner) => {
      const secret = sealing.open(sealed, owner);
      if (secret !== undefined) return secret;
      throw new ObjectStoreError("its secret key does not open with the key of this control plane; register it again");
    },
  };
  return { ...stores, [Symbol.asyncDispose]: async () => stop.abort() };
}

interface Way {
  readonly clock: Clock;
  readonly stopped: AbortSignal;
  readonly partBytes: number;
}

interface Question {
  readonly method: "GET" | "HEAD" | "POST" | "PUT" | "DELETE";
  readonly key?: string;
  readonly query?: Readonly<Record<string, string>>;
  readonly headers?: Readonly<Record<string, string>>;
  readonly content?: { readonly bytes: number; readonly sha256: string; readonly pieces: AsyncIterable<Uint8Array> };
}

function bucketAt(place: BucketPlace, way: Way): Bucket {
  const ask = (question: Question) => asked(question, place, way);
  /** Throws for every refusal but that there is no such object. */
  const taken = async (question: Question): Promise<Answer | undefined> => {
    const answer = await ask(question);
    if (answer.status >= 200 && answer.status < 300) return answer;
    const { status, headers } = answer;
    const text = question.method === "HEAD" ? "" : await answer.text();
    const date = instantIn(headers.get("date") ?? "");
    const refusal = { status, text, date, region: headers.get("x-amz-bucket-region") ?? undefined };
    const code = codeIn(refusal);
    if (status === 404 && question.key !== undefined && code !== "NoSuchBucket") return undefined;
    throw new ObjectStoreError(wordsFor(refusal, { ...place, now: way.clock.now() }), { code });
  };
  const must = async (question: Question) => {
    const answer = await taken(question);
    if (answer === undefined) throw new ObjectStoreError("the object is gone");
    return answer;
  };
  const bucket: Bucket = {
    list: async ({ prefix, after }) => {
      const page = { "list-type": "2", "max-keys": String(PAGE), "encoding-type": "url" };
      const query = { ...page, ...(prefix !== "" && { prefix }), ...(after !== "" && { "start-after": after }) };
      return listingIn(await (await must({ method: "GET", query })).text());
    },
    find: async (key) => {
      const answer = await taken({ method: "HEAD", key, headers: { "x-amz-checksum-mode": "ENABLED" } });
      if (answer === undefined) return undefined;
      const object = objectIn(key, answer.headers);
      const sha256 = hashIn(answer.headers);
      // Whoever may read objects may not always read their tags, and not every store has any.
      const tags = await ask({ method: "GET", key, query: { tagging: "" } });
      const xml = await tags.text();
      return { ...object, ...(sha256 !== undefined && { sha256 }), tags: tags.status === 200 ? tagsIn(xml) : {} };
    },
    async *read({ key, revision }, from) {
      const range = from === 0 ? {} : { range: `bytes=${from}-` };
      const answer = await must({ method: "GET", key, headers: { "if-match": `"${revision}"`, ...range } });
      if (revisionIn(answer.headers.get("etag") ?? "") !== revision || answer.status !== (from === 0 ? 200 : 206))
        throw new ObjectStoreError("the object is another one by now");
      yield* answer.pieces();
    },
    write: async (key, content, uploading) => {
      const { partBytes } = way;
      if (content.bytes > partBytes * PARTS_AS_ONE) {
        if (await writeParts(key, content, uploading, { ask: taken, partBytes })) return;
        await uploading.told(undefined);
        // It may have been put together just before whoever asked for it died.
        if ((await bucket.find(key))?.sha256 === content.sha256) return;
        throw new ObjectStoreError("it has not all that was put there in parts; that begins anew");
      }
      // Told as its own words, so that whoever reads it later knows its content without reading it.
      const headers = { "content-length": String(content.bytes), "x-amz-meta-sha256": content.sha256 };
      const whole = { ...content, pieces: content.pieces(0, content.bytes) };
      await (await must({ method: "PUT", key, headers, content: whole })).text();
    },
    abandon: async (key, { id }) => {
      await (await taken({ method: "DELETE", key, query: { uploadId: id } }))?.text();
    },
    remove: async (key) => {
      await (await taken({ method: "DELETE", key }))?.text();
    },
  };
  return bucket;
}

function objectIn(key: string, headers: Headers): StoredObject {
  const bytes = countIn(headers.get("content-length"));
  const modifiedAt = instantIn(headers.get("last-modified") ?? "");
  const revision = revisionIn(headers.get("etag") ?? "");
  if (Number.isSafeInteger(bytes) && Number.isFinite(modifiedAt)) return { key, bytes, modifiedAt, revision };
  throw new ObjectStoreError("it tells of an object without size or time");
}

/** As whoever wrote it told, or as the store reckoned over the whole of it. It is believed for finding, and checked when content is fetched. */
function hashIn(headers: Headers): string | undefined {
  const told = headers.get("x-amz-meta-sha256") ?? "";
  if (/^[0-9a-f]{64}$/.test(told)) return told;
  const sum = headers.get("x-amz-checksum-sha256") ?? "";
  return /^[A-Za-z0-9+/]{43}=$/.test(sum) ? Buffer.from(sum, "base64").toString("hex") : undefined;
}

interface Answer {
  readonly status: number;
  readonly headers: Headers;
  text(): Promise<string>;
  pieces(): AsyncIterable<Uint8Array>;
}

async function asked(
  { method, key, query = {}, headers = {}, content }: Question,
  place: BucketPlace,
  way: Way,
): Promise<Answer> {
  const { endpoint, bucket, region, accessKey, secretKey } = place;
  const { clock, stopped } = way;
  const path = [bucket, ...(key ?? "").split("/")].map(encodeURIComponent).join("/");
  const over = new AbortController();
  const signed = await new AwsV4Signer({
    method,
    url: `${endpoint}/${key === undefined ? encodeURIComponent(bucket) : path}?${new URLSearchParams(query).toString()}`,
    headers: { ...headers, "x-amz-content-sha256": content?.sha256 ?? NOTHING },
    accessKeyId: accessKey,
    secretAccessKey: secretKey,
    service: "s3",
    region,
    datetime: timestamp(clock.now()),
  }).sign();
  const failing = (error: unknown): ObjectStoreError => {
    over.abort();
    if (error instanceof ObjectStoreError) return error;
    const cause = error instanceof Error && error.cause instanceof Error ? error.cause : error;
    const words = stopped.aborted ? "the control plane stops" : cause instanceof Error ? cause.message : String(cause);
    return new ObjectStoreError(`it cannot be reached: ${words}`, { cause: error });
  };
  const request = fetch(signed.url, {
    method,
    headers: signed.headers,
    // Whoever sends us elsewhere gets neither content nor the signature there.
    redirect: "manual",
    signal: AbortSignal.any([over.signal, stopped]),
    ...(content !== undefined && { body: ReadableStream.from(unless(over, content.pieces)), duplex: "half" }),
  });
  const response = await inTime(request, ANSWER_WITHIN + (content?.bytes ?? 0) / SLOWEST, clock).catch(
    (error: unknown) => {
      throw failing(error);
    },
  );
  async function* pieces(most = Infinity): AsyncGenerator<Uint8Array> {
    const reader = (response.body as ReadableStream<Uint8Array> | null)?.getReader();
    const next = async () => (reader === undefined ? undefined : inTime(reader.read(), GETS_ON_WITHIN, clock));
    try {
      let bytes = 0;
      for (let part = await next(); part?.value !== undefined && bytes <= most; part = await next()) {
        bytes += part.value.length;
        yield part.value;
      }
    } catch (error) {
      throw failing(error);
    } finally {
      over.abort();
    }
  }
  return {
    status: response.status,
    headers: response.headers,
    pieces,
    text: async () => {
      const parts: Uint8Array[] = [];
      for await (const each of pieces(ANSWER_BYTES)) parts.push(each);
      return Buffer.concat(parts).toString();
    },
  };
}

/** Fetch reads what it is given to its end, though nobody takes it any more. */
async function* unless({ signal }: AbortController, pieces: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
  for await (const each of pieces) {
    if (signal.aborted) return;
    yield each;
  }
}

/** 20260301T140509Z */
const timestamp = (at: number): string =>
  // oxlint-disable-next-line no-restricted-globals -- an instant is written, no clock is asked
  new Date(at).toISOString().replaceAll(/[:-]|\.\d{3}/g, "");
