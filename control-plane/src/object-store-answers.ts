import { SaxesParser } from "saxes";
import { MINUTE } from "@edgemere/protocol/kit";
import { ObjectStoreError, type StoredObject } from "./platform/object-store.ts";

/** Texts of the elements that stand right below each element of a name, in order. */
function elementsIn(xml: string, name: string): readonly ReadonlyMap<string, string>[] {
  const found: Map<string, string>[] = [];
  const path: string[] = [];
  let text = "";
  const parser = new SaxesParser();
  parser.on("opentag", (tag) => {
    path.push(tag.name);
    text = "";
    if (tag.name === name) found.push(new Map());
  });
  parser.on("text", (part) => (text += part));
  parser.on("closetag", (tag) => {
    path.pop();
    if (path.at(-1) === name) found.at(-1)?.set(tag.name, text);
  });
  parser.on("error", (error) => {
    throw new ObjectStoreError("its answer is no XML", { cause: error });
  });
  parser.write(xml).close();
  return found;
}

/** What ListObjectsV2 answers. */
export function listingIn(xml: string): { readonly objects: readonly StoredObject[]; readonly isLast: boolean } {
  const [head] = elementsIn(xml, "ListBucketResult");
  if (head === undefined) throw new ObjectStoreError("it answers with something else than a list of objects");
  const keyOf = head.get("EncodingType") === "url" ? decoded : (key: string) => key;
  const objects = elementsIn(xml, "Contents").map((each) => ({
    key: keyOf(each.get("Key") ?? ""),
    bytes: countIn(each.get("Size")),
    modifiedAt: instantIn(each.get("LastModified") ?? ""),
    revision: revisionIn(each.get("ETag") ?? ""),
  }));
  if (!objects.every(isWhole)) throw new ObjectStoreError("it lists objects without size or time");
  return { objects, isLast: head.get("IsTruncated") !== "true" };
}

function decoded(key: string): string {
  try {
    return decodeURIComponent(key.replaceAll("+", " "));
  } catch (error) {
    throw new ObjectStoreError("it lists a key that cannot be read", { cause: error });
  }
}

/** A whole number that is not below zero; NaN for anything else. */
export const countIn = (text: string | null | undefined): number =>
  /^\d{1,15}$/.test(text ?? "") ? Number(text) : NaN;

/** What InitiateMultipartUpload answers. */
export function uploadIn(xml: string): string {
  const id = elementsIn(xml, "InitiateMultipartUploadResult")[0]?.get("UploadId") ?? "";
  if (id !== "" && id.length <= 1_024) return id;
  throw new ObjectStoreError("it begins an upload and does not say what it calls it");
}

export const tagsIn = (xml: string): Readonly<Record<string, string>> =>
  Object.fromEntries(elementsIn(xml, "Tag").map((tag) => [tag.get("Key") ?? "", tag.get("Value") ?? ""]));

/** A written instant, milliseconds since 1970; of HTTP or ISO 8601. */
// oxlint-disable-next-line no-restricted-globals -- a written instant is read, no clock is asked
export const instantIn = (text: string): number => Date.parse(text);
/** Some stores put quotation marks around it in lists, and some do not. */
export const revisionIn = (text: string): string => text.replaceAll(/^(?:W\/)?"|"$/g, "");

const isWhole = ({ key, bytes, modifiedAt }: StoredObject): boolean =>
  key !== "" && Number.isSafeInteger(bytes) && Number.isFinite(modifiedAt);

/** What a store said when it refused. */
export interface Refusal {
  readonly status: number;
  /** Its body: XML, or empty as after HEAD. */
  readonly text: string;
  /** What its clock shows, milliseconds since 1970; NaN where it does not say. */
  readonly date: number;
  readonly region: string | undefined;
}
/** Of whom it was asked. */
interface Asked {
  readonly bucket: string;
  readonly accessKey: string;
  readonly now: number;
}

/** The store's own word for what is wrong; empty where it has none. */
export const codeIn = ({ text }: Pick<Refusal, "text">): string =>
  text.startsWith("<") ? (elementsIn(text, "Error")[0]?.get("Code") ?? "") : "";

/** What is wrong, and what to do. */
export function wordsFor(refusal: Refusal, { bucket, accessKey, now }: Asked): string {
  const { status, date, region } = refusal;
  const minutes = Math.round((now - date) / MINUTE);
  const skew = `its clock is ${Math.abs(minutes)} minutes ${minutes > 0 ? "behind" : "ahead of"} that of the control plane; set the one that is wrong`;
  const code = codeIn(refusal);
  const known: Readonly<Record<string, string>> = {
    InvalidAccessKeyId: `it knows no access key "${accessKey}"; register it again with one that holds`,
    SignatureDoesNotMatch: `the secret key is not that of the access key "${accessKey}"; register it again with the right one`,
    AccessDenied: `the access key "${accessKey}" may not do this in the bucket "${bucket}"; give it the right there`,
    NoSuchBucket: `there is no bucket "${bucket}"; make it, or register another`,
    RequestTimeTooSkewed: skew,
    AuthorizationHeaderMalformed: `the bucket "${bucket}" is in ${region ?? "another region"}; register it with that region`,
    PermanentRedirect: `the bucket "${bucket}" is in ${region ?? "another region"}; register it with that region`,
    PreconditionFailed: "the object is another one by now",
    SlowDown: "it asks to be asked less often",
  };
  if (known[code] !== undefined) return known[code];
  if (status === 412) return "the object is another one by now";
  // What has no body says no more than its status.
  if (status === 403 && Math.abs(minutes) >= 5) return skew;
  if (status === 403) return `it refuses the access key "${accessKey}"`;
  return `it answered ${status}${code === "" ? "" : ` (${code})`}`;
}
