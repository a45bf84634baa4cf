import type { Path } from "@edgemere/control-plane/client";

type Effect = "read" | "write" | "destroy";

/** What can be asked, written down once more by hand: an address that is renamed or lost by accident is missed here. */
export const actions = {
  // Device Manager
  "cpl/dm/device/list": "read",
  "cpl/dm/device/find": "read",
  "cpl/dm/device/update": "write",
  "cpl/dm/device/label": "write",
  "cpl/dm/device/retire": "destroy",
  "cpl/dm/device/quarantine": "write",
  "cpl/dm/device/release": "write",
  "cpl/dm/device/history": "read",
  "cpl/dm/device/summary": "read",
  "cpl/dm/device/accounting": "read",
  "cpl/dm/device/events": "read",
  "cpl/dm/device/waiting": "read",
  "cpl/dm/device/approve": "write",
  "cpl/dm/device/split": "write",
  "cpl/dm/device/replace": "write",
  "cpl/dm/agent/register": "write",
  "cpl/dm/agent/renew": "write",
  "cpl/dm/agent/challenge": "read",
  "cpl/dm/agent/recover": "write",
  "cpl/dm/certificate/list": "read",
  "cpl/dm/certificate/revoke": "destroy",
  "cpl/dm/token/create": "write",
  "cpl/dm/token/list": "read",
  "cpl/dm/token/revoke": "write",
  "cpl/dm/edgenode/declare": "write",
  "cpl/dm/edgenode/list": "read",
  "cpl/dm/edgenode/renew": "write",
  "cpl/dm/key/find": "read",
  "cpl/dm/key/rotate": "write",
  "cpl/dm/key/import": "write",
  "cpl/dm/session/list": "read",
  "cpl/dm/session/refusals": "read",
  // Jobs
  "cpl/dm/job/create": "write",
  "cpl/dm/job/find": "read",
  "cpl/dm/job/list": "read",
  "cpl/dm/job/cancel": "write",
  "cpl/dm/job/awaiting": "read",
  "cpl/dm/job/approve": "write",
  "cpl/dm/job/refuse": "write",
  "cpl/dm/job/output": "read",
  "cpl/dm/job/kinds": "read",
  "cpl/dm/job/abandon": "write",
  // Telemetry
  "cpl/ta/latest": "read",
  "cpl/ta/history": "read",
  "cpl/ta/metrics": "read",
  "cpl/ta/doubtful": "read",
  "cpl/ta/query": "read",
  "cpl/ta/adevice/create": "write",
  "cpl/ta/adevice/update": "write",
  "cpl/ta/adevice/enable": "write",
  "cpl/ta/adevice/disable": "write",
  "cpl/ta/adevice/destroy": "destroy",
  "cpl/ta/adevice/find": "read",
  "cpl/ta/adevice/list": "read",
  "cpl/ta/forget": "destroy",
  "cpl/ta/arrivals": "read",
  "cpl/ta/outlet/list": "read",
  // Data Catalogue
  "diml/dml/fmdm/query": "read",
  "diml/dml/fmdm/data/find": "read",
  "diml/dml/fmdm/data/list": "read",
  "diml/dml/fmdm/data/tag": "write",
  "diml/dml/fmdm/datasource/find": "read",
  "diml/dml/fmdm/datasource/list": "read",
  "diml/dml/fmdm/datasource/refresh": "write",
  // Data Orchestrator: the published six, the ad hoc one, and the look-ups of its classes
  "diml/dml/do/evaluate": "write",
  "diml/dml/do/reserve": "write",
  "diml/dml/do/datainstance/create": "write",
  "diml/dml/do/datainstance/destroy": "destroy",
  "diml/dml/do/datainstance/find": "read",
  "diml/dml/do/datainstance/list": "read",
  "diml/find": "write",
  "diml/dml/do/datarequest/find": "read",
  "diml/dml/do/datarequest/list": "read",
  "diml/dml/do/datarequest/explain": "read",
  "diml/dml/do/datareference/find": "read",
  "diml/dml/do/datareference/list": "read",
  "diml/dml/do/datareservation/find": "read",
  "diml/dml/do/datareservation/list": "read",
  // Identity and access
  "ia/status": "read",
  "ia/setup": "write",
  "ia/signin": "write",
  "ia/signout": "write",
  "ia/whoami": "read",
  "ia/sso/begin": "write",
  "ia/sso/finish": "write",
  "ia/stepup": "write",
  "ia/password/change": "write",
  "ia/password/reset": "write",
  "ia/session/list": "read",
  "ia/session/end": "write",
  "ia/token/create": "write",
  "ia/token/list": "read",
  "ia/token/revoke": "write",
  "ia/user/create": "write",
  "ia/user/list": "read",
  "ia/user/disable": "write",
  "ia/user/enable": "write",
  "ia/user/assign": "write",
  "ia/user/reset": "write",
  "ia/audit/list": "read",
  "ia/audit/verify": "read",
  "ia/audit/export": "read",
  "ia/audit/fleet": "read",
  "ia/event/list": "read",
  // Operations: the control plane's own keeping
  "ops/backup/create": "write",
  "ops/backup/list": "read",
  "ops/backup/find": "read",
  "ops/backup/drill": "write",
  "ops/backup/destroy": "destroy",
  "ops/storage/find": "read",
  "ops/metrics/read": "read",
} as const satisfies { readonly [P in Path]: Effect };

