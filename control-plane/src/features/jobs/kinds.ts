import { createHash } from "node:crypto";
import { type TObject, Type } from "@sinclair/typebox";
import { limits, type CommandKind } from "@edgemere/protocol";
import { SECOND } from "@edgemere/protocol/kit";
import { logArguments, logOnWire } from "./log-arguments.ts";
import { packArguments } from "./pack-arguments.ts";
import { networkChange, networkOnWire, networkWrong } from "./network-arguments.ts";
import { configureArguments, configureOnWire } from "./configure-arguments.ts";
import { fileGetArguments, fileListArguments, filePutArguments, filePutOnWire } from "./file-arguments.ts";
import { dataKinds } from "./data-kinds.ts";
import { upgradeArguments, upgradeOnWire, upgradeWrong } from "./upgrade-arguments.ts";
import { packageComing, packagesOnWire, packageWork, somePackages } from "./package-arguments.ts";

type Given = Readonly<Record<string, unknown>>;

interface KindDeclaration {
  readonly summary: string;
  /** Needed beside `job:create`. */
  readonly permission: string;
  readonly arguments: TObject;
  /** Seconds that one may run where nobody says otherwise; 300 when absent. What it waits for may be slow, or a person. */
  readonly runTimeout?: number;
  /** What is wrong with arguments that fit the schema. */
  readonly check?: (given: Given) => { readonly field: string; readonly detail: string } | undefined;
  /** The arguments as their message has them, where that is not the same. */
  readonly onWire?: (given: Given) => Given;
}

const RUN_TIMEOUT = 300;
const [HOUR, FOUR_HOURS, DAY] = [3_600, 14_400, 86_400];

const closed = <T extends TObject>(schema: T): T => ({ ...schema, additionalProperties: false });

const maxOutputBytes = Type.Optional(
  Type.Integer({
    minimum: 0,
    maximum: 16_777_216,
    default: 1_048_576,
    description: "Output above this is dropped and counted",
  }),
);

const bytesOf = (text: unknown) => Buffer.from(typeof text === "string" ? text : "");
const sha256Of = (text: unknown) => createHash("sha256").update(bytesOf(text)).digest();

const aService = closed(
  Type.Object({
    name: Type.String({ minLength: 1, maxLength: 256, description: "Name of the service, such as mosquitto" }),
  }),
);

/** Our half of the key is not among what was asked for: it was made when the command was. */
function terminalOnWire({ gatewayKey, idleTimeout, ...given }: Given): Given {
  const key = Buffer.from(typeof gatewayKey === "string" ? gatewayKey : "", "base64");
  return { ...given, gatewayKey: key, idleTimeoutMs: Number(idleTimeout) * SECOND };
}

