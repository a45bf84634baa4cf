import { DAY, HOUR, MINUTE } from "@edgemere/protocol/kit";
import type { OutputOf } from "../../platform/action.ts";
import type { Device } from "../devices/contract.ts";
import type { Token } from "../devices/token-contract.ts";
import type { ApiToken, User } from "../identity/contract.ts";
import { severities, type auditFleet } from "./contract.ts";

export type Finding = OutputOf<typeof auditFleet>["items"][number];

/** How the control plane is set up, as far as it matters here. */
export interface Settings {
  readonly version: string;
  readonly isCopyOnSameDisk: boolean;
  readonly areBackupsSealed: boolean;
  /** Under which devices reach it. */
  readonly addresses: readonly string[];
}

/** All that is looked at. */
export interface Fleet {
  readonly now: number;
  readonly settings: Settings;
  readonly devices: readonly Device[];
  readonly enrolmentTokens: readonly Token[];
  readonly users: readonly User[];
  readonly credentials: readonly ApiToken[];
  /** Devices that are connected now. */
  readonly connected: ReadonlySet<string>;
}

const CERTIFICATE_SHORT = 3 * DAY;
const LONG_UNSEEN = 30 * DAY;
const LONG_PENDING = 7 * DAY;
const LONG_UNUSED = 30 * DAY;
const CLOCK_OFF = 5 * MINUTE;
const MANY_USES = 100;

/** What should not be so, worst first. */
export function findingsIn(fleet: Fleet): readonly Finding[] {
  const { now, connected, devices, settings } = fleet;
  const all = [
    ...settingFindings(settings),
    ...sharedIdentities(devices),
    ...devices.flatMap((each) => deviceFindings(each, { now, version: settings.version, connected })),
    ...execEverywhere(devices),
    ...fleet.users.flatMap((each) => userFindings(each, fleet.credentials, now)),
    ...fleet.credentials.flatMap((each) => tokenFindings(each, fleet.users)),
    ...fleet.enrolmentTokens.flatMap((each) => enrolmentFindings(each, now)),
  ];
  return all.toSorted((one, other) => severities.indexOf(one.severity) - severities.indexOf(other.severity));
}

const finding = (
  severity: Finding["severity"],
  what: string,
  { subject, detail, advice }: Pick<Finding, "subject" | "detail" | "advice">,
): Finding => ({ severity, finding: what, subject, detail, advice });

function settingFindings({ isCopyOnSameDisk, areBackupsSealed, addresses }: Settings): Finding[] {
  const subject = "the control plane";
  return [
    ...(isCopyOnSameDisk
      ? [
          finding("medium", "audit copy on the same disk", {
            subject,
            detail: "who can change the audit log can change its copy, and a disk that dies takes both",
            advice: "name a folder on another disk with --audit-copy",
          }),
        ]
      : []),
    ...(areBackupsSealed
      ? []
      : [
          finding("medium", "backups are not sealed", {
            subject,
            detail: "each backup holds the keys of the authority in the clear",
            advice: "name a file with a passphrase with --backup-passphrase",
          }),
        ]),
    ...(addresses.length > 1
      ? []
      : [
          finding("low", "one address only", {
            subject,
            detail: `devices know ${addresses.join("") || "no address"} and nothing else`,
            advice: "name a second one with --address before the first is gone",
          }),
        ]),
  ];
}

interface Around {
  readonly now: number;
  readonly version: string;
  readonly connected: ReadonlySet<string>;
}

function deviceFindings(device: Device, { now, version, connected }: Around): Finding[] {
  const subject = `device:${device.id}`;
  const told = (severity: Finding["severity"], what: string, detail: string, advice: string) =>
    finding(severity, what, { subject, detail: `${device.name}: ${detail}`, advice });
  if (device.state === "retired")
    return connected.has(device.id)
      ? [told("high", "retired and connected", "it has a session", "restart the control plane, and look who that is")]
      : [];
  const found: Finding[] = [];
  const { notAfter } = device.certificate;
  if (notAfter > 0 && notAfter <= now)
    found.push(told("high", "certificate expired", "it cannot connect", "enrol it anew, or retire it"));
  else if (notAfter > 0 && notAfter - now < CERTIFICATE_SHORT)
    found.push(
      told(
        "medium",
        "certificate expires soon",
        `in ${Math.ceil((notAfter - now) / HOUR)} hours`,
        "see why it is not renewed",
      ),
    );
  if (device.state === "quarantined")
    found.push(
      told(
        "medium",
        "in quarantine",
        device.quarantineReason || "without a reason",
        "look at it; release it, or retire it",
      ),
    );
  if (device.state === "pending" && now - device.updatedAt > LONG_PENDING)
    found.push(told("medium", "waits for a decision", "for more than a week", "approve it, or retire it"));
  if (device.presence !== "online" && now - device.presenceAt > LONG_UNSEEN)
    found.push(
      told(
        "medium",
        "not seen for long",
        `for ${Math.floor((now - device.presenceAt) / DAY)} days`,
        "retire it when it is gone",
      ),
    );
  if (device.conditions?.includes("clock-wrong") === true || Math.abs(device.agent.clockOffset) > CLOCK_OFF)
    found.push(
      told(
        "medium",
        "clock is wrong",
        "its times mislead, and commands expire by them",
        "set up time synchronisation there",
      ),
    );
  if (isOlder(device.agent.version, version))
    found.push(told("low", "old agent", `version ${device.agent.version}`, `install version ${version}`));
  return found;
}

