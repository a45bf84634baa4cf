import { createHash } from "node:crypto";
import { codeIn, revisionIn, uploadIn } from "./object-store-answers.ts";
import { ObjectStoreError, type Content, type Upload, type Uploading } from "./platform/object-store.ts";

interface Answer {
  readonly headers: Headers;
  text(): Promise<string>;
}
interface PartQuestion {
  readonly method: "POST" | "PUT" | "DELETE";
  readonly key: string;
  readonly query: Readonly<Record<string, string>>;
  readonly headers?: Readonly<Record<string, string>>;
  readonly content?: { readonly bytes: number; readonly sha256: string; readonly pieces: AsyncIterable<Uint8Array> };
}
/** Undefined where there is no such object, or no such upload. */
type Ask = (question: PartQuestion) => Promise<Answer | undefined>;

/** So many parts a store takes of an object. */
const MOST_PARTS = 10_000;
/** What a store says at the end that has not all parts as it told of them: they are not what they must be, however often it is asked. */
const LACKING = /^(InvalidPart|InvalidPartOrder|EntityTooSmall)$/;

/** Puts a large object in parts, each told before the next is begun. False where the store has not all of an upload: nothing is there then. */
export async function writeParts(
  key: string,
  content: Content,
  { begun, told }: Uploading,
  { ask, ...wanted }: { readonly ask: Ask; readonly partBytes: number },
): Promise<boolean> {
  // The same whenever it is gone on with.
  const partBytes = Math.max(wanted.partBytes, Math.ceil(content.bytes / MOST_PARTS));
  let upload = begun ?? { id: await begin(key, content, ask), parts: [] };
  if (begun === undefined) await told(upload);
  while (upload.parts.length * partBytes < content.bytes) {
    const from = upload.parts.length * partBytes;
    const bytes = await gathered(content.pieces(from, Math.min(content.bytes, from + partBytes)));
    const query = { partNumber: String(upload.parts.length + 1), uploadId: upload.id };
    const answer = await ask({ method: "PUT", key, query, ...bodyOf(bytes) });
    if (answer === undefined) return false;
    await answer.text();
    upload = { ...upload, parts: [...upload.parts, partIn(answer.headers)] };
    await told(upload);
  }
  return putTogether(key, upload, ask);
}

async function putTogether(key: string, upload: Upload, ask: Ask): Promise<boolean> {
  const query = { uploadId: upload.id };
  try {
    const answer = await ask({ method: "POST", key, query, ...bodyOf(listOf(upload)) });
    if (answer === undefined) return false;
    // It may begin its answer before it knows how it ends.
    const code = codeIn({ text: (await answer.text()).trimStart() });
    if (code !== "") throw new ObjectStoreError(`it does not put the parts together: ${code}`, { code });
    return true;
  } catch (error) {
    if (!(error instanceof ObjectStoreError && LACKING.test(error.code))) throw error;
    await (await ask({ method: "DELETE", key, query }))?.text();
    return false;
  }
}

async function begin(key: string, { sha256 }: Content, ask: Ask): Promise<string> {
  const headers = { "x-amz-meta-sha256": sha256 };
  const answer = await ask({ method: "POST", key, query: { uploads: "" }, headers });
  if (answer === undefined) throw new ObjectStoreError("it begins no upload");
  return uploadIn(await answer.text());
}

/** Of a part, as it is named at the end. */
function partIn(headers: Headers): string {
  const part = revisionIn(headers.get("etag") ?? "");
  if (/^[^<>&"\x00-\x20]{1,256}$/.test(part)) return part;
  throw new ObjectStoreError("it took a part and does not say what it calls it");
}

const listOf = ({ parts }: Upload): Buffer =>
  Buffer.from(
    `<CompleteMultipartUpload>${parts
      .map((part, i) => `<Part><PartNumber>${i + 1}</PartNumber><ETag>"${part}"</ETag></Part>`)
      .join("")}</CompleteMultipartUpload>`,
  );

function bodyOf(bytes: Buffer) {
  const sha256 = createHash("sha256").update(bytes).digest("hex");
  const content = { bytes: bytes.length, sha256, pieces: only(bytes) };
  return { headers: { "content-length": String(bytes.length) }, content };
}

async function* only(bytes: Buffer): AsyncGenerator<Uint8Array> {
  yield bytes;
}

async function gathered(pieces: AsyncIterable<Uint8Array>): Promise<Buffer> {
  const all: Uint8Array[] = [];
  for await (const each of pieces) all.push(each);
  return Buffer.concat(all);
}
