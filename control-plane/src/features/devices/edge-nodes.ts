import { isEdgeNodeName, type EdgeNodeName } from "@edgemere/protocol/sparkplug";
import { handle } from "../../platform/action.ts";
import { created, moved, replaced, type Change } from "../../platform/change.ts";
import { pageWithin } from "../../platform/pages.ts";
import { Problem } from "../../platform/problem.ts";
import { resolve } from "../../platform/reference.ts";
import { repeatOnConflict } from "../../platform/repeat.ts";
import { table } from "../../platform/resource.ts";
import type { Store } from "../../platform/store.ts";
import type { DevicesContext } from "./context.ts";
import { device, type Device } from "./contract.ts";
import { declareEdgeNode, edgeNode, listEdgeNodes, renewEdgeNode, type EdgeNodeRow } from "./edge-node-contract.ts";
import { hashOf } from "./enrolment.ts";
import { freeNameLike, takeName } from "./names.ts";

/** One row for each edge node that was ever declared. Every declaration moves it on, so that of two at once one must look again. */
const takenAddresses = table<{ readonly id: string; readonly version: number }>("edgenodeaddress");

export const edgeNodeActions = [
  handle(declareEdgeNode, async ({ group, node, name, labels = {} }, context: DevicesContext, { actor }) => {
    refuseBadName({ group, node });
    const { store, newId } = context;
    const [id, password] = [newId(), newPassword(context)];
    const given = await repeatOnConflict(async () => {
      const named = await nameFor(name, node, store);
      await store.commit(
        ...(await takeAddress({ group, node }, store)),
        newDevice(id, { ...named, labels }, context),
        created(edgeNode, newId(), { device: id, group, node, passwordHash: hashOf(password), author: actor }),
        named.taking,
      );
      return named.name;
    });
    return { device: id, name: given, userName: userNameOf({ group, node }), password };
  }),
  handle(listEdgeNodes, async ({ limit = 50, cursor }, { store, scopes }: DevicesContext, caller) => {
    const reach = scopes.reachOf(caller, listEdgeNodes.permission);
    const page = await pageWithin(store, edgeNode, reach, { index: "address", limit, cursor });
    return { ...page, items: page.items.map(shown) };
  }),
  handle(renewEdgeNode, async ({ device: ref }, context: DevicesContext, { actor }) => {
    const { store, newId } = context;
    const password = newPassword(context);
    return repeatOnConflict(async () => {
      const holder = await resolve(store, device, ref);
      if (holder.state === "retired")
        throw new Problem("conflict", `the device "${holder.name}" is retired; declare the edge node anew`);
      const [row] = (await store.list(edgeNode, { index: "device", prefix: [holder.id], limit: 1 })).items;
      if (row === undefined) throw new Problem("conflict", `the device "${holder.name}" is no Sparkplug edge node`);
      const { group, node } = row;
      await store.commit(
        ...(await addressMoved(row, store)),
        moved(edgeNode, row, "withdraw"),
        created(edgeNode, newId(), { device: holder.id, group, node, passwordHash: hashOf(password), author: actor }),
      );
      return { device: holder.id, name: holder.name, userName: userNameOf(row), password };
    });
  }),
];

const newPassword = ({ random }: DevicesContext): string => Buffer.from(random.bytes(32)).toString("base64url");
/** Neither part holds a slash. */
const userNameOf = ({ group, node }: EdgeNodeName): string => `${group}/${node}`;

function refuseBadName(name: EdgeNodeName): void {
  if (isEdgeNodeName(name)) return;
  const detail =
    'must be what stands in one level of a topic: no "/", "+", "#", nothing that cannot be seen; a group is not called STATE';
  throw new Problem("invalid-input", `group and node: ${detail}`);
}

async function nameFor(wished: string | undefined, node: string, store: Store) {
  if (wished === undefined) return freeNameLike(node, store);
  const taking = await takeName(store, wished);
  if (taking === undefined) throw new Problem("conflict", `there is already a device "${wished}"; choose another name`);
  return { name: wished, taking };
}

/** What must land with the declaration of an edge node. Where a device is that edge node already, that is told. */
async function takeAddress(name: EdgeNodeName, store: Store): Promise<readonly Change[]> {
  const former = await declaredAt(name, store);
  const holder = former && (await store.get(device, former.device));
  if (holder !== undefined && holder.state !== "retired")
    throw new Problem(
      "conflict",
      `the device "${holder.name}" is this edge node; retire it, or give it a new password with "edgemere cpl dm edgenode renew"`,
    );
  return [...(await addressMoved(name, store)), ...(former ? [moved(edgeNode, former, "withdraw")] : [])];
}

async function addressMoved(name: EdgeNodeName, store: Store): Promise<readonly Change[]> {
  const id = hashOf(userNameOf(name));
  const version = (await store.get(takenAddresses, id))?.version ?? 0;
  return [replaced(takenAddresses, { id, version: version + 1 }, version)];
}

/** Who may connect under this name, if anybody. */
export const declaredAt = async ({ group, node }: EdgeNodeName, store: Store): Promise<EdgeNodeRow | undefined> =>
  (await store.list(edgeNode, { index: "address", prefix: [group, node], limit: 1 })).items[0];

const newDevice = (id: string, { name, labels }: Pick<Device, "name" | "labels">, { clock }: DevicesContext): Change =>
  created(
    device,
    id,
    {
      name,
      labels,
      presence: "offline",
      presenceAt: clock.now(),
      sessionEpoch: 0,
      agent: { version: "", bootId: "", capabilities: [], lastExitReason: "", clockOffset: 0 },
      inventory: {},
      certificate: { serial: "", notAfter: 0 },
      machineId: "",
      messageKey: "",
      speaks: "sparkplug",
    },
    "active",
  );

const shown = ({ device: holder, group, node, author, createdAt }: EdgeNodeRow) => ({
  device: holder,
  group,
  node,
  author,
  createdAt,
});
