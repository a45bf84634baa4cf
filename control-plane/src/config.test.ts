import assert from "node:assert/strict";
import { isIP } from "node:net";
import { resolve } from "node:path";
import { test } from "node:test";
import { DAY, HOUR, MINUTE } from "@edgemere/protocol/kit";
import {
  readAuditVerifyConfig,
  readBrokerCertificateConfig,
  readCommandRootConfig,
  readRestoreConfig,
  readSignKeyringConfig,
} from "./config-commands.ts";
import { notifierOptions } from "./config-notifier.ts";
import { outletsOptions } from "./config-outlets.ts";
import { parentOptions } from "./config-parent.ts";
import { certificateNames, configHelp, ownAddress, readConfig } from "./config.ts";

test("without a word the defaults hold", () => {
  const { addresses, outlets: _, ...config } = readConfig([], {});

  assert.deepEqual(config, {
    dataFolder: resolve(".edgemere"),
    portal: { host: "127.0.0.1", port: 3_000 },
    mqtt: { host: "0.0.0.0", port: 8_883 },
    brokers: [],
    deviceApi: { host: "0.0.0.0", port: 8_443 },
    subscribers: { host: "127.0.0.1", port: 8_884 },
    sparkplug: undefined,
    origins: [],
    dangerousCaps: { perMinute: 60, perHour: 1_000 },
    logLevel: "info",
    certificateLife: 14 * DAY,
    history: 7 * DAY,
    windows: { every: MINUTE, keepMinutes: 7 * DAY, keepHours: 730 * DAY, stats: undefined },
    retention: { events: 30 * DAY, jobs: 90 * DAY, recordings: 90 * DAY, inventoryHistory: 365 * DAY },
    files: { room: 4 * 1024 ** 3, keep: 30 * DAY },
    backups: { folder: resolve(".edgemere/backups"), every: DAY, keep: 7, passphraseFile: undefined },
    auditCopy: resolve(".edgemere/audit-copy"),
    people: { approval: "auto", stepUpAfter: 15 * MINUTE, singleSignOn: undefined },
    notifier: { tryFor: DAY, keepFor: 30 * DAY, mayGoInside: false, mail: undefined },
    parent: undefined,
    childRoom: 4 * 1024 ** 3,
    storage: { low: { percent: 20 }, readonly: { percent: 10 }, ballastBytes: 64 * 1024 ** 2 },
  });
  assert.deepEqual(addresses, [ownAddress()]);
  assert.notEqual(isIP(addresses[0]), 0);
});

test("the help shows every option, and the defaults that hold", () => {
  const help = configHelp();
  const shown = Object.fromEntries(
    help.split("\n").map((line) => [/--(\S+)/.exec(line)?.[1] ?? line, /\[([^\]]+)\]$/.exec(line)?.[1]]),
  );
  const elsewhere = { ...outletsOptions, ...notifierOptions, ...parentOptions };
  const single = ["oidc-issuer", "oidc-client-secret", "oidc-role"];
  const withoutDefault = [
    "address",
    "config",
    "origin",
    "backups",
    "backup-passphrase",
    "audit-copy",
    "broker",
    "device-stats",
    ...single,
    ...Object.entries(elsewhere).flatMap(([name, option]) => ("fallback" in option ? [] : [name])),
  ];
  const defaults = Object.fromEntries(Object.entries(shown).filter(([name]) => !withoutDefault.includes(name)));

  assert.deepEqual(Object.keys(shown).length, 47 + Object.keys(elsewhere).length);
  assert.deepEqual(
    readConfig(
      Object.entries(defaults).flatMap(([name, value]) => [`--${name}`, value ?? ""]),
      {},
    ),
    readConfig([], {}),
  );
});

