import { createHash } from "node:crypto";
import { codeIn, revisionIn, uploadIn } from "./object-store-answers.ts";
import { ObjectStoreError, type Content, type Upload, type Uploading } from "./platform/object-store.ts";

interface Answer {
  readonly headers: Headers;
  text(): Promise<string>;
}
interface PartQuestion {
  readonly method: "POST" | "PUT";
  readonly key: string;
  readonly query: Readonly<Record<string, string>>;
  readonly headers?: Readonly<Record<string, string>>;
  readonly content?: { readonly bytes: number; readonly sha256: string; readonly pieces: AsyncIterable<Uint8Array> };
}
/** Undefined where there is no such object, or no such upload. */
type Ask = (question: PartQuestion) => Promise<Answer | undefined>;

/** Puts a large object in parts, each told before the next is begun. False where the store forgot an upload that was gone on with: nothing is there then. */
export async function writeParts(
  key: string,
  content: Content,
  { begun, told }: Uploading,
  { ask, partBytes }: { readonly ask: Ask; readonly partBytes: number },
): Promise<boolean> {
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
  const answer = await ask({ method: "POST", key, query: { uploadId: upload.id }, ...bodyOf(listOf(upload)) });
  if (answer === undefined) return false;
  // It may begin its answer before it knows how it ends.
  const text = await answer.text();
  const code = codeIn({ text: text.trimStart() });
  if (code !== "") throw new ObjectStoreError(`it does not put the parts together: ${code}`);
  return true;
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
