import type { NetworkInterfaceInfo } from "node:os";
import type { Fact } from "../host.ts";
import { isOuterInterface } from "./network.ts";

const MOST_INTERFACES = 64;
const MOST_ADDRESSES = 16;

/** The addresses of each interface, in an order that does not change by itself. */
export function networkFacts(
  interfaces: Readonly<Record<string, readonly NetworkInterfaceInfo[] | undefined>>,
): readonly Fact[] {
  return Object.entries(interfaces)
    .filter(([name]) => isOuterInterface(name))
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .slice(0, MOST_INTERFACES)
    .flatMap(([name, addresses = []]) => {
      const texts = addresses.map((each) => each.cidr ?? each.address).sort();
      const hardware = addresses[0]?.mac;
      return [
        ...(hardware === undefined ? [] : [{ name: `network.${name}.mac_address`, value: hardware }]),
        { name: `network.${name}.addresses`, value: texts.slice(0, MOST_ADDRESSES).join(" ") },
      ];
    });
}
