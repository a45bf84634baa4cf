import { scattered } from "../../platform/keys.ts";

/** What of a device tells whether it gives data. */
interface Giver {
  readonly id: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly inventory: Readonly<Record<string, unknown>>;
  readonly state: string;
  readonly presence: string;
}

/** The fact by which a device's agent says where it gives data to neighbours; absent where its owner does not let it. */
const ADDRESS_FACT = "neighbour.address";
/** Where devices stand is what operators say of them, never a device itself. */
const SITE_LABEL = "site";

/** Where a device gives data to its neighbours, host and port; undefined when it does not. */
export function neighbourAddress({ inventory }: Pick<Giver, "inventory">): string | undefined {
  const said = inventory[ADDRESS_FACT];
  return typeof said === "string" && /^[^\s/@]{1,255}:\d{1,5}$/.test(said) ? said : undefined;
}

/** Of which site a device gives data to others, and is given; undefined where its owner does not let it. */
export const siteOfGiver = (row: Pick<Giver, "labels" | "inventory">): string | undefined =>
  neighbourAddress(row) === undefined ? undefined : row.labels[SITE_LABEL] || undefined;

/** Where a device stands among those that give data on its site now; nowhere where it gives none. */
export function placesAmongGivers(row: Giver): readonly (readonly string[])[] {
  const site = siteOfGiver(row);
  return site === undefined || row.state !== "active" || row.presence !== "online" ? [] : [[site, scattered(row.id)]];
}
