import { join } from "node:path";
import { formatToken, parseToken } from "@edgemere/protocol";
import { SECOND } from "@edgemere/protocol/kit";
import { seededRandom } from "@edgemere/protocol/simulated";
import { simulateFleet, type Fleet, type SimulatedDevice } from "@edgemere/simulators";
import { ChaosProxy } from "../faults/tools/chaos-proxy.ts";
import { freePort } from "./free-ports.ts";
import { sha256Of } from "./files.ts";
import { eventually, type World } from "./world.ts";

const FOLDER = "/srv/data";
/** What fifty devices may take, milliseconds, beside the line. */
const BESIDE_LINE = 300_000;
/** The line carries more than the content, and nothing while who fetches puts together what came. */
const LINE_FACTOR = 2;

interface Options {
  readonly devices: number;
  /** Whether they give data to each other. */
  readonly isShared: boolean;
  /** What the site's line to the device API carries, each way; no end when absent. */
  readonly bytesPerSecond?: number;
}

/** Real agents on fake hosts of one site, behind one line to the control plane's device API, and another one elsewhere that has data. */
export interface Site extends AsyncDisposable {
  readonly line: ChaosProxy;
  readonly devices: readonly SimulatedDevice[];
  /** Brings content to every device of the site; gives the bytes that went over the line for it, both ways. */
  bring(name: string, content: Uint8Array): Promise<number>;
}

export async function startSite(world: World, { devices: count, isShared, bytesPerSecond }: Options): Promise<Site> {
  const { client, folder } = world;
  const open: AsyncDisposable[] = [];
  const near = { host: "127.0.0.1", port: await freePort() };
  const { token } = await client.call("cpl/dm/token/create", { uses: count + 1, hostLabels: [] });
  const { port } = new URL(parseToken(token).server);
  const line = await ChaosProxy.listen(near, { host: "127.0.0.1", port: Number(port) }, seededRandom(1));
  open.push(line);
  const overLine = formatToken({ ...parseToken(token), server: `https://127.0.0.1:${near.port}` });
  const site = isShared ? "sharing" : "alone";
  let seed = isShared ? 1_000 : 2_000;
  const sources = [{ name: "data", path: FOLDER, takesData: true }];
  const fleetOf = async (prefix: string, over: object, by: string): Promise<Fleet> => {
    const dataFolder = join(folder, `${site}-${prefix}`);
    const config = { dataEvery: 1_000, sources, ...over };
    const name = `${site}-${prefix}`;
    // Two hosts of one seed are one machine.
    seed += 1;
    const fleet = await simulateFleet({ devices: 1, prefix: name, seed, config, token: by, dataFolder });
    open.push(fleet);
    for (const { host } of fleet.devices) host.files.makeDirectory(FOLDER);
    return fleet;
  };
  const [origin] = (await fleetOf("origin", {}, token)).devices;
  const devices: SimulatedDevice[] = [];
  for (let i = 0; i < count; i++) {
    const own = await freePort();
    const address = { host: "127.0.0.1", port: own, text: `127.0.0.1:${own}` };
    const neighbours = { address, bytesPerSecond: 1024 ** 3 };
    devices.push(...(await fleetOf(String(i), isShared ? { neighbours } : {}, overLine)).devices);
  }
  for (const { name } of devices) await client.call("cpl/dm/device/label", { device: name, set: { site } });
  const patienceFor = (bytes: number) =>
    BESIDE_LINE + (bytesPerSecond === undefined ? 0 : (LINE_FACTOR * bytes * SECOND) / bytesPerSecond);
  line.weather = { isOneLine: true, ...(bytesPerSecond !== undefined && { bytesPerSecond }) };

  return {
    line,
    devices,
    bring: async (name, content) => {
      origin?.host.files.put({ directory: FOLDER, name }, content);
      const hash = sha256Of(Buffer.from(content));
      const isKnown = async () => {
        const { items } = await client.call("diml/dml/fmdm/query", { expression: `name:${name}` });
        return items.some((each) => each.hash === hash);
      };
      await eventually(isKnown, "the catalogue to know the data");
      const wanted = { query: `name:${name}`, where: `site=${site}`, copies: count };
      const isPossible = async () => (await client.call("diml/plan", wanted)).refusal === "";
      await eventually(isPossible, "all devices to take the data");
      const before = line.bytes;
      const request = `${site}-${hash.slice(0, 8)}`;
      await client.call("diml/find", { ...wanted, name: request });
      await eventually(
        async () => {
          const { request: row, instances } = await client.call("diml/dml/do/datarequest/explain", { request });
          const isReady = instances.length === count && instances.every(({ state }) => state === "ready");
          // Before it is satisfied, a newer version makes it fail, and take back what it brought.
          return isReady && row.state === "satisfied";
        },
        "every device to have the data",
        patienceFor(content.length),
      );
      const used = line.bytes - before;
      for (const { host, name: of } of devices) {
        const copy = host.files.contentOf({ directory: FOLDER, name: `${hash.slice(0, 16)}-${name}` });
        if (copy === undefined || sha256Of(Buffer.from(copy)) !== hash) throw new Error(`${of} has another content`);
      }
      return used;
    },
    [Symbol.asyncDispose]: async () => {
      for (const each of open.toReversed()) await each[Symbol.asyncDispose]();
    },
  };
}
