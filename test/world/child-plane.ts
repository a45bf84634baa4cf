import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { startWorld, type World } from "./world.ts";

/** A control plane that reports to another one, and is not declared there yet. */
export async function startChildOf(parent: World, name: string, devices: number) {
  const made = await parent.client.call("ia/token/create", { name, permissions: ["telemetry:report"] });
  const file = join(parent.folder, `${name}-token`);
  await writeFile(file, `Bearer ${made.token}\n`, { mode: 0o600 });
  const flags = ["--parent", parent.baseUrl, "--parent-authorization", file, "--parent-every", "1s"];
  const world = await startWorld({
    devices,
    labels: { site: name },
    controlPlane: { flags: [...flags, "--windows-every", "10s"] },
  });
  const { origin } = await world.client.call("cpl/ta/parent/find", {});
  return { world, origin, reporter: made.id };
}
