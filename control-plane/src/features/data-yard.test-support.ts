import { createHash } from "node:crypto";
import { SECOND } from "@edgemere/protocol/kit";
import type { ManualClock } from "@edgemere/protocol/simulated";
import type { OutputOf } from "../platform/action.ts";
import type { Caller } from "../platform/caller.ts";
import { created, updated } from "../platform/change.ts";
import type { Database } from "../platform/database.ts";
import { signer, startTestCore, type CoreContext, type TestCore } from "../platform/core.test-support.ts";
import { dataSource, type DataSource } from "./data-catalogue/contract.ts";
import { dataCatalogue, type DataCatalogueContext } from "./data-catalogue/index.ts";
import {
  dataInstance,
  type explainRequest,
  type DataInstance,
  type DataRequest,
} from "./data-orchestrator/contract.ts";
import { dataOrchestrator, declaredPolicy, type DataOrchestratorContext } from "./data-orchestrator/index.ts";
import { aDevice } from "./device.test-support.ts";
import { certificate } from "./devices/certificate-contract.ts";
import { device } from "./devices/contract.ts";
import { realm } from "./devices/selector-contract.ts";
import { feature } from "../platform/feature.ts";
import { Problem } from "../platform/problem.ts";
import { fetchFile, sendFile } from "./files/contract.ts";
import { files, type FilesContext } from "./files/index.ts";
import { command, type Command } from "./jobs/contract.ts";
import { jobs, type JobsContext } from "./jobs/index.ts";
import { aReport } from "./jobs/jobs.test-support.ts";
import { placementBy, policies, Watch, type PoliciesContext } from "./policies/index.ts";

type Context = CoreContext &
  DataCatalogueContext &
  DataOrchestratorContext &
  FilesContext &
  JobsContext &
  PoliciesContext;

/** What a device of the yard begins with. */
export interface YardDevice {
  readonly site?: string;
  /** What its directory "data" holds: content by name. */
  readonly files?: Readonly<Record<string, string>>;
  /** Whether data may be put there; so unless told otherwise. */
  readonly takes?: boolean;
  /** Whether data may be mounted there; not unless told. */
  readonly mounts?: boolean;
  readonly freeBytes?: number;
  readonly tags?: Readonly<Record<string, string>>;
}

/** A control plane with devices that do with their data what they are asked for, in memory. */
export interface Yard extends TestCore<Context> {
  /** What a device's directory holds; to be changed at will, and seen at its next report. */
  readonly held: ReadonlyMap<string, Map<string, string>>;
  /** What devices show without having it: names, as `device/name`. */
  readonly shown: Set<string>;
  /** Devices that do not answer. */
  readonly deaf: Set<string>;
  /** Bytes that devices sent to the centre and fetched from there. */
  readonly moved: { sent: number; fetched: number };
  /** Every device does what is open for it and reports; again and again while the clock goes on in seconds. */
  pass(seconds: number): Promise<void>;
  setPresence(id: string, presence: "online" | "offline"): Promise<void>;
  find(input: object): Promise<DataRequest>;
  explain(request: string): Promise<OutputOf<typeof explainRequest>>;
  instances(): Promise<readonly DataInstance[]>;
  sources(): Promise<readonly DataSource[]>;
}

const fleet = feature<Context>({ name: "fleet", resources: [device, certificate], realm, actions: [] });
const hashOf = (content: string) => createHash("sha256").update(content).digest();

/** What an earlier control plane left behind, and the directories of the devices that it knew. */
interface Begun {
  readonly database?: Database;
  readonly clock?: ManualClock;
  readonly held?: Yard["held"];
}

