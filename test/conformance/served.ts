import { request } from "node:https";
import { join } from "node:path";
import { PassThrough } from "node:stream";
import { features, readConfig, startApp, type AnyAction, type AnyResource, type App } from "@edgemere/control-plane";
import { createClient, type Client } from "@edgemere/control-plane/client";
import { runCommandLine } from "@edgemere/control-plane/command-line";
import { SERVER_NAME } from "@edgemere/protocol";
import { silentLog, systemClock, systemRandom, type Clock } from "@edgemere/protocol/kit";
import { ask, live, type Answer, type Live } from "../world/faces.ts";
import { temporaryFolder } from "../world/temporary-folder.ts";

/** Everything that is declared, in the order of the features. */
export const declaredActions: readonly AnyAction[] = features.flatMap((feature) =>
  feature.actions.map(({ action }) => action),
);
export const declaredResources: readonly AnyResource[] = features.flatMap((feature) => feature.resources);

export interface Ran {
  readonly code: number;
  readonly output: string;
}

/** The whole control plane in this process, and an owner who is signed in. */
export interface Served extends AsyncDisposable {
  readonly app: App;
  /** The owner's credential. */
  readonly token: string;
  readonly client: Client;
  /** Temporary; gone with the rest. */
  readonly folder: string;
  /** Asks REST at a path; without a token as nobody. */
  ask(method: string, path: string, request?: Parameters<typeof ask>[2]): Promise<Answer>;
  /** Asks the devices' own address, as whoever holds the token or as nobody; gives the status. */
  askDevicesDoor(path: string, request?: DoorRequest): Promise<number>;
  live(token: string): Live;
  /** Runs the command line as a script would. */
  type(...words: readonly string[]): Promise<Ran>;
}

interface DoorRequest {
  readonly token?: string;
  /** Sent as JSON, as it is. */
  readonly body?: string;
}

interface Options {
  /** Where the built portal lies. Default: there is none. */
  readonly portalFolder?: string;
  readonly flags?: readonly string[];
}

export async function startServed(
  clock: Clock = systemClock,
  { portalFolder, flags = [] }: Options = {},
): Promise<Served> {
  const temporary = await temporaryFolder("conformance");
  const folder = temporary.path;
  const listeners = ["portal", "mqtt", "device", "subscribers"].flatMap((name) => [
    `--${name}-port=0`,
    `--${name}-host=127.0.0.1`,
  ]);
  const config = readConfig(["--data", join(folder, "data"), "--address", "127.0.0.1", ...listeners, ...flags], {});
  const app = await startApp(config, {
    clock,
    random: systemRandom,
    log: silentLog,
    version: "0.0.0",
    portalFolder: portalFolder ?? folder,
  });
  const baseUrl = app.address;
  const account = { code: app.setupCode ?? "", name: "olga", password: "a long enough password" };
  const { token = "" } = await createClient({ baseUrl }).call("ia/setup", account);

  return {
    app,
    token,
    folder,
    client: createClient({ baseUrl, token }),
    ask: (method, path, request) => ask(`${baseUrl}/${path}`, method, request),
    askDevicesDoor: (path, request) => askDevicesDoor(app, path, request),
    live: (credential) => live(baseUrl, credential),
    type: (...words) =>
      typed(words, { EDGEMERE_SERVER: baseUrl, EDGEMERE_TOKEN: token, XDG_CONFIG_HOME: join(folder, "config") }),
    [Symbol.asyncDispose]: async () => {
      await app[Symbol.asyncDispose]();
      await temporary[Symbol.asyncDispose]();
    },
  };
}

function askDevicesDoor({ ports, root }: App, path: string, { token, body }: DoorRequest = {}): Promise<number> {
  const headers = {
    ...(body !== undefined && { "content-type": "application/json" }),
    ...(token !== undefined && { authorization: `Bearer ${token}` }),
  };
  const where = {
    host: "127.0.0.1",
    port: ports.deviceApi,
    path: `/edgemere/${path}`,
    ca: root,
    servername: SERVER_NAME,
  };
  return new Promise((resolve, reject) => {
    const asked = request({ ...where, method: "POST", agent: false, headers }, (answer) => {
      answer.resume();
      resolve(answer.statusCode ?? 0);
    });
    asked.on("error", reject);
    asked.end(body);
  });
}

async function typed(words: readonly string[], environment: Readonly<Record<string, string>>): Promise<Ran> {
  const stdin = new PassThrough();
  const output = new PassThrough();
  stdin.end();
  const interrupted = new AbortController().signal;
  const code = await runCommandLine(words, { stdin, stdout: output, stderr: output, environment, interrupted });
  return { code, output: String((output.read() as Buffer | null) ?? "") };
}
