import type { InventoryReport } from "@edgemere/protocol";
import { put, updated, type Change } from "../../platform/change.ts";
import type { Received, SessionNews } from "../../platform/feature.ts";
import { device } from "./contract.ts";
import type { DevicesContext } from "./context.ts";
import { differences, inventoryOf } from "./inventory.ts";
import { presenceAfter } from "./presence.ts";
import { factChanges } from "./tables.ts";

/** The newest inventory of a batch becomes the device's, and what changed its history. */
export async function receiveEvents(received: Received, { store, newId }: DevicesContext): Promise<readonly Change[]> {
  const report = received.records.findLast((record) => record.body === "inventory")?.inventory as
    | InventoryReport
    | undefined;
  const row = report && (await store.get(device, received.device));
  if (row === undefined || row.state === "retired") return [];
  const inventory = inventoryOf(report as InventoryReport);
  const changes = differences(row.inventory, inventory);
  if (changes.length === 0) return [];
  const history = changes.map((each) =>
    put(factChanges, { ...each, id: newId(), device: row.id, at: received.receivedAt }),
  );
  return [updated(device, row, { inventory }), ...history];
}

export async function receiveSession(news: SessionNews, { store, clock }: DevicesContext): Promise<readonly Change[]> {
  const row = await store.get(device, news.device);
  const presence = row && presenceAfter(row, news);
  if (row === undefined || presence === undefined) return [];
  const told = row.presence === presence ? [] : [presence];
  const patch = { presence, presenceAt: clock.now(), sessionEpoch: news.epoch };
  return [updated(device, row, news.hello ? { ...patch, agent: agentOf(news.hello) } : patch, ...told)];
}

const agentOf = ({ agentVersion, capabilities, ...rest }: NonNullable<SessionNews["hello"]>) => ({
  ...rest,
  version: agentVersion,
  capabilities: [...capabilities],
});