export async function startYard(
  devices: Readonly<Record<string, YardDevice>>,
  { database, clock, held: left, ...over }: Pick<Context, "placementPolicy" | "objectStores"> & Begun = {},
): Promise<Yard> {
  const watch = new Watch();
  const world = await startTestCore<Context>({
    ...(database !== undefined && { database }),
    ...(clock !== undefined && { clock }),
    features: [dataCatalogue, dataOrchestrator, jobs, files, policies, fleet],
    context: {
      signer,
      authority: { trustDomain: "fleet.test" },
      approvers: { rule: "auto", hasOther: async () => false, isActive: async () => true },
      files: { room: 1024 ** 3, keep: 3_600 * SECOND },
      watch,
      placementPolicy: placementBy(watch, declaredPolicy),
      ...over,
    },
  });
  const fresh = Object.entries(devices).map(([id, { files: of = {} }]) => [id, new Map(Object.entries(of))] as const);
  const held = left ?? new Map(fresh);
  const deaf = new Set<string>();
  const shown = new Set<string>();
  const moved = { sent: 0, fetched: 0 };
  const reported = new Map<string, string>();
  let reports = 0;

  for (const [id, { site }] of Object.entries(devices)) {
    if ((await world.store.get(device, id)) !== undefined) continue;
    const draft = { device: id, number: 1, keyHash: "", cause: "enrolment" as const, acceptedUntil: 0, wishes: [] };
    const notAfter = world.clock.now() + 400 * 86_400 * SECOND;
    await world.store.commit(
      aDevice(id, { labels: site === undefined ? {} : { site } }),
      created(certificate, `of-${id}`, { ...draft, notAfter }),
    );
  }
  for (const id of Object.keys(devices)) await world.hello(id);

  const bytesIn = (folder = new Map<string, string>()) =>
    [...folder.values()].reduce((sum, each) => sum + each.length, 0);
  const first = new Map(fresh.map(([id, folder]) => [id, bytesIn(folder)]));
  async function report(id: string): Promise<void> {
    const { takes = true, mounts = false, freeBytes = 1_000, tags = {} } = devices[id] ?? {};
    const seen = JSON.stringify([...(held.get(id) ?? [])]);
    // As an agent does: what is as it was is no news.
    if (reported.get(id) === seen) return;
    reported.set(id, seen);
    const items = [...(held.get(id) ?? [])].map(([name, content]) => ({
      name,
      bytes: content.length,
      hash: hashOf(content),
      modifiedAtMs: 1_000,
    }));
    const free = freeBytes + (first.get(id) ?? 0) - bytesIn(held.get(id));
    const head = {
      name: "data",
      path: "/data",
      totalBytes: 10_000,
      freeBytes: Math.max(0, free),
      takesData: takes,
      ...(mounts && { mountFolder: "/mnt/edgemere" }),
      tags,
    };
    await world.report(id, "event", { dataSource: { ...head, parts: 1, report: `r${++reports}`, items } });
  }

  /** What the control plane refuses, and what is not there, is told as the command's end. */
  const refused = (row: Command) => (error: unknown) => {
    if (!(error instanceof Problem)) throw error;
    return world.report(row.device, "result", aReport(row, "failed", { reason: "failed", detail: error.message }));
  };
  async function carryOut(row: Command): Promise<void> {
    const as: Partial<Caller> = {
      actor: `device:${row.device}`,
      session: `of-${row.device}`,
      via: "device",
      permissions: ["file:fetch", "file:send"],
    };
    const given = row.arguments as { readonly path: string; readonly sha256: string };
    const folder = held.get(row.device);
    const content = folder?.get(given.path);
    if (row.kind === "data.get") {
      if (content === undefined || hashOf(content).toString("hex") !== given.sha256)
        throw new Problem("conflict", "it is something else");
      const bytes = Buffer.from(content);
      const sending = { command: row.id, bytes: bytes.length, revision: "1" };
      const piece = { from: 0, content: bytes.toString("base64"), sha256: given.sha256 };
      await world.call(sendFile, { ...sending, ...piece }, as);
      moved.sent += bytes.length;
    }
    if (row.kind === "data.put") {
      const { content: piece } = await world.call(fetchFile, { command: row.id, from: 0, limit: 1_000 }, as);
      const bytes = Buffer.from(piece, "base64");
      moved.fetched += bytes.length;
      folder?.set(given.path, bytes.toString());
    }
    if (row.kind === "data.mount") shown.add(`${row.device}/${given.path}`);
    if (row.kind === "data.drop" && row.arguments["isMounted"] === true) shown.delete(`${row.device}/${given.path}`);
    else if (row.kind === "data.drop" && content !== undefined) {
      if (hashOf(content).toString("hex") !== given.sha256)
        throw new Problem("conflict", "it is something else by now, and stays");
      folder?.delete(given.path);
    }
    await world.report(row.device, "result", aReport(row, "succeeded"));
  }

  async function pass(seconds: number): Promise<void> {
    for (let second = 0; second < seconds; second++) {
      for (const id of held.keys()) {
        if (deaf.has(id)) continue;
        const { items } = await world.store.list(command, { index: "open", prefix: [id] });
        for (const row of items) if (row.state !== "queued") await carryOut(row).catch(refused(row));
        await report(id);
      }
      await world.advance(SECOND);
    }
  }

  for (const id of held.keys()) await report(id);
  await world.advance(SECOND);
  return {
    ...world,
    held,
    shown,
    deaf,
    moved,
    pass,
    setPresence: async (id, presence) => {
      const row = await world.store.get(device, id);
      if (row === undefined) throw new Error(`there is no device ${id}`);
      if (presence === "offline") deaf.add(id);
      else deaf.delete(id);
      await world.store.commit(updated(device, row, { presence }, presence));
      if (presence === "online") await world.hello(id);
      await world.settle();
    },
    find: async (input) => {
      const request = (await world.ask("diml/find", input)) as DataRequest;
      await world.settle();
      return request;
    },
    explain: async (request) =>
      (await world.ask("diml/dml/do/datarequest/explain", { request })) as OutputOf<typeof explainRequest>,
    instances: async () => (await world.store.list(dataInstance, { limit: 10_000 })).items,
    sources: async () => (await world.store.list(dataSource)).items,
  };
}
