import assert from "node:assert/strict";
import { test } from "node:test";
import { DAY, HOUR } from "@edgemere/protocol/kit";
import type { Device } from "../devices/contract.ts";
import type { Token } from "../devices/token-contract.ts";
import type { ApiToken, User } from "../identity/contract.ts";
import { startAuditing, settings } from "./audit.test-support.ts";
import { auditFleet } from "./contract.ts";
import { findingsIn, type Fleet } from "./fleet.ts";

const NOW = 1_000 * DAY;
const head = { version: 1, createdAt: NOW - DAY, updatedAt: NOW - DAY };
const agent = { version: "0.1.0", bootId: "", capabilities: ["ping"], lastExitReason: "", clockOffset: 0 };
const aDevice = (id: string, over: Partial<Device> = {}): Device => ({
  ...head,
  id,
  state: "active",
  name: id,
  labels: {},
  presence: "online",
  presenceAt: NOW - HOUR,
  sessionEpoch: 1,
  agent,
  inventory: {},
  certificate: { serial: id, notAfter: NOW + 90 * DAY },
  machineId: `machine of ${id}`,
  messageKey: `key of ${id}`,
  ...over,
});
const aUser = (over: Partial<User> = {}): User => ({
  ...head,
  id: "olga",
  name: "olga",
  state: "active",
  roles: ["owner"],
  passwordHash: "",
  ...over,
});
const aToken = (over: Partial<ApiToken> = {}): ApiToken => ({
  ...head,
  id: "t1",
  name: "ci",
  owner: "olga",
  kind: "token",
  state: "active",
  permissions: ["device:read"],
  expiresAt: NOW + DAY,
  secretHash: "",
  ...over,
});
const anEnrolmentToken = (over: Partial<Token> = {}): Token => ({
  ...head,
  id: "e1",
  state: "open",
  uses: 1,
  used: 0,
  expiresAt: NOW + HOUR,
  labels: {},
  secretHash: "",
  author: "user:olga",
  ...over,
});
const aFleet = (over: Partial<Fleet> = {}): Fleet => ({
  now: NOW,
  settings,
  devices: [],
  enrolmentTokens: [],
  users: [],
  credentials: [],
  connected: new Set(),
  ...over,
});
const found = (fleet: Partial<Fleet>) =>
  findingsIn(aFleet(fleet)).map(({ severity, finding, subject }) => `${severity}: ${finding}: ${subject}`);

test("of a fleet in order nothing is found", () => {
  const fleet = {
    devices: [aDevice("a"), aDevice("b")],
    users: [aUser()],
    credentials: [aToken()],
    enrolmentTokens: [anEnrolmentToken()],
  };

  assert.deepEqual(found(fleet), []);
});

const ofDevices: readonly (readonly [string, Partial<Device>, string | undefined])[] = [
  ["whose certificate has expired", { certificate: { serial: "", notAfter: NOW } }, "high: certificate expired"],
  [
    "whose certificate ends tomorrow",
    { certificate: { serial: "", notAfter: NOW + DAY } },
    "medium: certificate expires soon",
  ],
  ["without a certificate yet", { certificate: { serial: "", notAfter: 0 } }, undefined],
  ["that is retired, expired and unseen", { state: "retired", presence: "offline", presenceAt: 0 }, undefined],
  ["in quarantine", { state: "quarantined" }, "medium: in quarantine"],
  ["that waits since yesterday", { state: "pending" }, undefined],
  ["that waits for weeks", { state: "pending", updatedAt: NOW - 20 * DAY }, "medium: waits for a decision"],
  ["unseen for a month", { presence: "offline", presenceAt: NOW - 31 * DAY }, "medium: not seen for long"],
  ["online for a month", { presenceAt: NOW - 31 * DAY }, undefined],
  ["with a wrong clock", { conditions: ["clock-wrong"] }, "medium: clock is wrong"],
  ["whose clock is an hour ahead", { agent: { ...agent, clockOffset: HOUR } }, "medium: clock is wrong"],
  ["with an older agent", { agent: { ...agent, version: "0.0.9" } }, "low: old agent"],
  ["with a newer agent", { agent: { ...agent, version: "0.2.0" } }, undefined],
  ["of no known version", { agent: { ...agent, version: "?" } }, undefined],
];
for (const [what, over, expected] of ofDevices) {
  test(`of a device ${what} ${expected ?? "nothing"} is told`, () => {
    assert.deepEqual(found({ devices: [aDevice("a", over)] }), expected === undefined ? [] : [`${expected}: device:a`]);
  });
}