test("each option reaches its own place", () => {
  const {
    outlets: _,
    notifier: __,
    ...config
  } = readConfig(
    Object.entries({
      data: "/srv/edgemere",
      "portal-host": "::",
      "portal-port": "1",
      "mqtt-host": "10.0.0.1",
      "mqtt-port": "2",
      broker: "mqtts://broker.example.org",
      "device-host": "10.0.0.2",
      "device-port": "3",
      "subscribers-host": "10.0.0.3",
      "subscribers-port": "0",
      "sparkplug-host": "10.0.0.4",
      "sparkplug-port": "8885",
      "sparkplug-host-id": "plant",
      address: "cp.example.org",
      "certificate-life": "2h",
      "dangerous-per-minute": "5",
      "dangerous-per-hour": "7",
      history: "36h",
      "windows-every": "30m",
      "keep-minutes": "2d",
      "keep-hours": "9d",
      parent: "https://REGION.example.org/",
      "parent-authorization": "/etc/edgemere/parent",
      "parent-metric": "cpu.*",
      "parent-every": "1m",
      "child-room": "512MiB",
      "keep-events": "4d",
      approval: "always",
      "step-up-after": "2m",
      "oidc-issuer": "https://login.example.org",
      "oidc-client-id": "cp",
      "oidc-client-secret": "/etc/edgemere/oidc",
      "oidc-groups-claim": "teams",
      "oidc-role": "ops=operator",
      "keep-jobs": "5d",
      "keep-recordings": "7d",
      "keep-inventory-history": "6d",
      files: "1GiB",
      "keep-files": "7d",
      backups: "/mnt/backups",
      "backup-every": "off",
      "backup-keep": "3",
      "backup-passphrase": "/etc/edgemere/passphrase",
      "audit-copy": "/mnt/audit",
      "storage-low": "30%",
      "storage-readonly": "2GiB",
      ballast: "1MiB",
      "log-level": "debug",
      origin: "https://one.example.org",
    }).flatMap(([name, value]) => [`--${name}`, value]),
    {},
  );

  assert.deepEqual(config, {
    dataFolder: "/srv/edgemere",
    portal: { host: "::", port: 1 },
    mqtt: { host: "10.0.0.1", port: 2 },
    brokers: [{ url: "mqtts://broker.example.org:8883", port: 8_883 }],
    deviceApi: { host: "10.0.0.2", port: 3 },
    subscribers: { host: "10.0.0.3", port: 0 },
    sparkplug: { host: "10.0.0.4", port: 8_885, hostId: "plant" },
    addresses: ["cp.example.org"],
    origins: ["https://one.example.org"],
    logLevel: "debug",
    certificateLife: 2 * HOUR,
    dangerousCaps: { perMinute: 5, perHour: 7 },
    history: 36 * HOUR,
    windows: { every: 30 * MINUTE, keepMinutes: 2 * DAY, keepHours: 9 * DAY, stats: undefined },
    parent: {
      url: "https://region.example.org",
      authorizationFile: "/etc/edgemere/parent",
      metrics: ["cpu.*"],
      every: MINUTE,
    },
    childRoom: 512 * 1024 ** 2,
    retention: { events: 96 * HOUR, jobs: 120 * HOUR, recordings: 7 * DAY, inventoryHistory: 144 * HOUR },
    files: { room: 1024 ** 3, keep: 7 * DAY },
    backups: { folder: "/mnt/backups", every: undefined, keep: 3, passphraseFile: "/etc/edgemere/passphrase" },
    auditCopy: "/mnt/audit",
    people: {
      approval: "always",
      stepUpAfter: 2 * MINUTE,
      singleSignOn: {
        issuer: "https://login.example.org",
        clientId: "cp",
        clientSecretFile: "/etc/edgemere/oidc",
        groupsClaim: "teams",
        roles: [["ops", "operator"]],
      },
    },
    storage: { low: { percent: 30 }, readonly: { bytes: 2 * 1024 ** 3 }, ballastBytes: 1024 ** 2 },
  });
});

test("variables of the environment carry the program's name", () => {
  const config = readConfig([], { EDGEMERE_CONTROL_PLANE_MQTT_PORT: "18883", MQTT_PORT: "1", PATH: "/bin" });

  assert.equal(config.mqtt.port, 18_883);
});

for (const address of ["cp.example.org", "gw1", "192.0.2.7", "2001:db8::7"]) {
  test(`devices may be told to come to ${address}`, () => {
    assert.deepEqual(readConfig(["--address", address], {}).addresses, [address]);
  });
}

