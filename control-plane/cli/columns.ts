import type { Path } from "../src/faces/client.ts";

/**
 * What is shown of lists where nothing else is asked for, by the action that gives them or by the field that holds them.
 * Lists that are not here show their plain fields.
 */
const usual: Partial<
  Record<Path | "commands" | "reservations" | "instances" | "values" | "metrics", readonly string[]>
> = {
  commands: ["device", "state", "reason", "detail", "startedAt", "finishedAt", "outputBytes"],
  reservations: ["data", "decision", "state", "reason", "expiresAt"],
  instances: ["name", "state", "device", "bytes", "path"],
  values: ["metric", "instance", "value", "at"],
  metrics: ["metric", "instance"],
  "cpl/dm/device/list": ["name", "presence", "state", "presenceAt", "agent.version", "labels"],
  "cpl/dm/device/waiting": ["name", "identity.waitsFor", "identity.contender", "createdAt", "labels"],
  "cpl/dm/device/events": ["at", "name", "detail"],
  "cpl/ta/doubtful": ["receivedAt", "deviceAt", "offset", "rows"],
  "cpl/dm/device/history": ["at", "attribute", "before", "after"],
  "cpl/dm/job/list": ["id", "kind", "state", "devices", "author", "createdAt"],
  "cpl/dm/job/awaiting": ["id", "kind", "state", "devices", "author", "createdAt", "expiresAt"],
  "cpl/dm/rollout/list": ["id", "kind", "state", "pausedBy", "stop.reason", "selector", "author", "createdAt"],
  "cpl/dm/rollout/targets": ["name", "target.state", "text", "target.detail", "target.job", "target.endedAt"],
  "cpl/dm/file/list": ["id", "name", "state", "bytes", "author", "createdAt", "expiresAt", "reason"],
  "cpl/dm/job/kinds": ["kind", "summary", "lane", "dangerous"],
  "cpl/dm/recording/list": ["id", "state", "device", "author", "reason", "createdAt", "endedAt", "bytes", "detail"],
  "cpl/dm/release/list": ["name", "bytes", "sha256", "signature", "archive", "devices", "examples", "createdAt"],
  "cpl/dm/token/list": ["id", "state", "used", "uses", "expiresAt", "author", "labels"],
  "diml/dml/fmdm/query": ["name", "source", "device", "state", "bytes", "modifiedAt", "id"],
  "diml/dml/fmdm/data/list": ["name", "source", "device", "state", "bytes", "modifiedAt", "id"],
  "diml/dml/fmdm/datasource/list": ["name", "device", "state", "freeBytes", "totalBytes", "path"],
  "diml/dml/do/datarequest/list": ["id", "name", "state", "query", "createdAt", "reason"],
  "diml/dml/do/datarequest/history": ["number", "at", "type", "subject"],
  "diml/dml/do/datareference/list": ["id", "name", "state", "query", "createdAt"],
  "diml/dml/do/datainstance/list": ["id", "name", "state", "device", "bytes", "path"],
  "diml/dml/do/datareservation/list": ["id", "request", "data", "decision", "state", "expiresAt"],
  "ops/backup/list": ["id", "state", "origin", "createdAt", "entries", "bytes", "fileBytes", "drill.passed", "reason"],
  "ia/token/list": ["id", "name", "owner", "state", "expiresAt"],
  "ia/user/list": ["name", "state", "roles", "createdAt"],
  "ia/audit/list": ["id", "at", "actor", "via", "action", "decision", "objects"],
  "ia/audit/fleet": ["severity", "finding", "subject", "detail", "advice"],
  "ia/event/list": ["number", "at", "type", "subject"],
};

const HEAD = ["answer", "id", "name", "kind", "state"];
const BORING = new Set(["version", "updatedAt"]);

/** The columns for these rows: asked for, usual, or what the rows hold. */
export function columnsFor(list: string, rows: readonly unknown[], asked?: readonly string[]): readonly string[] {
  if (asked !== undefined) return asked;
  const known = (usual as Readonly<Record<string, readonly string[]>>)[list];
  if (known !== undefined) return known;
  const names = [...new Set(rows.flatMap((row) => Object.keys(row as object)))];
  return headFirst(names.filter((name) => !BORING.has(name)));
}

/** What a thing is called and how it is comes before all else. */
export const headFirst = (names: readonly string[]): readonly string[] => [
  ...HEAD.filter((name) => names.includes(name)),
  ...names.filter((name) => !HEAD.includes(name)),
];
