import { handle } from "../../platform/action.ts";
import type { Caller } from "../../platform/caller.ts";
import { created, moved } from "../../platform/change.ts";
import { pageOf } from "../../platform/pages.ts";
import { Problem } from "../../platform/problem.ts";
import { resolve } from "../../platform/reference.ts";
import { device } from "../devices/contract.ts";
import { file } from "../files/contract.ts";
import * as contract from "./contract.ts";
import type { ReleasesContext } from "./context.ts";
import { openedRelease, signatureNow } from "./signature.ts";

const { release } = contract;
/** Devices that are named of those that run a release. */
const NAMED = 5;

export const releaseActions = [
  handle(contract.publishRelease, async ({ release: given }, context: ReleasesContext, { actor }) => {
    const { store, clock, newId, keys } = context;
    const opened = openedRelease(given, keys.trust);
    if (typeof opened === "string") throw refused(`devices would not believe it: ${opened}`);
    const { version: name, bytes, unpackedBytes, leastNode, mayGoBack } = opened;
    if (opened.expiresAtMs !== 0 && opened.expiresAtMs <= clock.now())
      throw refused(`${name} was signed to be taken no more by now; sign it again`);
    const sha256 = Buffer.from(opened.sha256).toString("hex");
    if ((await archiveOf(sha256, context)) === "gone")
      throw new Problem(
        "conflict",
        `the archive with the SHA-256 ${sha256} is not among the files: edgemere release upload brings both`,
      );
    const known = (await store.list(release, { index: "name", prefix: [name], limit: 1 })).items[0];
    if (known?.signed === given.trim()) return shown(known, context);
    if (known !== undefined)
      throw new Problem("conflict", `there is a release ${name} already; withdraw it, or sign another version`);
    const id = newId();
    await store.commit(
      created(release, id, {
        name,
        sha256,
        bytes,
        unpackedBytes,
        leastNode,
        mayGoBack,
        issuedAt: opened.issuedAtMs,
        expiresAt: opened.expiresAtMs,
        signed: given.trim(),
        author: actor,
      }),
    );
    return shown(await resolve(store, release, id), context);
  }),
  handle(contract.findRelease, async ({ release: ref }, context: ReleasesContext) =>
    shown(await resolve(context.store, release, ref), context),
  ),
  handle(contract.listReleases, async ({ state: states, limit = 50, cursor }, context: ReleasesContext, caller) => {
    const page = await pageOf(context.store, release, { index: "listed", states, limit, cursor, reverse: true });
    const running = await runningOf(
      page.items.map(({ name }) => name),
      caller,
      context,
    );
    const items = page.items.map(async (row) => {
      const names = running.get(row.name) ?? [];
      return { ...(await shown(row, context)), devices: names.length, examples: names.slice(0, NAMED) };
    });
    return { ...page, items: await Promise.all(items) };
  }),
  handle(contract.withdrawRelease, async ({ release: ref }, context: ReleasesContext) => {
    const row = await resolve(context.store, release, ref);
    await context.store.commit(moved(release, row, "withdraw"));
    return shown(await resolve(context.store, release, row.id), context);
  }),
];

const refused = (detail: string) => new Problem("invalid-input", detail, { errors: [{ pointer: "/release", detail }] });

const shown = async (row: contract.ReleaseRow, context: ReleasesContext) => ({
  ...row,
  signature: signatureNow(row, context.keys.trust, context.clock.now()),
  archive: await archiveOf(row.sha256, context),
});

async function archiveOf(sha256: string, { store }: ReleasesContext): Promise<"here" | "gone"> {
  const { items } = await store.list(file, { index: "hash", prefix: [sha256], limit: 1 });
  return items.length > 0 ? "here" : "gone";
}

/** The names of devices that run each of some versions, of those that the caller may see. */
async function runningOf(versions: readonly string[], caller: Caller, { store, scopes }: ReleasesContext) {
  const reach = scopes.reachOf(caller, contract.listReleases.permission);
  const names = new Map<string, string[]>(versions.map((version) => [version, []]));
  for await (const row of store.scan(device))
    if (row.state !== "retired" && reach.coversRow(row)) names.get(row.agent.version)?.push(row.name);
  return names;
}
