import { spawn } from "node:child_process";
import { createSocket } from "node:dgram";
import { once } from "node:events";
import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { installed } from "./installed.ts";

/** Debian's collectd, measuring what the agent measures every ten seconds, and sending it unencrypted and unacknowledged. */
interface Collectd extends AsyncDisposable {
  readonly pid: number;
  /** Bytes on the wire so far, headers of UDP and IPv4 with them. */
  readonly bytes: () => number;
}

const HEADERS = 28;
const plugins = "cpu load memory swap df disk interface processes uptime thermal network".split(" ");
/** `EDGEMERE_BENCH_COLLECTD`: a folder in which Debian's package collectd-core was unpacked, for a machine where it is not installed. */
const root = process.env["EDGEMERE_BENCH_COLLECTD"] ?? "/";

/** Undefined where it is not installed. */
export async function startCollectd(folder: string): Promise<Collectd | undefined> {
  const program = await installed("collectd", root === "/" ? undefined : [join(root, "usr/sbin")]);
  if (program === undefined) return undefined;
  const receiver = createSocket("udp4");
  let bytes = 0;
  receiver.on("message", (message) => (bytes += message.length + HEADERS));
  receiver.bind(0, "127.0.0.1");
  await once(receiver, "listening");
  const [base, config] = [join(folder, "collectd"), join(folder, "collectd.conf")];
  await mkdir(base, { recursive: true });
  const lines = [
    `BaseDir "${base}"`,
    `PIDFile "${join(base, "pid")}"`,
    `PluginDir "${join(root, "usr/lib/collectd")}"`,
    `TypesDB "${join(root, "usr/share/collectd/types.db")}"`,
    "Interval 10",
    ...plugins.map((plugin) => `LoadPlugin ${plugin}`),
    `<Plugin network>\n Server "127.0.0.1" "${receiver.address().port}"\n</Plugin>`,
  ];
  await writeFile(config, `${lines.join("\n")}\n`);
  const child = spawn(program, ["-f", "-C", config], { stdio: "ignore" });
  await once(child, "spawn");
  return {
    pid: child.pid ?? 0,
    bytes: () => bytes,
    [Symbol.asyncDispose]: async () => {
      const exited = once(child, "exit");
      child.kill();
      await exited;
      receiver.close();
    },
  };
}
