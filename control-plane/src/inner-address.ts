import { BlockList, isIP } from "node:net";

// Of this machine, of its link, of nobody: where a cloud hands out credentials, and where what trusts its neighbours listens.
const inner = new BlockList();
for (const [network, bits] of [
  ["0.0.0.0", 8],
  ["127.0.0.0", 8],
  ["169.254.0.0", 16],
  ["100.100.100.200", 32],
  ["192.0.0.0", 24],
  ["224.0.0.0", 3],
] as const)
  inner.addSubnet(network, bits, "ipv4");
for (const [network, bits] of [
  ["::", 127],
  ["fe80::", 10],
  ["ff00::", 8],
  ["fd00:ec2::254", 128],
  // The same addresses of IPv4 in the clothes of IPv6, as translators and tunnels read them.
  ["::7f00:0", 104],
  ["64:ff9b::7f00:0", 104],
  ["64:ff9b::a9fe:0", 112],
  ["64:ff9b::6464:64c8", 128],
  ["2002:7f00::", 24],
  ["2002:a9fe::", 32],
] as const)
  inner.addSubnet(network, bits, "ipv6");

/** Whether an address is one that a webhook must not be sent to: what is no address is one too. */
export const isInner = (address: string): boolean => {
  const family = isIP(address);
  return family === 0 || inner.check(address, family === 4 ? "ipv4" : "ipv6");
};