test("a retired device that is connected is told", () => {
  const devices = [aDevice("a", { state: "retired" })];

  assert.deepEqual(found({ devices, connected: new Set(["a"]) }), ["high: retired and connected: device:a"]);
});

test("devices that share a key or a machine id are told, those that are retired left aside", () => {
  const devices = [
    aDevice("a", { messageKey: "k" }),
    aDevice("b", { messageKey: "k" }),
    aDevice("c", { machineId: "m" }),
    aDevice("d", { machineId: "m" }),
    aDevice("e", { machineId: "m", messageKey: "k", state: "retired" }),
  ];

  assert.deepEqual(
    findingsIn(aFleet({ devices })).map(({ finding, detail }) => [finding, detail]),
    [
      ["shared key", "a, b"],
      ["shared machine id", "c, d"],
    ],
  );
});

test("exec that every device allows is told, and exec that some allow is not", () => {
  const allows = { agent: { ...agent, capabilities: ["ping", "exec"] } };

  assert.deepEqual(found({ devices: [aDevice("a", allows), aDevice("b", allows)] }), [
    "medium: exec allowed everywhere: the fleet",
  ]);
  assert.deepEqual(found({ devices: [aDevice("a", allows), aDevice("b")] }), []);
});

const old = { createdAt: NOW - 90 * DAY, updatedAt: NOW - 90 * DAY };
const ofAccounts: readonly (readonly [string, Partial<Fleet>, readonly string[]])[] = [
  ["an owner who never comes", { users: [aUser(old)] }, ["high: unused owner: user:olga"]],
  ["an owner who came yesterday", { users: [aUser(old)], credentials: [aToken({ kind: "session" })] }, []],
  ["a viewer who never comes", { users: [aUser({ ...old, roles: ["viewer"] })] }, []],
  ["an owner who is locked", { users: [aUser({ ...old, state: "disabled" })] }, []],
  [
    "a token for everything",
    { users: [aUser()], credentials: [aToken({ permissions: ["*"] })] },
    ["high: token may do everything: apitoken:t1"],
  ],
  ["a revoked token for everything", { credentials: [aToken({ permissions: ["*"], state: "revoked" })] }, []],
  ["a session of an owner", { users: [aUser()], credentials: [aToken({ permissions: ["*"], kind: "session" })] }, []],
  ["a token of nobody", { credentials: [aToken()] }, ["medium: token of nobody: apitoken:t1"]],
  [
    "an enrolment token for a thousand",
    { enrolmentTokens: [anEnrolmentToken({ uses: 1_000 })] },
    ["medium: enrolment token for many: enrolmenttoken:e1"],
  ],
  ["one that is used up", { enrolmentTokens: [anEnrolmentToken({ uses: 1_000, used: 999 })] }, []],
];
for (const [what, fleet, expected] of ofAccounts) {
  test(`of ${what} ${expected[0] ?? "nothing"} is told`, () => {
    assert.deepEqual(found(fleet), expected);
  });
}

test("settings as they come are told, the worst of all findings first", () => {
  const asTheyCome = { ...settings, isCopyOnSameDisk: true, areBackupsSealed: false, addresses: ["192.0.2.7"] };
  const devices = [aDevice("a", { certificate: { serial: "", notAfter: 1 } })];

  assert.deepEqual(found({ settings: asTheyCome, devices }), [
    "high: certificate expired: device:a",
    "medium: audit copy on the same disk: the control plane",
    "medium: backups are not sealed: the control plane",
    "low: one address only: the control plane",
  ]);
});

test("findings come in pages, and only as bad as asked for", async () => {
  await using core = await startAuditing({ isCopyOnSameDisk: true, addresses: ["192.0.2.7"] });
  const ask = async (input: object) => {
    const { items, total, next } = await core.call(auditFleet, input);
    return [items.map(({ finding }) => finding), total, next];
  };

  assert.deepEqual(await ask({ limit: 1 }), [["audit copy on the same disk"], 2, "1"]);
  assert.deepEqual(await ask({ limit: 1, cursor: "1" }), [["one address only"], 2, undefined]);
  assert.deepEqual(await ask({ severity: "medium" }), [["audit copy on the same disk"], 1, undefined]);
  await assert.rejects(ask({ cursor: "made up" }), { type: "invalid-input" });
});
