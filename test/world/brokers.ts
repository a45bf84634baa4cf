import { spawn, spawnSync, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";

const shipped = join(import.meta.dirname, "../../../deploy/mosquitto");
// Debian installs them where only administrators look.
const env = { ...process.env, PATH: `${process.env["PATH"] ?? ""}:/usr/sbin` };
const missing = (program: string): string | false =>
  spawnSync(program, ["-h"], { env }).error === undefined ? false : `${program} is not installed`;

const [MOSQUITTO, NATS] = ["mosquitto", "nats-server"] as const;
/** Why tests of one are skipped; false when it is there. */
export const noMosquitto = missing(MOSQUITTO);
export const noNats = missing(NATS);

/** Somebody else's broker in a process of its own, which can be killed and started again. */
export interface ForeignBroker extends AsyncDisposable {
  readonly output: string;
  readonly pid: number;
  signal(name: NodeJS.Signals): void;
  kill(): Promise<void>;
}

export interface MosquittoSetting {
  readonly accessRules?: string;
  /** It keeps what it knows of its clients over its own end; as we ship it, it keeps nothing. */
  readonly keeps?: boolean;
}

/** Mosquitto with the configuration that we ship. Its folder holds its certificate. */
export async function startMosquitto(
  folder: string,
  port: number,
  { accessRules, keeps = false }: MosquittoSetting = {},
): Promise<ForeignBroker> {
  const own = join(folder, "mosquitto.conf");
  const text = await readFile(join(shipped, "mosquitto.conf"), "utf8");
  const here = text
    .replaceAll("/etc/mosquitto/edgemere", folder)
    .replace("listener 8883", `listener ${port} 127.0.0.1`)
    .replace(
      "persistence false",
      keeps ? `persistence true\npersistence_location ${folder}/\nautosave_interval 1` : "persistence false",
    );
  // Started by root it would become a user who may not read a test's folder.
  await writeFile(own, `${here}\nuser root\n`);
  await writeFile(join(folder, "acl"), accessRules ?? (await shippedRules()), { mode: 0o600 });
  return started(MOSQUITTO, ["-v", "-c", own], / running$/m);
}

export const shippedRules = (): Promise<string> => readFile(join(shipped, "acl"), "utf8");

export interface NatsSetting {
  /** What devices may do besides speaking; to hear themselves is for those that are none. */
  readonly lets?: "hear" | "only speak" | "hear itself";
  /** Where JetStream keeps what it keeps; in the folder of the certificate when absent. */
  readonly store?: string;
}

/** NATS as a broker of MQTT: it knows users by their certificates, and each device must be one of them. */
export async function startNats(
  folder: string,
  port: number,
  devices: readonly string[],
  { lets = "hear", store = join(folder, "nats") }: NatsSetting = {},
): Promise<ForeignBroker> {
  const user = (name: string, speaks: string, hears: string) =>
    `{ user: "CN=${name}", permissions: { publish: ["${speaks}", "$MQTT.>"], subscribe: ["${hears}", "$MQTT.>", "_INBOX.>"] } }`;
  const users = [
    user("control-plane", "edgemere.v1.*.down.*", "edgemere.v1.*.up.*"),
    ...devices.map((id) => {
      const hears = {
        hear: `edgemere.v1.${id}.down.*`,
        "hear itself": `edgemere.v1.${id}.up.*`,
        "only speak": "nothing",
      };
      return user(id, `edgemere.v1.${id}.up.*`, hears[lets]);
    }),
  ];
  const file = (name: string) => JSON.stringify(join(folder, name));
  const own = join(folder, "nats.conf");
  await writeFile(
    own,
    `server_name: edgemere
listen: "127.0.0.1:-1"
jetstream { store_dir: ${JSON.stringify(store)} }
mqtt {
  listen: "127.0.0.1:${port}"
  tls { cert_file: ${file("broker.pem")}, key_file: ${file("broker.key")}, ca_file: ${file("root.pem")}, verify_and_map: true }
}
authorization { users = [ ${users.join(", ")} ] }
`,
  );
  return started(NATS, ["-c", own], /Server is ready/);
}

/** Resolves when it has written that it is ready; rejects with all that it wrote when it ends before. */
async function started(program: string, args: readonly string[], ready: RegExp): Promise<ForeignBroker> {
  const child: ChildProcess = spawn(program, args, { env, stdio: ["ignore", "ignore", "pipe"] });
  const ended = once(child, "close");
  let output = "";
  await new Promise<void>((resolve, reject) => {
    child.stderr?.setEncoding("utf8").on("data", (written: string) => {
      output += written;
      if (ready.test(output)) resolve();
    });
    void ended.then(() => reject(new Error(`${program} ended:\n${output}`)));
  });
  const kill = async () => {
    child.kill("SIGKILL");
    await ended;
  };
  return {
    get output() {
      return output;
    },
    pid: child.pid ?? 0,
    signal: (name) => void child.kill(name),
    kill,
    [Symbol.asyncDispose]: kill,
  };
}
