import type { Device } from "./contract.ts";

/** The fact by which a device's agent says where it gives data to neighbours; absent where its owner does not let it. */
const ADDRESS_FACT = "neighbour.address";
/** Where devices stand is what operators say of them, never a device itself. */
const SITE_LABEL = "site";

/** Where a device gives data to its neighbours, host and port; undefined when it does not. */
export function neighbourAddress({ inventory }: Pick<Device, "inventory">): string | undefined {
  const said = inventory[ADDRESS_FACT];
  return typeof said === "string" && /^[^\s/@]{1,255}:\d{1,5}$/.test(said) ? said : undefined;
}

/** Whether one may be sent to the other for data: on one site, both with their owners' leave, and the other one there now. */
export function isNeighbour(one: Device, other: Device): boolean {
  const site = one.labels[SITE_LABEL] ?? "";
  return (
    site !== "" &&
    other.labels[SITE_LABEL] === site &&
    other.id !== one.id &&
    neighbourAddress(one) !== undefined &&
    neighbourAddress(other) !== undefined &&
    other.state === "active" &&
    other.presence === "online"
  );
}
