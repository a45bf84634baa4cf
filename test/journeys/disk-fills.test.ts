import assert from "node:assert/strict";
import { mkdir, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { test } from "node:test";
import { missing } from "../faults/needs.ts";
import { cuttableDisk } from "../faults/tools/disks.ts";
import { commandLine } from "../world/command-line.ts";
import { sha256Of, someContent } from "../world/files.ts";
import { happenings, newestNumber } from "../world/happenings.ts";
import { connect, EVENTS } from "../world/subscriber.ts";
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
    const permissions = ["policy:*", "data:*", "device:read", "telemetry:read", "event:read"];
    const { token } = await client.call("ia/token/create", { name: "operator", permissions });
    const shell = commandLine(join(folder, "home"));
    const typed = async (...words: readonly string[]) => {
      const { code, stdout, stderr } = await shell.run(words, "", {
        EDGEMERE_SERVER: world.baseUrl,
        EDGEMERE_TOKEN: token,
      });
      assert.equal(code, 0, stderr);
      return JSON.parse(stdout) as Record<string, unknown>;
    };
    const answered = async (...words: readonly string[]) => String((await typed("explain", ...words))["answer"]);
    await using subscriber = await connect(world, token);
    await subscriber.client.subscribeAsync(EVENTS, { qos: 1 });

    await t.test("a dry run and the vocabulary are asked before the policy is saved", async () => {
      const condition = `${used} > 60.0`;
      assert.deepEqual((await typed("policy", "check", "--condition", condition))["metrics"], [
        "filesystem.used_percent",
      ]);
      assert.deepEqual((await typed("policy", "dryrun", "--condition", condition, "--from", "-1h"))["fired"], []);
      await assert.rejects(client.call("sa/pe/policy/check", { condition: "disk_full > 50" }), /disk_full/);
      const effect = { do: "data", query: "device_id={device} and kind:capture", where: "site=berlin", use: "move" };
      const given = ["--name", "full", "--condition", condition, "--selector", "name=gw1", "--fresh-for", "60"];
      await typed("policy", "create", ...given, "--effects", JSON.stringify([effect]));
      await eventually(
        async () => /does not hold: .* is \d/.test(await answered("device", "gw1", "--policy", "full")),
        "the policy to look at the disk",
      );
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

    await t.test("the command line tells why: of the alert with its numbers, of the request, of the data", async () => {
      const { steps } = await client.call("sa/pe/alert/history", { alert: `${gw1}/full` });
      const [fired, over] = ["firing", "resolved"].map((state) => steps.find((each) => each.state === state));
      assert.ok((fired?.looked[0]?.value ?? 0) > 60 && (over?.looked[0]?.value ?? 100) <= 60, JSON.stringify(steps));
      assert.match(
        await answered("alert", `${gw1}/full`),
        /^it is over: its condition did not hold any more when value/,
      );
      const [done] = (await client.call("sa/pe/alert/find", { alert: `${gw1}/full` })).done ?? [];
      assert.match(await answered("datarequest", done?.made ?? ""), /^it has its data: 1 stand where they are wanted/);
      const { items } = await client.call("diml/dml/do/datainstance/list", {});
      assert.match(await answered("datainstance", items[0]?.id ?? ""), /^".*evidence\.pcap" on b1 stands at /);
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

    await t.test("each step is told to a subscriber over MQTT, in its order", async () => {
      const told = (await subscriber.upTo("edgemere.alert.resolved")).map(({ type }) => type);
      const steps = ["alert.firing", "datarequest.evaluated", "datainstance.ready", "alert.resolved"];

      assert.deepEqual(
        told.filter((type) => steps.includes(type.replace(/^edgemere\./, ""))),
        steps.map((each) => `edgemere.${each}`),
      );
    });

    await rm(berlin, { recursive: true });
  },
);
