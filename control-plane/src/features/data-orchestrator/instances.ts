import { created, moved, type Change } from "../../platform/change.ts";
import type { Data, DataSource } from "../data-catalogue/contract.ts";
import { dataInstance, type DataInstance, type DataRequest } from "./contract.ts";
import type { Decision } from "./placement-contract.ts";

const NAME_BYTES = 255;

/** Data that is used where it lies is ready at once. */
export function leftInPlace(id: string, piece: Data, folder: string, request: DataRequest): readonly Change[] {
  const draft = {
    ...headOf(piece, request),
    device: piece.device,
    source: piece.source,
    path: pathIn(folder, piece.name),
    decision: "leave" as const,
    holds: piece.id,
    cause: "",
    tries: 0,
  };
  // The row as the first change leaves it, for the second one to go on from.
  const placing: DataInstance = { ...draft, id, state: "placing", version: 1, createdAt: 0, updatedAt: 0 };
  return [created(dataInstance, id, draft), moved(dataInstance, placing, "place")];
}

interface Placement {
  readonly piece: Data;
  readonly target: DataSource;
  readonly decision: Decision;
  readonly request: DataRequest;
}

/** Data that is to be brought somewhere; it moves from `now` on. */
export const toBePlaced = (id: string, { piece, target, decision, request }: Placement, now: number): Change =>
  created(dataInstance, id, {
    ...headOf(piece, request),
    device: target.device,
    source: target.id,
    path: pathIn(target.path, placedName(piece)),
    decision,
    cause: "",
    tries: 0,
    nextTryAt: now,
  });

const headOf = ({ id, name, hash, bytes }: Data, { id: request, reference }: DataRequest) => ({
  name,
  ...(reference !== undefined && { reference }),
  request,
  data: id,
  hash,
  bytes,
});

/** What a piece of data is called where it is brought: its own name, so that it is known for what it is, behind its hash, so that no two meet. */
function placedName({ name, hash }: Pick<Data, "name" | "hash">): string {
  const own = Buffer.from(name.slice(name.lastIndexOf("/") + 1));
  const prefix = `${hash.slice(0, 16)}-`;
  const most = NAME_BYTES - prefix.length;
  // The end of a name tells of its kind. Half a character at the cut is left out.
  return (
    prefix +
    own
      .subarray(Math.max(0, own.length - most))
      .toString()
      .replace(/^\ufffd+/, "")
  );
}

/** A file below a folder. */
export const pathIn = (folder: string, name: string): string => `${folder.replace(/\/+$/, "")}/${name}`;