test("of several addresses the first is preferred, wherever they are written", () => {
  const argv = ["--address", "cp.example.org", "--address", "192.0.2.7"];
  const environment = { EDGEMERE_CONTROL_PLANE_ADDRESS: "cp.example.org, 192.0.2.7" };

  assert.deepEqual(readConfig(argv, {}).addresses, ["cp.example.org", "192.0.2.7"]);
  assert.deepEqual(readConfig([], environment).addresses, ["cp.example.org", "192.0.2.7"]);
  assert.deepEqual(certificateNames(readConfig(argv, {})).addresses.at(-1), "192.0.2.7");
});

for (const [written, read] of [
  ["mqtts://broker.example.org:18883/", "mqtts://broker.example.org:18883"],
  ["MQTTS://192.0.2.7", "mqtts://192.0.2.7:8883"],
  ["mqtts://[2001:db8::7]:8883", "mqtts://[2001:db8::7]:8883"],
] as const) {
  test(`devices are told ${read} where the broker is given as ${written}`, () => {
    assert.deepEqual(
      readConfig(["--broker", written], {}).brokers.map(({ url }) => url),
      [read],
    );
  });
}

for (const wrong of [
  "broker.example.org",
  "mqtt://broker.example.org",
  "https://broker.example.org",
  "mqtts://",
  "mqtts://broker:0",
  "mqtts://broker:99999",
  "mqtts://user:secret@broker",
  "mqtts://broker/path",
  "mqtts://broker?clean=false",
  "mqtts://bro_ker!",
]) {
  test(`a broker at "${wrong}" is refused, and the option named`, () => {
    assert.throws(() => readConfig(["--broker", wrong], {}), {
      name: "ConfigError",
      message: /^--broker: .*is no address of a broker; write it like mqtts:/,
    });
  });
}

test("what device.stats tells is read with the windows it is made of", () => {
  const { windows } = readConfig(["--device-stats=a.b", "--device-stats=c", "--device-stats-every=15m"], {});

  assert.deepEqual(windows?.stats, { every: 15 * MINUTE, metrics: ["a.b", "c"] });
});

test("windows are made unless somebody says that they are not", () => {
  assert.equal(readConfig(["--windows-every", "off"], {}).windows, undefined);
});

test("an origin is read as browsers write it", () => {
  assert.deepEqual(readConfig(["--origin", "HTTPS://CP.Example.org:443/"], {}).origins, ["https://cp.example.org"]);
});

for (const [argv, message] of [
  [["--mqtt-port", "70000"], /^--mqtt-port: .*70000.*65535/],
  [["--mqtt-port", "http"], /^--mqtt-port: .*http/],
  [["--storage-low", "100%"], /^--storage-low: "100%" is no share of a disk: write 0% to 99%/],
  [["--storage-low", "10XB"], /^--storage-low: "10XB" is not a size such as/],
  [["--storage-low", "5%"], /^--storage-low \(5%\) must be at least --storage-readonly \(10%\)$/],
  [["--storage-low=1MiB", "--storage-readonly=2MiB"], /^--storage-low \(1048576 bytes\) must be at least .*2097152/],
  [["--oidc-issuer", "http://login.example.org"], /^--oidc-issuer: .*is no issuer/],
  [["--oidc-issuer", "https://login.example.org"], /lets nobody in without --oidc-role/],
  [["--oidc-role", "ops=king"], /^--oidc-role: "king" is no role; there are viewer/],
  [["--parent", "https://region.example.org"], /^--parent .* give --parent-authorization FILE$/],
  [["--parent-authorization", "token"], /is for nobody without --parent URL$/],
  [["--parent", "http://region.example.org"], /^--parent: .*is no target/],
  [["--parent", "https://region.example.org/edgemere"], /^--parent: .*is no parent; write only where its portal is/],
  [
    ["--parent=https://r.example", "--parent-authorization=t", "--windows-every=off"],
    /is told of windows, and there are none/,
  ],
  [["--backup-every", "5s"], /^--backup-every: .*5s/],
  [["--history", "5m"], /^--history: .*5m/],
  [["--history", "soon"], /^--history: .*soon/],
  [["--device-stats", "filesystem.*"], /^--device-stats: "filesystem\.\*" is no metric/],
  [["--device-stats-every", "7m"], /^--device-stats-every: "7m" is no part of an hour/],
  [
    Array.from({ length: 21 }, (_, i) => `--device-stats=m${i}`),
    /^--device-stats names 21 metrics, and the event tells of at most 20; leave some out$/,
  ],
  [["--log-level", "loud"], /^--log-level: "loud" is none of debug, info, warn, error/],
  [["--address", "https://cp.example.org"], /^--address: .*is no host name or address; write it without scheme/],
  [["--address", "cp.example.org:8443"], /^--address: .*is no host name or address/],
  [["--address", "a.example", "--address", "a.example"], /^--address a\.example is given twice; leave one out$/],
  [
    ["--broker", "mqtts://b", "--broker", "mqtts://b:8883"],
    /^--broker mqtts:\/\/b:8883 is given twice; leave one out$/,
  ],
  [
    ["a", "b", "c", "d", "e"].map((name) => `--address=${name}`),
    /^--address is given 5 times; devices try at most 4, leave some out$/,
  ],
  [["--origin", "cp.example.org"], /^--origin: .*is no origin; write it like https:/],
  [["--origin", "https://cp.example.org/admin"], /^--origin: .*is no origin/],
  [["--mqtt-prot", "1"], /unknown option --mqtt-prot\. Did you mean --mqtt-port\?/],
  [["--data"], /--data needs a value: --data DIR/],
  [["start"], /"start" is one word too many\. See edgemere-control-plane --help\./],
] as const) {
  test(`"${argv.join(" ")}" is refused, and the option named`, () => {
    assert.throws(() => readConfig(argv, {}), { name: "ConfigError", message });
  });
}

