import type { World } from "../world/world.ts";

/** More than any disk has: whoever must have so much free has too little. */
const ENDLESS = "900000GiB";
const flags = { low: ["--storage-low", ENDLESS], readonly: ["--storage-readonly", ENDLESS] } as const;

/** Starts the control plane anew, for which its disk is then too small. */
export async function fillDisk({ controlPlane }: World, state: keyof typeof flags): Promise<void> {
  await controlPlane.kill();
  await controlPlane.start({ flags: flags[state] });
}
