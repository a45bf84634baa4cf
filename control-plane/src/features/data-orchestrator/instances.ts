import { created, moved, type Change } from "../../platform/change.ts";
import type { Store } from "../../platform/store.ts";
import { data, dataSource, type Data, type DataSource } from "../data-catalogue/contract.ts";
import { device } from "../devices/contract.ts";
import type { DataOrchestratorContext } from "./context.ts";
import { dataInstance, type DataInstance, type DataRequest } from "./contract.ts";
import { due, hasChanged, type Due } from "./instance-life.ts";
import type { Decision } from "./placement-contract.ts";

const NAME_BYTES = 255;

/** Data that is used where it lies is ready at once. */
export async function leftInPlace(
  id: string,
  { piece, folder, request }: Pick<Placement, "piece" | "request"> & { readonly folder: string },
  store: Store,
): Promise<readonly Change[]> {
  const draft = {
    ...headOf(piece, request),
    data: await stoodForBy(piece, store),
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
export const toBePlaced = async (
  id: string,
  { piece, target, decision, request }: Placement,
  { store, clock }: Pick<DataOrchestratorContext, "store" | "clock">,
): Promise<Change> =>
  created(dataInstance, id, {
    ...headOf(piece, request),
    // What is moved is taken away where it lies.
    data: decision === "move" ? piece.id : await stoodForBy(piece, store),
    device: target.device,
    source: target.id,
    path: pathIn(decision === "mount" ? (target.mountFolder ?? "") : target.path, placedName(piece)),
    decision,
    ...(decision === "mount" && { heldBytes: 0 }),
    cause: "",
    tries: 0,
    nextTryAt: clock.now(),
  });

/** What must happen to an instance, by its data as it is now. */
export async function dueOf(row: DataInstance, store: Store): Promise<Due | undefined> {
  const origin = await store.get(data, row.data);
  if (row.decision === "mount") return due(row, await shownAt(row, store), origin);
  const held = row.holds === undefined ? undefined : await store.get(data, row.holds);
  return due(row, held, origin);
}

/** What is mounted stands in no catalogue: it is there as long as its device is, and shows data in that folder. */
async function shownAt(
  { device: at, source, path, hash }: DataInstance,
  store: Store,
): Promise<Pick<Data, "state" | "hash">> {
  const [place, holder] = [await store.get(dataSource, source), await store.get(device, at)];
  const isShown = place?.mountFolder !== undefined && path.startsWith(`${place.mountFolder}/`);
  if (!isShown || place.state === "shutdown" || holder === undefined || holder.state === "retired")
    return { state: "removed", hash };
  return { state: place.state === "ready" && holder.presence !== "offline" ? "available" : "unavailable", hash };
}

/** What a piece is a copy of, however many copies lie between, as far as that is known. */
export const originOf = async ({ lineage }: Data, store: Store): Promise<Data | undefined> =>
  lineage && store.get(data, lineage.data);

/** The id of the data that a piece stands for: what it is a copy of, as long as that is the same; or itself. */
async function stoodForBy(piece: Data, store: Store): Promise<string> {
  const origin = await originOf(piece, store);
  return origin === undefined || hasChanged(origin, piece.hash) ? piece.id : origin.id;
}

const headOf = ({ name, hash, bytes }: Data, { id: request, reference }: DataRequest) => ({
  name,
  ...(reference !== undefined && { reference }),
  request,
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
