import assert from "node:assert/strict";
import { join } from "node:path";
import type { Client } from "@edgemere/control-plane/client";
import { Program } from "../world/program.ts";
import { eventually } from "../world/world.ts";

/** Makes a backup, as an operator does; gives its file. */
export async function backedUp(client: Client): Promise<string> {
  const { id: backup } = await client.call("ops/backup/create", {});
  const { folder, file } = await eventually(async () => {
    const found = await client.call("ops/backup/find", { backup });
    return found.backup.state === "ready" && found;
  }, "the backup to be made");
  return join(folder, file);
}

/** Puts a backup in place of what a folder holds. */
export async function restoredFrom(file: string, dataFolder: string): Promise<void> {
  const program = restoring(file, dataFolder);
  assert.equal(await program.ended(), 0, program.output);
}

export const restoring = (file: string, dataFolder: string): Program =>
  new Program({
    script: "control-plane/bin/edgemere-control-plane.js",
    args: ["restore", file, "--data", dataFolder, "--force"],
  });
