import assert from "node:assert/strict";
import { mkdir, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { test } from "node:test";
import { missing } from "../faults/needs.ts";
import { cuttableDisk } from "../faults/tools/disks.ts";
import { sha256Of, someContent } from "../world/files.ts";
import { happenings, newestNumber } from "../world/happenings.ts";
import { eventually, startWorld } from "../world/world.ts";

const MiB = 1024 ** 2;
const skip = missing(["root", "loop"]) ?? false;

test(
  "a disk that fills has its data moved to another host by a policy, and its alert is over when there is room",
  { skip },
  async (t) => {
    await using world = await startWorld();
    const { client, folder } = world;
    await using disk = await cuttableDisk(folder, 64);
    const berlin = join(folder, "berlin");
    for (const each of [disk.folder, berlin]) await mkdir(each);
    const often = ["--every", "filesystems=1s", "--report", "1s"];
    await world.enrolAgent("gw1", ["--source", `data=${disk.folder}`, "--source-takes", "data", ...often]);
    await world.enrolAgent("b1", ["--source", `data=${berlin}`, "--source-takes", "data"]);
    await client.call("cpl/dm/device/label", { device: "b1", set: { site: "berlin" } });
    const { id: gw1 } = await client.call("cpl/dm/device/find", { device: "gw1" });
    const used = `value("filesystem.used_percent", "${dirname(disk.folder)}")`;
    const alertOf = async () => (await client.call("sa/pe/alert/find", { alert: `${gw1}/full` })).state;
    const capture = someContent(24 * MiB);
    const after = await newestNumber(world);

    await t.test("a dry run and the vocabulary are asked before the policy is saved", async () => {
      await client.call("sa/pe/policy/check", { condition: `${used} > 60.0` });
      await assert.rejects(client.call("sa/pe/policy/check", { condition: "disk_full > 50" }), /disk_full/);
      await client.call("sa/pe/policy/create", {
        name: "full",
        condition: `${used} > 60.0`,
        selector: "name=gw1",
        freshFor: 60,
        effects: [{ do: "data", query: "device_id:{device} and kind:capture", where: "site=berlin", use: "move" }],
      });
    });

    await t.test("the disk fills, the policy fires, and the data stands on the other host with its hash", async () => {
      await writeFile(join(disk.folder, "evidence.pcap"), capture);
      await eventually(
        async () => (await client.call("diml/dml/fmdm/query", { expression: "kind:capture" })).items.length === 1,
        "the catalogue to know the data",
      );
      await eventually(
        async () => (await client.call("diml/dml/fmdm/datasource/list", {})).items.length === 2,
        "both hosts to take data",
      );
      await writeFile(join(disk.folder, "swap"), someContent(16 * MiB, 2));

      const moved = await eventually(async () => {
        const found = (await readdir(berlin)).find((each) => each.endsWith("-evidence.pcap"));
        return found !== undefined && sha256Of(await readFile(join(berlin, found))) === sha256Of(capture) && found;
      }, "the data to be there, whole");

      assert.ok(moved);
      const [done] = (await client.call("sa/pe/alert/find", { alert: `${gw1}/full` })).done ?? [];
      assert.deepEqual([done?.what, done?.problem], ["data", undefined]);
    });

    await t.test("room is free again, and the alert is over", async () => {
      await eventually(
        async () => !(await readdir(disk.folder)).includes("evidence.pcap"),
        "the data to be taken away",
      );
      await eventually(async () => (await alertOf()) === "resolved", "the alert to be over");
    });

    await t.test("each step is told on the live channel, in its order", async () => {
      const types = ["alert.*", "datarequest.*", "datainstance.ready"];
      const news = await happenings(world, { types, after, until: ({ type }) => type === "alert.resolved" });
      const told = news.map(({ type }) => type);
      const steps = [
        "alert.firing",
        "datarequest.needed",
        "datarequest.evaluated",
        "datainstance.ready",
        "alert.resolved",
      ];

      assert.deepEqual(
        told.filter((type) => steps.includes(type)),
        steps,
      );
    });

    await rm(berlin, { recursive: true });
  },
);