/** Two devices with one key are one identity on two hosts; with one machine id they are likely a copied disk. */
function sharedIdentities(devices: readonly Device[]): Finding[] {
  const members = devices.filter(({ state }) => state !== "retired");
  return [
    ...shared(members, ({ messageKey }) => messageKey).map((each) =>
      finding("high", "shared key", {
        ...namesOf(each),
        advice: "one of them is a copy: retire both, and enrol each host by itself",
      }),
    ),
    ...shared(members, ({ machineId }) => machineId).map((each) =>
      finding("medium", "shared machine id", {
        ...namesOf(each),
        advice: "give a copied host a machine id of its own; retire what was replaced",
      }),
    ),
  ];
}

function shared(devices: readonly Device[], by: (device: Device) => string): readonly (readonly Device[])[] {
  const groups = new Map<string, Device[]>();
  for (const each of devices) if (by(each) !== "") groups.set(by(each), [...(groups.get(by(each)) ?? []), each]);
  return [...groups.values()].filter(({ length }) => length > 1);
}

const SHOWN = 5;

const namesOf = (devices: readonly Device[]): Pick<Finding, "subject" | "detail"> => ({
  subject: `device:${devices[0]?.id ?? ""}`,
  detail: [...devices.slice(0, SHOWN).map(({ name }) => name), ...(devices.length > SHOWN ? ["and more"] : [])].join(
    ", ",
  ),
});

function execEverywhere(devices: readonly Device[]): Finding[] {
  const active = devices.filter(({ state }) => state === "active");
  if (active.length < 2 || !active.every(({ agent }) => agent.capabilities.includes("exec"))) return [];
  const detail = `each of the ${active.length} active devices runs whatever it is told`;
  const advice = "leave --allow exec away where it is not needed";
  return [finding("medium", "exec allowed everywhere", { subject: "the fleet", detail, advice })];
}

function userFindings(user: User, credentials: readonly ApiToken[], now: number): Finding[] {
  if (user.state !== "active" || !user.roles.includes("owner")) return [];
  const usedAt = credentials.filter(({ owner }) => owner === user.id).map(({ updatedAt }) => updatedAt);
  if (now - Math.max(user.createdAt, ...usedAt) < LONG_UNUSED) return [];
  const detail = `${user.name} may do everything and has not signed in for 30 days`;
  return [
    finding("high", "unused owner", {
      subject: `user:${user.id}`,
      detail,
      advice: "lock the account, or give it a lesser role",
    }),
  ];
}

function tokenFindings(token: ApiToken, users: readonly User[]): Finding[] {
  if (token.state !== "active" || token.kind !== "token") return [];
  const subject = `apitoken:${token.id}`;
  const owner = users.find(({ id }) => id === token.owner);
  const found: Finding[] = [];
  if (token.permissions.includes("*"))
    found.push(
      finding("high", "token may do everything", {
        subject,
        detail: `"${token.name}" of ${owner?.name ?? token.owner} holds *`,
        advice: "make one with the permissions it needs, and revoke this one",
      }),
    );
  if (owner?.state !== "active")
    found.push(
      finding("medium", "token of nobody", {
        subject,
        detail: `"${token.name}" belongs to ${owner?.name ?? token.owner}, who is locked or gone`,
        advice: "revoke it",
      }),
    );
  return found;
}

function enrolmentFindings(token: Token, now: number): Finding[] {
  if (token.state !== "open" || token.expiresAt <= now || token.uses - token.used < MANY_USES) return [];
  const detail = `${token.uses - token.used} more devices may enrol with it`;
  return [
    finding("medium", "enrolment token for many", {
      subject: `enrolmenttoken:${token.id}`,
      detail,
      advice: "revoke it when the roll-out is over",
    }),
  ];
}

const VERSION = /^(\d+)\.(\d+)\.(\d+)/;

/** What is no version is not compared. */
function isOlder(one: string, other: string): boolean {
  const [a, b] = [VERSION.exec(one)?.slice(1).map(Number), VERSION.exec(other)?.slice(1).map(Number)];
  if (a === undefined || b === undefined) return false;
  const at = a.findIndex((part, i) => part !== b[i]);
  return at !== -1 && (a[at] ?? 0) < (b[at] ?? 0);
}
