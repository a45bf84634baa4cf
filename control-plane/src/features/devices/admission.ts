import type { Store } from "../../platform/store.ts";
import { device } from "./contract.ts";

/** Whether a certificate's holder may connect now. "refused" is for good, as far as the device can tell. */
export type Admission = { readonly kind: "admitted" } | { readonly kind: "refused"; readonly why: string };

export async function mayConnect(store: Store, id: string, serial: string | undefined): Promise<Admission> {
  const row = await store.get(device, id);
  if (row === undefined) return { kind: "refused", why: "no such device" };
  if (row.state === "retired") return { kind: "refused", why: "the device was retired" };
  if (serial !== undefined && row.certificate.serial !== serial)
    return { kind: "refused", why: "the certificate was replaced" };
  return { kind: "admitted" };
}

/** All that are not retired. */
export async function* idsOfDevices(store: Store): AsyncGenerator<string> {
  for await (const { id, state } of store.scan(device)) if (state !== "retired") yield id;
}
