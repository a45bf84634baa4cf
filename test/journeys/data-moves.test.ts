import assert from "node:assert/strict";
import { mkdir, readdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";
import type { AgentProgram } from "../world/agent-program.ts";
import { sha256Of, someContent } from "../world/files.ts";
import { happenings, newestNumber } from "../world/happenings.ts";
import { eventually, startWorld } from "../world/world.ts";

const MiB = 1024 ** 2;
const SIZE = 12 * MiB;
const SLOWLY = ["--bandwidth", "00:00-24:00=8MiB"];

test("data moves between real agents, whoever dies meanwhile, and its copies are kept", async (t) => {
  await using world = await startWorld();
  const { client, folder, controlPlane } = world;
  const content = someContent(SIZE);
  const hash = sha256Of(content);
  const agents = new Map<string, AgentProgram>();
  const directory = (name: string) => join(folder, `data-of-${name}`);
  for (const name of ["gw1", "b1", "b2"]) {
    await mkdir(directory(name));
    if (name === "gw1") await writeFile(join(directory(name), "evidence.pcap"), content);
    const flags = ["--source", `data=${directory(name)}`, "--source-takes", "data", ...SLOWLY];
    agents.set(name, await world.enrolAgent(name, flags));
    const { id: device } = await client.call("cpl/dm/device/find", { device: name });
    if (name !== "gw1") await client.call("cpl/dm/device/label", { device, set: { site: "berlin" } });
  }
  await eventually(
    async () => (await client.call("diml/dml/fmdm/query", { expression: "kind:capture" })).items.length === 1,
    "the catalogue to know the data",
  );
  await eventually(
    async () => (await client.call("diml/dml/fmdm/datasource/list", {})).items.length === 3,
    "three sources that take data",
  );
  const kill = async (name: string) => {
    agents.get(name)?.signal("SIGKILL");
    await agents.get(name)?.ended();
  };
  const request = { query: "name:evidence.pcap", where: "site=berlin", copies: 2, keep: true, lifetime: 86_400 };
  const explain = () => client.call("diml/dml/do/datarequest/explain", { request: "evidence" });
  const filesIn = (name: string) => readdir(directory(name));
  const copyIn = async (name: string) =>
    join(directory(name), (await filesIn(name)).find((each) => each.endsWith("-evidence.pcap")) ?? "");
  const areReady = () =>
    eventually(async () => {
      const { instances } = await explain();
      return instances.length === 2 && instances.every(({ state }) => state === "ready");
    }, "two instances to be ready");

  await t.test("a plan tells what would be moved where, before anything is", async () => {
    const { steps, cost, refusal } = await client.call("diml/plan", {
      query: request.query,
      where: request.where,
      copies: request.copies,
    });
    const tooMany = await client.call("diml/plan", { query: request.query, where: request.where, copies: 3 });

    assert.deepEqual([steps.length, cost.bytes, refusal], [2, 2 * SIZE, ""]);
    assert.match(tooMany.refusal, /cannot hold together: where site=berlin .*; copies 3/);
  });

  await t.test("both copies stand, though source, control plane and target are killed in the middle", async () => {
    const after = await newestNumber(world);
    await client.call("diml/find", { ...request, name: "evidence" });
    // Where all is over before somebody looks, nothing is left to be killed in the middle.
    const hasSent = async (bytes: number) => {
      const [sent] = (await client.call("cpl/dm/file/list", {})).items;
      return (sent?.received ?? 0) > bytes || (await explain()).instances.some(({ state }) => state === "ready");
    };
    await eventually(() => hasSent(3 * MiB), "the source to have sent some");
    await kill("gw1");
    agents.get("gw1")?.run();
    await eventually(() => hasSent(6 * MiB), "the source to go on");
    await controlPlane.kill();
    await controlPlane.start();
    const partOf = async (name: string) => (await filesIn(name)).find((each) => each.endsWith(".part"));
    // One that is quicker than whoever looks is not killed: what must be true afterwards is the same.
    const dying = await eventually(async () => {
      const parts = await Promise.all(["b1", "b2"].map(partOf));
      if (parts[0] !== undefined) return "b1";
      if (parts[1] !== undefined) return "b2";
      const { instances } = await explain();
      return instances.length === 2 && instances.every(({ state }) => state === "ready") && "nobody";
    }, "a target to fetch");
    await kill(dying);
    agents.get(dying)?.run();

    await areReady();

    for (const name of ["b1", "b2"]) {
      assert.equal(sha256Of(await readFile(await copyIn(name))), hash);
      assert.equal(await partOf(name), undefined, "no half file is left");
    }
    const { reservations, instances } = await explain();
    assert.deepEqual(
      reservations.map(({ state, decision, cost }) => [state, decision, cost.bytes]),
      [
        ["confirmed", "copy", SIZE],
        ["confirmed", "copy", SIZE],
      ],
    );
    assert.ok(instances.every((each) => each.hash === hash));
    const news = await happenings(world, {
      types: ["datarequest.*"],
      after,
      until: ({ type }) => type === "datarequest.satisfied",
    });
    assert.deepEqual(
      news.map(({ type }) => type).filter((type) => type !== "datarequest.updated"),
      [
        "datarequest.create",
        "datarequest.needed",
        "datarequest.selected",
        "datarequest.evaluated",
        "datarequest.satisfied",
      ],
    );
    const copies = (await client.call("diml/dml/fmdm/query", { expression: "kind:capture and site:berlin" })).items;
    assert.deepEqual(copies, [], "a label of a device is no tag of its data");
    const sources = (await client.call("diml/dml/fmdm/datasource/list", {})).items;
    assert.ok(sources.every(({ reservedBytes, placingBytes }) => reservedBytes + placingBytes === 0));
  });

  await t.test("a copy that is damaged is made anew", async () => {
    const path = await copyIn("b1");
    await writeFile(path, "rotten");

    await eventually(async () => sha256Of(await readFile(path)) === hash, "the copy to be whole again");

    await areReady();
  });

  await t.test("what is moved is gone where it lay, and stands elsewhere with its hash", async () => {
    const report = someContent(MiB, 3);
    await writeFile(join(directory("gw1"), "report.csv"), report);
    await eventually(
      async () => (await client.call("diml/dml/fmdm/query", { expression: "kind:csv" })).items.length === 1,
      "the catalogue to know the report",
    );

    await client.call("diml/find", { query: "kind:csv", device: "b2", use: "move", name: "relief" });

    await eventually(async () => !(await filesIn("gw1")).includes("report.csv"), "the report to be taken away");
    const moved = (await filesIn("b2")).find((each) => each.endsWith("-report.csv")) ?? "";
    assert.equal(sha256Of(await readFile(join(directory("b2"), moved))), sha256Of(report));
    const { instances } = await client.call("diml/dml/do/datarequest/explain", { request: "relief" });
    assert.deepEqual(
      instances.map(({ state, decision }) => [state, decision]),
      [["ready", "move"]],
    );
  });
});
