import { SECOND } from "@edgemere/protocol/kit";
import { handle } from "../../platform/action.ts";
import * as contract from "./contract.ts";
import type { KeysContext } from "./context.ts";

export const keyActions = [
  handle(contract.findKeyring, async (_, { keys }: KeysContext) => {
    const { roles, ...rest } = keys.status();
    return { ...rest, roles: roles.map((each) => ({ ...each, keys: [...each.keys] })) };
  }),
  handle(contract.rotateKey, async ({ role, grace = 3_600, above = 0 }, context: KeysContext, { actor }) => {
    const { version, draft } = await context.keys.rotate({ role, grace: grace * SECOND, above });
    if (draft !== undefined) return { version, draft: Buffer.from(draft).toString("base64") };
    context.log.info("a key was replaced", { role, version, actor });
    tellDevices(context);
    return { version };
  }),
  handle(contract.importKeyring, async ({ keyring }, context: KeysContext, { actor }) => {
    const taken = await context.keys.take(Buffer.from(keyring, "base64"));
    context.log.info("a keyring was imported", { ...taken, actor });
    tellDevices(context);
    return taken;
  }),
];

/** Those that are away are told when they come back. */
function tellDevices({ link }: KeysContext): void {
  for (const { device } of link.sessions()) link.resync(device);
}