/** What is dangerous: a session must be fresh for it, and a token must hold the permission by its name. With an input that is. */
export const dangers: { readonly [P in Path]?: readonly [permission: string, input: object] } = {
  "cpl/dm/device/retire": ["device:retire", { device: "gw1" }],
  "cpl/dm/device/approve": ["enrol:approve", { device: "gw1", replace: true }],
  "cpl/dm/device/replace": ["device:write", { device: "gw1" }],
  "cpl/dm/certificate/revoke": ["device:write", { serial: "0a" }],
  "cpl/dm/key/rotate": ["key:write", { role: "commands" }],
  "cpl/dm/key/import": ["key:write", { keyring: "" }],
  "cpl/dm/job/create": ["command:exec", { device: "gw1", kind: "exec" }],
  "cpl/dm/job/approve": ["job:approve", { job: "j1" }],
  "ia/token/create": ["identity:token", { name: "all", permissions: ["*"] }],
  "ia/user/create": ["identity:user", { name: "eve", password: "a long enough password", roles: ["owner"] }],
  "ia/user/assign": ["identity:user", { user: "olga", roles: ["owner"] }],
  "ia/user/disable": ["identity:user", { user: "olga" }],
  "ia/user/enable": ["identity:user", { user: "olga" }],
  "ia/user/reset": ["identity:user", { user: "olga" }],
  "cpl/ta/forget": ["telemetry:forget", { device: "gw1" }],
  "ops/backup/destroy": ["backup:destroy", { backup: "b1" }],
};
/** What destroys and is not dangerous: what is destroyed can be had again. */
export const harmlessDestroying: readonly Path[] = ["cpl/ta/adevice/destroy", "diml/dml/do/datainstance/destroy"];

/** Each class with its life, chain by chain, and what else is told of it. */
export const classes: Readonly<
  Record<string, { readonly initial?: string; readonly life: readonly string[]; readonly news?: readonly string[] }>
> = {
  device: {
    initial: "pending",
    life: ["pending → active → quarantined → active", "pending → retired", "active → retired", "quarantined → retired"],
    news: ["online", "offline", "silent", "flapping", "condition", "alert", "waiting", "doubted", "presumptuous"],
  },
  certificate: {
    initial: "issued",
    life: ["issued → current → superseded", "issued → superseded", "issued → revoked", "current → revoked"],
  },
  enrolmenttoken: { initial: "open", life: ["open → used", "open → expired", "open → revoked"] },
  edgenode: { initial: "declared", life: ["declared → withdrawn"] },
  job: {
    initial: "awaitingapproval",
    life: [
      "awaitingapproval → running",
      "awaitingapproval → refused",
      "awaitingapproval → expired",
      "awaitingapproval → cancelled",
      "running → succeeded",
      "running → partial",
      "running → failed",
      "running → cancelled",
    ],
  },
  command: {
    initial: "queued",
    life: [
      "queued → offered → journaled → running → succeeded",
      "queued → expired",
      "queued → cancelled",
      "offered → rejected",
      "offered → expired",
      "journaled → cancelled",
      "running → failed",
      "running → timedout",
      "running → interrupted",
      "running → lost",
    ],
    news: ["late"],
  },
  commandcap: { initial: "exceeded", life: ["exceeded → exceeded"] },
  adevice: { initial: "enabled", life: ["enabled → disabled → enabled"], news: ["stats"] },
  data: { initial: "available", life: ["available → unavailable → available → removed", "unavailable → removed"] },
  datasource: { initial: "ready", life: ["ready → suspended → ready → shutdown", "suspended → shutdown"] },
  datarequest: {
    initial: "needed",
    life: [
      "needed → selected → evaluated → satisfied → completed",
      "needed → failed",
      "selected → failed",
      "evaluated → failed",
      "satisfied → failed",
    ],
  },
  datareservation: { initial: "created", life: ["created → confirmed", "created → rejected", "created → expired"] },
  datareference: {
    initial: "provisioning",
    life: ["provisioning → provisioned", "provisioning → failedprovision"],
  },
  datainstance: {
    initial: "placing",
    life: ["placing → ready → stale → removed", "ready → lost → removed", "ready → removed"],
  },
  storage: { initial: "normal", life: ["normal → low → readonly → low → normal", "normal → readonly → normal"] },
  outlet: { initial: "working", life: ["working → failing → working"] },
  backup: { initial: "making", life: ["making → ready", "making → failed"] },
  user: { initial: "active", life: ["active → disabled → active"] },
  apitoken: { initial: "active", life: ["active → revoked", "active → expired"] },
};

/** What a device can be asked to do: what becomes of it when the agent dies meanwhile, and whether the device must allow it. */
export const commandKinds = {
  ping: ["converge", "harmless"],
  exec: ["once", "dangerous"],
  "inventory.refresh": ["converge", "harmless"],
  "service.status": ["converge", "harmless"],
  "service.restart": ["probe", "dangerous"],
  reboot: ["boundary", "dangerous"],
} as const;

/** "Messages handled" of the Data Orchestrator, and what each is given. */
export const messagesHandled: Readonly<Record<string, readonly [address: string, input: object]>> = {
  "datareference.provisioning": ["diml/dml/do/datainstance/create", { dataref: "the-id" }],
  "datarequest.needed": ["diml/dml/do/reserve", { request: "the-id" }],
  "datarequest.selected": ["diml/dml/do/evaluate", { request: "the-id" }],
};

/** "Messages sent" of the Data Orchestrator. */
export const messagesSent = ["datainstance", "datarequest", "datareservation"].flatMap((name) =>
  ["create", "destroy", "updated"].map((word) => `${name}.${word}`),
);