/** What may be asked of a device, and with which arguments. */
export const kinds: { readonly [K in CommandKind]: KindDeclaration } = {
  ping: { summary: "Ask for a sign of life", permission: "command:ping", arguments: closed(Type.Object({})) },
  exec: {
    summary: "Run a program, without a shell",
    permission: "command:exec",
    arguments: closed(
      Type.Object({
        argv: Type.Array(Type.String({ maxLength: 4_096 }), {
          minItems: 1,
          maxItems: 256,
          description: 'The program and its arguments: ["uname", "-a"]',
        }),
        cwd: Type.Optional(Type.String({ maxLength: 4_096, description: "Folder to run it in" })),
        env: Type.Optional(Type.Record(Type.String(), Type.String(), { description: "Environment variables to add" })),
        stdin: Type.Optional(Type.String({ maxLength: 32_768, description: "What it reads from its standard input" })),
        maxOutputBytes,
      }),
    ),
    onWire: (given) => (typeof given["stdin"] === "string" ? { ...given, stdin: Buffer.from(given["stdin"]) } : given),
  },
  script: {
    summary: "Run a script by an interpreter, as the user who is named",
    permission: "command:script",
    arguments: closed(
      Type.Object({
        content: Type.String({
          minLength: 1,
          maxLength: 49_152,
          description: "The script; on the command line content=@FILE takes it from a file",
        }),
        interpreter: Type.Optional(
          Type.String({
            maxLength: 4_096,
            description: 'Program that runs it, such as python3 [what its first line names after "#!", else /bin/sh]',
          }),
        ),
        arguments: Type.Optional(
          Type.Array(Type.String({ maxLength: 4_096 }), { maxItems: 256, description: "What it finds as $1, $2 …" }),
        ),
        cwd: Type.Optional(
          Type.String({ maxLength: 4_096, description: "Folder to run it in [one of its own, gone afterwards]" }),
        ),
        env: Type.Optional(Type.Record(Type.String(), Type.String(), { description: "Environment variables to add" })),
        user: Type.Optional(
          Type.String({ maxLength: 33, description: "User of the device who runs it [the agent's own]" }),
        ),
        sha256: Type.Optional(
          Type.String({
            pattern: "^[0-9a-f]{64}$",
            description: "Hash that the content must have, of who wants to be sure which script it is",
          }),
        ),
        maxOutputBytes,
      }),
    ),
    check: ({ content, sha256 }) =>
      sha256 === undefined || sha256 === sha256Of(content).toString("hex")
        ? undefined
        : {
            field: "sha256",
            detail: `"sha256" is not that of the content, which has ${sha256Of(content).toString("hex")}`,
          },
    onWire: (given) => ({
      ...given,
      content: bytesOf(given["content"]),
      sha256: sha256Of(given["content"]),
    }),
  },
  "inventory.refresh": {
    summary: "Take stock of the device now",
    permission: "command:inventory.refresh",
    arguments: closed(Type.Object({})),
  },
  "log.collect": {
    summary: "Read logs of the device: the newest bytes of files and of its journal",
    permission: "command:log.collect",
    arguments: closed(Type.Object(logArguments)),
    onWire: logOnWire,
  },
  "file.put": {
    summary: "Put an uploaded file in its place on the device: all of it, verified, in one step",
    permission: "command:file.put",
    arguments: closed(Type.Object(filePutArguments)),
    runTimeout: DAY,
    onWire: filePutOnWire,
  },
  "file.get": {
    summary: "Fetch a file of the device; it is among the files then, under the command's id",
    permission: "command:file.get",
    arguments: closed(Type.Object(fileGetArguments)),
    runTimeout: DAY,
  },
  "file.list": {
    summary: "Look into a folder of the device that its owner opened to files: names, sizes, times",
    permission: "command:file.list",
    arguments: closed(Type.Object(fileListArguments)),
  },
  configure: {
    summary: "Set what of the agent may be set from here: how much it measures, sends and logs, and where it connects",
    permission: "command:configure",
    arguments: closed(Type.Object(configureArguments)),
    onWire: configureOnWire,
  },
  "service.status": {
    summary: "Ask how a service is",
    permission: "command:service.status",
    arguments: aService,
  },
  "service.start": {
    summary: "Start a service; one that runs is left as it is",
    permission: "command:service.start",
    arguments: aService,
  },
  "service.stop": {
    summary: "Stop a service; it starts again with the device if it is enabled",
    permission: "command:service.stop",
    arguments: aService,
  },
  "service.reload": {
    summary: "Have a running service read its configuration anew",
    permission: "command:service.reload",
    arguments: aService,
  },
  "service.restart": {
    summary: "Restart a service",
    permission: "command:service.restart",
    arguments: aService,
  },
  "package.install": {
    summary: "Install packages by apt, each in the version that is named or the newest",
    permission: "command:package.install",
    arguments: closed(Type.Object({ packages: somePackages, ...packageComing, ...packageWork })),
    runTimeout: HOUR,
    onWire: packagesOnWire,
  },
  "package.remove": {
    summary: "Remove packages by apt",
    permission: "command:package.remove",
    arguments: closed(
      Type.Object({
        packages: somePackages,
        purge: Type.Optional(Type.Boolean({ default: false, description: "Remove their configuration too" })),
        ...packageWork,
      }),
    ),
    runTimeout: HOUR,
    onWire: packagesOnWire,
  },
  "package.upgrade": {
    summary: "Upgrade packages by apt; all of them when none is named",
    permission: "command:package.upgrade",
    arguments: closed(Type.Object({ packages: Type.Optional(somePackages), ...packageComing, ...packageWork })),
    runTimeout: HOUR,
    onWire: packagesOnWire,
  },
  ...dataKinds,
  reboot: {
    summary: "Reboot the device",
    permission: "command:reboot",
    arguments: closed(Type.Object({})),
  },
  "network.change": {
    summary: "Change the network of a device; taken back unless a new session begins with the change in time",
    permission: "command:network.change",
    arguments: closed(Type.Object({ ...networkChange, maxOutputBytes })),
    check: networkWrong,
    onWire: networkOnWire,
  },
  "agent.upgrade": {
    summary: "Have another release of the agent take its place; taken back when it does not prove itself",
    permission: "command:agent.upgrade",
    arguments: closed(Type.Object(upgradeArguments)),
    runTimeout: HOUR,
    check: upgradeWrong,
    onWire: upgradeOnWire,
  },
  "policy.pack": {
    summary: "Have the device watch policies by itself; the policies that are saved send it what it needs",
    permission: "command:policy.pack",
    arguments: closed(Type.Object(packArguments)),
  },
  "terminal.open": {
    summary: "Open a terminal; whoever asks sits down at it with `edgemere terminal` or in the portal",
    permission: "command:terminal.open",
    arguments: closed(
      Type.Object({
        reason: Type.String({ minLength: 1, maxLength: 1_024, pattern: "\\S", description: "Why it is opened" }),
        columns: Type.Optional(Type.Integer({ minimum: 1, maximum: limits.terminalCells, default: 80 })),
        rows: Type.Optional(Type.Integer({ minimum: 1, maximum: limits.terminalCells, default: 24 })),
        idleTimeout: Type.Optional(
          Type.Integer({
            minimum: 10,
            maximum: 3_600,
            default: 300,
            description: "Seconds without a key after which it ends",
          }),
        ),
      }),
    ),
    runTimeout: FOUR_HOURS,
    onWire: terminalOnWire,
  },
};

/** Seconds that a command of this kind may run where nobody says otherwise. */
export const runTimeoutOf = (kind: CommandKind): number => kinds[kind].runTimeout ?? RUN_TIMEOUT;
