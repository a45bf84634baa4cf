import { createHash } from "node:crypto";
import { DAY } from "@edgemere/protocol/kit";
import type { Caller } from "../../platform/caller.ts";
import { created } from "../../platform/change.ts";
import { signer, startTestCore, type CoreContext, type TestCore } from "../../platform/core.test-support.ts";
import { feature } from "../../platform/feature.ts";
import { aDevice } from "../device.test-support.ts";
import { certificate } from "../devices/certificate-contract.ts";
import { device } from "../devices/contract.ts";
import { realm } from "../devices/selector-contract.ts";
import { command } from "../jobs/contract.ts";
import { createFile, finishFile, PIECE_BYTES, writeFile, type FileRow } from "./contract.ts";
import { files, type FilesContext } from "./index.ts";

type Context = CoreContext & FilesContext;
export type World = TestCore<Context>;

const MiB = 1024 ** 2;
const fleet = feature<Context>({ name: "fleet", resources: [device, certificate, command], realm, actions: [] });

/** The feature with two devices, d1 in Berlin and d2 in Ulm, each with a certificate that is named after it, and room for 8 MiB. */
export async function startFiles(): Promise<World> {
  const world = await startTestCore<Context>({
    features: [files, fleet],
    context: { files: { room: 8 * MiB, keep: 30 * DAY }, signer, authority: { trustDomain: "fleet.test" } },
  });
  const sites = { d1: "berlin", d2: "ulm" };
  for (const [id, site] of Object.entries(sites)) {
    const draft = {
      device: id,
      number: 1,
      notAfter: world.clock.now() + 400 * DAY,
      keyHash: "",
      cause: "enrolment" as const,
    };
    await world.store.commit(
      aDevice(id, { labels: { site } }),
      created(certificate, `of-${id}`, { ...draft, acceptedUntil: 0, wishes: [] }),
    );
  }
  return world;
}

/** A device that shows its certificate. */
export const asDevice = (id: string): Partial<Caller> => ({
  actor: `device:${id}`,
  session: `of-${id}`,
  via: "device",
  permissions: ["file:fetch", "file:send"],
});

/** A command that one device has and that has not ended. */
export const aCommand = (world: Pick<World, "store" | "clock">, id: string, kind: string, given: object, of = "d1") =>
  world.store.commit(
    created(
      command,
      id,
      {
        job: `job-${id}`,
        device: of,
        kind: kind as "ping",
        arguments: { ...given },
        sequence: 1,
        author: "user:alice",
        expiresAt: world.clock.now() + DAY,
        runTimeout: DAY,
        cancelRequested: false,
        reason: "",
        detail: "",
        outputBytes: 0,
        generation: 1,
      },
      "running",
    ),
  );

export const sha256Of = (bytes: Uint8Array): string => createHash("sha256").update(bytes).digest("hex");

/** Some bytes, each unlike its neighbours. */
export const someBytes = (length: number): Buffer => Buffer.from(Array.from({ length }, (_, i) => (i * 7_919) >> 5));

/** Uploads a whole file, as people do. */
export async function upload(
  world: Pick<World, "call">,
  bytes: Buffer,
  over: { name?: string; device?: string } = {},
): Promise<FileRow> {
  const { id } = await world.call(createFile, { name: "a.bin", bytes: bytes.length, ...over });
  for (let from = 0; from < bytes.length; from += PIECE_BYTES)
    await world.call(writeFile, {
      file: id,
      from,
      content: bytes.subarray(from, from + PIECE_BYTES).toString("base64"),
    });
  return world.call(finishFile, { file: id, sha256: sha256Of(bytes) });
}
