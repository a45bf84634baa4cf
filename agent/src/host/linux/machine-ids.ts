import { createHash } from "node:crypto";
import { readFile } from "node:fs/promises";
import { hostname, networkInterfaces } from "node:os";

/** The kernel's own id of this boot. */
export async function bootId(): Promise<string> {
  return (await readFile("/proc/sys/kernel/random/boot_id", "utf8")).trim();
}

/** The id made when the system was installed; where there is none, one made of the network hardware's addresses. */
export async function machineId(): Promise<string> {
  for (const path of ["/etc/machine-id", "/var/lib/dbus/machine-id"]) {
    const text = (await readFile(path, "utf8").catch(() => "")).trim();
    // systemd writes "uninitialized" into an image that has not been started yet.
    if (/^[0-9a-f]{32}$/.test(text)) return text;
  }
  const addresses = Object.values(networkInterfaces())
    .flatMap((each) => each ?? [])
    .filter((each) => !each.internal)
    .map((each) => each.mac)
    .sort();
  return createHash("sha256")
    .update([hostname(), ...addresses].join("\n"))
    .digest("hex")
    .slice(0, 32);
}
