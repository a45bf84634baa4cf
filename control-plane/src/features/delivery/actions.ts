import { handle } from "../../platform/action.ts";
import { resolve } from "../../platform/reference.ts";
import { device } from "../devices/contract.ts";
import { lossesOf, statementOf } from "./accounting.ts";
import { accountForRecords, listDeviceEvents } from "./contract.ts";
import type { DeliveryContext } from "./context.ts";
import { deviceEvents, positions } from "./tables.ts";

export const deliveryActions = [
  handle(accountForRecords, async ({ device: ref }, { store, link }: DeliveryContext) => {
    const { id } = await resolve(store, device, ref);
    // First what the device said, so that what arrives meanwhile cannot look like less than it produced.
    const said = await store.get(positions, id);
    const accounts = await link.accounts(id);
    return {
      device: id,
      ...(said && { saidAt: said.at }),
      streams: accounts.map((account) =>
        statementOf(account, said?.streams.find(({ stream }) => stream === account.stream)?.next),
      ),
      losses: lossesOf(accounts),
      refused: accounts.flatMap(({ stream, refused }) => refused.map((each) => ({ stream, ...each }))),
      setAside: [...(await link.setAside(id))],
      refusals: link.refusals(id),
    };
  }),
  handle(listDeviceEvents, async ({ device: ref, limit = 50, cursor }, { store }: DeliveryContext) => {
    const { id } = await resolve(store, device, ref);
    const page = await store.list(deviceEvents, { index: "device", prefix: [id], limit, cursor, reverse: true });
    return {
      ...page,
      items: page.items.map(({ at, isEstimated, name, detail, receivedAt }) => ({
        at,
        isEstimated,
        name,
        detail,
        receivedAt,
      })),
    };
  }),
];
