import { randomUUID } from "node:crypto";
import { join } from "node:path";
import { createClient, type Client } from "@edgemere/control-plane/client";
import { watchEvents } from "@edgemere/control-plane/events";
import { simulateFleet, type Fleet, type FleetOptions, type SimulatedDevice } from "@edgemere/simulators";
import { AgentProgram, type AgentOptions } from "./agent-program.ts";
import { ControlPlaneProgram, type ControlPlaneOptions } from "./control-plane-program.ts";
import { temporaryFolder } from "./temporary-folder.ts";

export const owner = { name: "olga", password: "a long enough password" };

interface Options extends Partial<Omit<FleetOptions, "token" | "dataFolder">> {
  /** Simulated devices that are enrolled and run when the world is handed out. */
  readonly devices?: number;
  /** How the control plane is started, when not as usual. */
  readonly controlPlane?: ControlPlaneOptions & { readonly dataFolder?: string };
  /** The way to its portal, when that listens where this process cannot reach it: gives a port here for a port there. */
  readonly door?: (port: number) => Promise<number>;
}

/** A real control plane in a process of its own, an owner who is signed in, and devices. Ends with the test that made it. */
export interface World extends AsyncDisposable {
  readonly controlPlane: ControlPlaneProgram;
  readonly baseUrl: string;
  /** The owner's credential. */
  readonly token: string;
  /** Asks as the owner. */
  readonly client: Client;
  /** Real agents on fake hosts, in this process. */
  readonly devices: readonly SimulatedDevice[];
  /** Temporary; gone with the world. */
  readonly folder: string;
  /** Starts a real agent on this machine in a process of its own. */
  enrolAgent(name: string, flags?: readonly string[], options?: Partial<AgentOptions>): Promise<AgentProgram>;
  /** Events after a number, from the live channel. */
  events(types: readonly string[], after?: number, signal?: AbortSignal): AsyncGenerator<WatchedEvent>;
}

export type WatchedEvent = ReturnType<typeof watchEvents> extends AsyncGenerator<infer E> ? E : never;

export async function startWorld({ devices = 0, door, ...options }: Options = {}): Promise<World> {
  const { controlPlane: controlPlaneOptions, ...fleetOptions } = options;
  const temporary = await temporaryFolder("world");
  const folder = temporary.path;
  const controlPlane = new ControlPlaneProgram(
    controlPlaneOptions?.dataFolder ?? join(folder, "control-plane"),
    controlPlaneOptions,
  );
  const open: AsyncDisposable[] = [temporary, controlPlane];
  const close = async () => {
    for (const each of open.toReversed()) await each[Symbol.asyncDispose]();
  };
  try {
    const { ports, setupCode = "" } = await controlPlane.start();
    const baseUrl = `http://127.0.0.1:${door === undefined ? ports.portal : await door(ports.portal)}`;
    const session = await createClient({ baseUrl }).call("ia/setup", { code: setupCode, ...owner });
    const token = session.token ?? "";
    const client = createClient({ baseUrl, token, newKey: randomUUID });
    const fleet = await startFleet(client, folder, devices, fleetOptions);
    if (fleet) open.push(fleet);

    return {
      controlPlane,
      baseUrl,
      token,
      client,
      folder,
      devices: fleet?.devices ?? [],
      enrolAgent: async (name, flags = [], agentOptions = {}) => {
        const agent = new AgentProgram({ dataFolder: join(folder, name), flags, ...agentOptions });
        open.push(agent);
        agent.enrol(await controlPlane.enrolmentToken(), name);
        await eventually(async () => {
          const found = await client.call("cpl/dm/device/find", { device: name });
          return found.presence === "online" ? found : undefined;
        }, `the agent ${name} to come online`).catch((error: unknown) => {
          throw new Error(`the agent ${name} did not come online; it said:\n${agent.output}`, { cause: error });
        });
        return agent;
      },
      events: (types, after, signal) => watchEvents({ baseUrl, token, types, after, signal }),
      [Symbol.asyncDispose]: close,
    };
  } catch (error) {
    await close();
    throw error;
  }
}

async function startFleet(
  client: Client,
  folder: string,
  devices: number,
  options: Partial<FleetOptions>,
): Promise<Fleet | undefined> {
  if (devices === 0) return undefined;
  const { token } = await client.call("cpl/dm/token/create", {
    uses: devices,
    hostLabels: Object.keys(options.labels ?? {}),
  });
  return simulateFleet({
    config: { sampleEvery: 200, reportEvery: 400, dataEvery: 1_000 },
    ...options,
    devices,
    token,
    dataFolder: join(folder, "fleet"),
  });
}

const PATIENCE = 120_000;
const LOOKED_EVERY = 50;

/**
 * Looks again and again until there is something to see, and gives it: for what happens in other processes, where no
 * event can be waited for. A refusal while looking counts as "not yet". How long it takes never decides a test.
 */
export async function eventually<T>(
  look: () => Promise<T | undefined | false>,
  what: string,
  patience = PATIENCE,
): Promise<T> {
  const giveUpAt = performance.now() + patience;
  let last: unknown;
  while (performance.now() < giveUpAt) {
    const seen = await look().catch((error: unknown) => {
      last = error;
      return undefined;
    });
    if (seen !== undefined && seen !== false) return seen;
    await new Promise((resolve) => setTimeout(resolve, LOOKED_EVERY));
  }
  throw new Error(`waited in vain for ${what}${last instanceof Error ? `: ${last.message}` : ""}`, { cause: last });
}