test("a restore is told its file first, and where the data folder is like everything else", () => {
  assert.deepEqual(readRestoreConfig(["/b/one.backup", "--force", "--data", "/srv"], {}), {
    file: "/b/one.backup",
    dataFolder: "/srv",
    passphraseFile: undefined,
    auditCopy: "/srv/audit-copy",
    force: true,
  });
  assert.throws(() => readRestoreConfig(["--data", "/srv"], {}), /name the backup first/);
});

test("a look at the audit log is told where the data folder and the copy are", () => {
  assert.deepEqual(readAuditVerifyConfig(["verify", "--data=/srv", "--audit-copy", "/mnt/audit"], {}), {
    dataFolder: "/srv",
    auditCopy: "/mnt/audit",
  });
  assert.throws(() => readAuditVerifyConfig(["prune", "--data=/srv"], {}), /there is one thing to do: .* audit verify/);
});

test("a broker's certificate is told its folder first, then the names of the broker", () => {
  assert.deepEqual(readBrokerCertificateConfig(["/b", "--data=/srv", "--name", "mq.example", "--name=192.0.2.7"], {}), {
    folder: "/b",
    dataFolder: "/srv",
    names: ["mq.example", "192.0.2.7"],
  });
  assert.throws(() => readBrokerCertificateConfig(["--data", "/srv"], {}), /name the folder first/);
  assert.throws(() => readBrokerCertificateConfig(["/b", "--name", "mqtts://b"], {}), /^.*--name: .*is no host name/);
  assert.throws(() => readBrokerCertificateConfig(["/b", "/c"], {}), /"\/c" is one word too many/);
});

test("the folder of the command root and the files of a keyring to be signed are named first", () => {
  const moved = readCommandRootConfig(["/media/safe", "--data", "/srv/edgemere"], {});

  assert.deepEqual(moved, { folder: "/media/safe", dataFolder: "/srv/edgemere" });
  assert.deepEqual(readSignKeyringConfig(["/tmp/draft", "--key", "/tmp/root.pem"]), {
    draft: "/tmp/draft",
    key: "/tmp/root.pem",
  });
  assert.throws(() => readCommandRootConfig(["--data", "/srv/edgemere"], {}), /name the folder first/);
  for (const words of [[], ["draft"], ["--key", "key"], ["draft", "--key"], ["draft", "--key", "key", "more"]])
    assert.throws(() => readSignKeyringConfig(words), /name the draft and the key/);
});
