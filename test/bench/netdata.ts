import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdir, writeFile } from "node:fs/promises";
import { createServer, type AddressInfo, type Socket } from "node:net";
import { join } from "node:path";
import { installed } from "./installed.ts";

/** Debian's netdata, measuring what the agent measures every ten seconds, and sending its averages over TCP, unencrypted and unacknowledged. */
interface Netdata extends AsyncDisposable {
  readonly pid: number;
  /** Where it sends; `wireUse` tells how much. */
  readonly port: number;
}

// Its programs and collectors for what the agent does not measure.
const without =
  "apps cgroups tc idlejitter python.d go.d charts.d node.d fping ioping ebpf perf nfacct slabinfo freeipmi cups xenstat timex statsd enable running new plugins".split(
    " ",
  );
const charts =
  "system.cpu system.load system.ram system.swap disk.* disk_* net.* net_* system.processes system.uptime system.*pressure*";

/** Undefined where it is not installed. */
export async function startNetdata(folder: string): Promise<Netdata | undefined> {
  const program = await installed("netdata");
  if (program === undefined) return undefined;
  const sockets = new Set<Socket>();
  const receiver = createServer((socket) => {
    sockets.add(socket);
    socket.on("error", () => {}).resume();
  });
  receiver.listen(0, "127.0.0.1");
  await once(receiver, "listening");
  const { port } = receiver.address() as AddressInfo;
  const base = join(folder, "netdata");
  for (const name of ["config", "cache", "lib", "log"]) await mkdir(join(base, name), { recursive: true });
  const lines = [
    `[global]\n run as user = root\n update every = 10`,
    `[directories]\n config = ${join(base, "config")}\n stock config = ${join(base, "config")}\n cache = ${join(base, "cache")}\n lib = ${join(base, "lib")}\n log = ${join(base, "log")}`,
    `[db]\n mode = ram\n retention = 360`,
    `[web]\n mode = none`,
    `[health]\n enabled = no`,
    `[ml]\n enabled = no`,
    `[plugins]\n${without.map((name) => ` ${name} = no`).join("\n")}`,
  ];
  const config = join(base, "netdata.conf");
  await writeFile(config, `${lines.join("\n")}\n`);
  const exporting = `[exporting:global]\n enabled = yes\n[graphite:bench]\n enabled = yes\n destination = 127.0.0.1:${port}\n update every = 10\n send charts matching = ${charts}\n`;
  await writeFile(join(base, "config", "exporting.conf"), exporting);
  const child = spawn(program, ["-D", "-c", config, "-P", join(base, "pid")], { stdio: "ignore" });
  await once(child, "spawn");
  return {
    pid: child.pid ?? 0,
    port,
    [Symbol.asyncDispose]: async () => {
      const exited = once(child, "exit");
      child.kill();
      await exited;
      for (const socket of sockets) socket.destroy();
      receiver.close();
    },
  };
}
