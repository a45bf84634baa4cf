import { timingSafeEqual } from "node:crypto";
import { SECOND, type Clock } from "@edgemere/protocol/kit";
import type { EdgeNodeName } from "@edgemere/protocol/sparkplug";
import { inTime } from "../../platform/in-time.ts";
import type { Store } from "../../platform/store.ts";
import { device } from "./contract.ts";
import { declaredAt } from "./edge-nodes.ts";
import { hashOf } from "./enrolment.ts";

/** Whether somebody may connect as an edge node now, and which device it then is. */
type EdgeNodeAdmission =
  | { readonly kind: "admitted"; readonly device: string }
  | { readonly kind: "refused"; readonly why: string };

/** A store that takes longer cannot tell right now. */
const LOOK_WITHIN = 5 * SECOND;
const UNKNOWN = { kind: "refused", why: "there is no such edge node, or its password is another" } as const;

/** Judges who connects as an edge node. Throws where the store cannot be read: that is no refusal. */
export const admitEdgeNode =
  ({ store, clock }: { readonly store: Store; readonly clock: Clock }) =>
  (name: EdgeNodeName, password: string): Promise<EdgeNodeAdmission> =>
    inTime(mayConnect(name, password, store), LOOK_WITHIN, clock);

async function mayConnect(name: EdgeNodeName, password: string, store: Store): Promise<EdgeNodeAdmission> {
  const row = await declaredAt(name, store);
  const expected = Buffer.from(row?.passwordHash ?? hashOf(""), "base64url");
  const isProved = timingSafeEqual(expected, Buffer.from(hashOf(password), "base64url"));
  if (row === undefined || !isProved) return UNKNOWN;
  const holder = await store.get(device, row.device);
  if (holder === undefined || holder.state === "retired") return { kind: "refused", why: "the device was retired" };
  return { kind: "admitted", device: row.device };
}
