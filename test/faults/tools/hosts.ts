import { writeFile } from "node:fs/promises";
import { createConnection, createServer, type AddressInfo } from "node:net";
import { join } from "node:path";
import type { Launch } from "../../world/program.ts";
import { Program } from "../../world/program.ts";
import { command } from "./command.ts";
import { ownName, sweep } from "./leftovers.ts";

/** A host of its own: a network namespace. */
export interface Host {
  readonly address: string;
  readonly launch: Launch;
  /** Runs a program on it. */
  run(...words: readonly string[]): Promise<string>;
  /** Rules for what comes in, and for what goes out, in the words of nft; replaces the former ones. */
  filter(rules: { readonly incoming?: readonly string[]; readonly outgoing?: readonly string[] }): Promise<void>;
}

export interface Hosts extends AsyncDisposable {
  readonly centre: Host;
  readonly edge: Host;
  /** Pulls the cable between them, or puts it back. */
  link(state: "up" | "down"): Promise<void>;
  /** The way from this process to a port on the centre's own loopback. */
  readonly door: (port: number) => Promise<number>;
}

const addresses = { centre: "10.77.0.1", edge: "10.77.0.2" } as const;

/** Two hosts with a cable between them. Nothing of this machine's own network is touched. */
export async function twoHosts(folder: string): Promise<Hosts> {
  await sweep();
  const names = { centre: ownName(), edge: ownName() };
  const doors: AsyncDisposable[] = [];
  const dispose = async () => {
    for (const each of doors) await each[Symbol.asyncDispose]();
    for (const name of Object.values(names)) await command("ip", "netns", "delete", name).catch(() => {});
  };
  try {
    for (const name of Object.values(names)) await command("ip", "netns", "add", name);
    await command(
      "ip",
      "-n",
      names.centre,
      "link",
      "add",
      "eth0",
      "type",
      "veth",
      "peer",
      "name",
      "eth0",
      "netns",
      names.edge,
    );
    for (const [role, name] of Object.entries(names) as ["centre" | "edge", string][]) {
      await command("ip", "-n", name, "addr", "add", `${addresses[role]}/24`, "dev", "eth0");
      for (const device of ["lo", "eth0"]) await command("ip", "-n", name, "link", "set", device, "up");
    }
  } catch (error) {
    await dispose();
    throw error;
  }
  const hostOf = (role: "centre" | "edge") => host(names[role], addresses[role], folder);
  return {
    centre: hostOf("centre"),
    edge: hostOf("edge"),
    link: async (state) => void (await command("ip", "-n", names.edge, "link", "set", "eth0", state)),
    door: async (port) => {
      const made = await door(hostOf("centre"), join(folder, "door"), port);
      doors.push(made);
      return made.port;
    },
    [Symbol.asyncDispose]: dispose,
  };
}

function host(name: string, address: string, folder: string): Host {
  const under = ["ip", "netns", "exec", name];
  return {
    address,
    launch: { under },
    run: (...words) => command("ip", ...under.slice(1), ...words),
    filter: async ({ incoming = [], outgoing = [] }) => {
      // The loopback is the way to the portal.
      const chain = (hook: string, own: string, rules: readonly string[]) =>
        [`chain ${hook} {`, `type filter hook ${hook} priority 0`, `${own} lo accept`, ...rules, "}"].join("\n");
      const file = join(folder, `${name}.nft`);
      const rules = [
        "table inet fault",
        "delete table inet fault",
        "table inet fault {",
        chain("input", "iifname", incoming),
        chain("output", "oifname", outgoing),
        "}\n",
      ].join("\n");
      await writeFile(file, rules);
      await command("ip", ...under.slice(1), "nft", "-f", file);
    },
  };
}

/** A path of the file system leads into every namespace: through a socket there goes the way in. */
async function door(host: Host, path: string, port: number): Promise<AsyncDisposable & { readonly port: number }> {
  const inside = new Program({
    script: "test/dist/faults/tools/door-program.js",
    args: [path, String(port)],
    launch: host.launch,
  });
  await inside.message("ready");
  const outside = createServer((socket) => {
    const onward = createConnection(path);
    socket.pipe(onward).pipe(socket);
    for (const [one, other] of [
      [socket, onward],
      [onward, socket],
    ] as const) {
      one.on("error", () => other.destroy());
      one.on("close", () => other.destroy());
    }
  });
  await new Promise<void>((resolve) => outside.listen(0, "127.0.0.1", resolve));
  return {
    port: (outside.address() as AddressInfo).port,
    [Symbol.asyncDispose]: async () => {
      outside.close();
      await inside.kill();
    },
  };
}
