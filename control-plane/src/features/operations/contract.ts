import { Type } from "@sinclair/typebox";
import { machine } from "@edgemere/protocol/kit";
import { action, PageOf, pageInput, Ref } from "../../platform/action.ts";
import { resource, rowSchema, type Row } from "../../platform/resource.ts";
import { statesInput } from "../../platform/states.ts";

/** The id of the one row that tells how the disk is. */
export const DISK = "disk";

/** How the disk is, as a row, so that faces show it and rules hear of it. */
export const storage = resource({
  name: "storage",
  summary: "The disk under the control plane",
  shape: Type.Object({
    /** When the state was last told. */
    freeBytes: Type.Number(),
    totalBytes: Type.Number(),
  }),
  life: machine("storage", "normal", {
    normal: { fill: "low", close: "readonly" },
    low: { clear: "normal", close: "readonly" },
    readonly: { ease: "low", clear: "normal" },
  }),
});

/** What a drill found. */
const Verdict = {
  passed: Type.Boolean(),
  entries: Type.Integer(),
  bytes: Type.Number(),
  seconds: Type.Number(),
  mistakes: Type.Array(Type.String()),
};

export const backup = resource({
  name: "backup",
  summary: "A copy of everything the control plane keeps, in one file",
  shape: Type.Object({
    origin: Type.Union([Type.Literal("asked"), Type.Literal("schedule"), Type.Literal("found")]),
    author: Type.String(),
    /** Entries and bytes so far, or in all. */
    entries: Type.Integer(),
    bytes: Type.Number(),
    /** Of the file, packed. */
    fileBytes: Type.Number(),
    sha256: Type.String(),
    /** Damaged values of the store, which are not in it. */
    damaged: Type.Integer(),
    generation: Type.Integer(),
    /** Why it failed. */
    reason: Type.String(),
    /** The newest proof of it, or of the contrary. */
    drill: Type.Optional(Type.Object({ at: Type.Integer(), ...Verdict })),
  }),
  life: machine("backup", "making", { making: { finish: "ready", fail: "failed" }, ready: {}, failed: {} }),
  indexes: { state: ({ state, id }) => [[state, id]] },
});

const BackupRef = Ref("backup", "The backup: its id");

export const createBackup = action({
  path: "ops/backup/create",
  summary: "Make a backup of everything into one file, while all goes on",
  effect: "write",
  permission: "backup:create",
  input: Type.Object({}),
  output: rowSchema(backup),
});
export const listBackups = action({
  path: "ops/backup/list",
  summary: "List backups, newest first, with the one that is being made",
  effect: "read",
  permission: "backup:read",
  input: Type.Object({ ...statesInput(backup), ...pageInput }),
  output: PageOf(rowSchema(backup)),
});
export const findBackup = action({
  path: "ops/backup/find",
  summary: "Show one backup and how far it is",
  effect: "read",
  permission: "backup:read",
  input: Type.Object({ backup: BackupRef }),
  output: Type.Object({ backup: rowSchema(backup), folder: Type.String(), file: Type.String() }),
});
export const drillBackup = action({
  path: "ops/backup/drill",
  summary: "Prove that a backup can be restored: restore it into a temporary folder and compare everything",
  effect: "write",
  permission: "backup:create",
  input: Type.Object({
    backup: Type.Optional(Ref("backup", "The backup: its id; one made for this when absent")),
  }),
  takesLong: true,
  output: Type.Object(Verdict),
});
export const destroyBackup = action({
  path: "ops/backup/destroy",
  danger: () => "backup:destroy",
  summary: "Remove a backup and its file",
  effect: "destroy",
  permission: "backup:destroy",
  input: Type.Object({ backup: BackupRef }),
  output: Type.Object({ id: Type.String() }),
});
export const findStorage = action({
  path: "ops/storage/find",
  summary: "Tell how full the disk is, and whether writes are taken",
  effect: "read",
  permission: "storage:read",
  input: Type.Object({}),
  output: Type.Object({
    state: Type.String({ description: "normal, low or readonly" }),
    since: Type.Optional(Type.Integer({ description: "When it became so" })),
    freeBytes: Type.Number({ description: "Free, without the ballast" }),
    totalBytes: Type.Number(),
    lowBelow: Type.Number({ description: "Below so many free bytes there is an alarm" }),
    readonlyBelow: Type.Number({ description: "Below so many free bytes nothing new is taken" }),
    ballastBytes: Type.Number({ description: "Kept to be given away in need" }),
    advice: Type.Optional(Type.String({ description: "What to do" })),
  }),
});
export const readMetrics = action({
  path: "ops/metrics/read",
  summary: "Read the figures of the control plane and of the fleet, as /metrics gives them",
  effect: "read",
  permission: "metrics:read",
  isExposition: true,
  input: Type.Object({}),
  output: Type.Object({
    families: Type.Array(
      Type.Object({
        name: Type.String({ description: "In base units, with the unit at its end" }),
        help: Type.String(),
        type: Type.Union(["counter", "gauge", "histogram"].map((each) => Type.Literal(each))),
        samples: Type.Array(
          Type.Object({
            suffix: Type.String({ description: "Stands behind the name: _total, _bucket, _sum, _count or nothing" }),
            labels: Type.Record(Type.String(), Type.String()),
            value: Type.Number(),
          }),
        ),
      }),
    ),
  }),
});

export type Backup = Row<typeof backup>;
