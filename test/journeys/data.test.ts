import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { mkdir, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";
import { ask } from "../world/faces.ts";
import { happenings, newestNumber } from "../world/happenings.ts";
import { eventually, startWorld, type World } from "../world/world.ts";

/** A device whose directory "logs" holds these files, once the catalogue knows all of them. */
async function aWorldWithLogs(files: Readonly<Record<string, string>>): Promise<World & { readonly logs: string }> {
  const world = await startWorld();
  const logs = join(world.folder, "logs");
  await mkdir(logs);
  for (const [name, content] of Object.entries(files)) await writeFile(join(logs, name), content);
  await world.enrolAgent("gw1", ["--source", `logs=${logs}`, "--tag", "logs:site=berlin"]);
  await eventually(
    async () => (await found(world, "source:logs")).length === Object.keys(files).length,
    "the catalogue to know the files",
  );
  return { ...world, logs };
}

const found = async ({ client }: World, expression: string) =>
  (await client.call("diml/dml/fmdm/query", { expression, limit: 500 })).items;

const sha256 = (content: string) => createHash("sha256").update(content).digest("hex");

test("the catalogue shows the files of a device and follows them", async () => {
  await using world = await aWorldWithLogs({ "app.log": "one", "trace.pcap": "bytes" });
  const { logs } = world;

  const [log] = await found(world, "kind:log");
  assert.deepEqual(
    [log?.name, log?.bytes, log?.hash, log?.access, log?.state],
    ["app.log", 3, sha256("one"), "read", "available"],
  );
  assert.deepEqual(log?.tags, { kind: "log", extension: "log", source: "logs", device: "gw1", site: "berlin" });
  assert.equal((await found(world, "site:berlin and size > 3"))[0]?.name, "trace.pcap");
  assert.deepEqual(await found(world, "site:paris"), []);

  await writeFile(join(logs, "app.log"), "one and two");
  await writeFile(join(logs, "new.csv"), "a,b");
  await rm(join(logs, "trace.pcap"));
  const now = await eventually(async () => {
    const all = await found(world, "source:logs");
    const isSeen = all.some(({ hash }) => hash === sha256("one and two"));
    return isSeen && all.length === 2 && all.some(({ name }) => name === "new.csv") && all;
  }, "the catalogue to follow");

  assert.deepEqual(now.map(({ name }) => name).toSorted(), ["app.log", "new.csv"]);
  assert.equal(now.find(({ name }) => name === "app.log")?.id, log?.id, "changed data is the same data");
});

test("a data request goes from need to satisfaction, event by event, and its time ends it", async () => {
  await using world = await aWorldWithLogs({ "app.log": "one", "trace.pcap": "bytes" });
  const after = await newestNumber(world);

  const { id, state } = await world.client.call("diml/find", { query: "kind:capture", name: "captures", lifetime: 2 });

  assert.equal(state, "needed");
  const types = ["datarequest.*", "datareservation.*", "datainstance.*"];
  const news = await happenings(world, { types, after, until: ({ type }) => type === "datarequest.completed" });
  assert.deepEqual(
    news.map(({ type }) => type),
    [
      "datarequest.create",
      "datarequest.needed",
      "datareservation.create",
      "datareservation.created",
      "datarequest.updated",
      "datarequest.selected",
      "datareservation.updated",
      "datareservation.confirmed",
      "datainstance.create",
      "datainstance.placing",
      "datainstance.updated",
      "datainstance.ready",
      "datarequest.updated",
      "datarequest.evaluated",
      "datarequest.updated",
      "datarequest.satisfied",
      "datainstance.updated",
      "datainstance.removed",
      "datainstance.destroy",
      "datarequest.updated",
      "datarequest.completed",
    ],
  );
  const instance = news.find(({ type }) => type === "datainstance.ready")?.data;
  assert.deepEqual([instance?.["path"], instance?.["hash"]], [join(world.logs, "trace.pcap"), sha256("bytes")]);
  const { request, reservations, instances } = await world.client.call("diml/dml/do/datarequest/explain", {
    request: "captures",
  });
  assert.deepEqual([request.id, request.state, instances], [id, "completed", []]);
  assert.deepEqual(
    reservations.map(({ decision, state }) => [decision, state]),
    [["leave", "confirmed"]],
  );
});

test("a request that nothing matches fails and says so, and so does its reference", async () => {
  await using world = await startWorld();
  const { client } = world;

  const { id } = await client.call("diml/find", { query: "owner:darren" });
  const { reference } = await client.call("diml/dml/do/datainstance/create", {
    dataref: { name: "darren", query: "owner:darren" },
  });

  const request = await eventually(async () => {
    const row = await client.call("diml/dml/do/datarequest/find", { id });
    return row.state === "failed" && row;
  }, "the request to fail");
  assert.equal(request.reason, "no data that can be reached matches owner:darren");
  await eventually(
    async () => (await client.call("diml/dml/do/datareference/find", { id: reference })).state === "failedprovision",
    "the reference to fail",
  );
  await assert.rejects(
    client.call("diml/dml/do/datainstance/create", { dataref: "darren" }),
    /the data reference "darren" failed: no data .* make one with another name/,
  );
  await assert.rejects(client.call("diml/find", { query: "size >" }), /size >/);
});

test("a data reference is provisioned, and its instances are found, listed and destroyed by the specification's addresses", async () => {
  await using world = await aWorldWithLogs({ "app.log": "one", "sys.log": "two" });
  const rest = (method: string, path: string, query: Readonly<Record<string, string>>) =>
    ask(`${world.baseUrl}/edgemere/diml/dml/do/${path}?${new URLSearchParams(query)}`, method, { token: world.token });
  const dataref = JSON.stringify({ name: "logs", shortName: "l", query: "kind:log" });

  const made = await rest("POST", "datainstance/create", { dataref });
  assert.equal(made.status, 200);
  await eventually(
    async () => (await rest("GET", "datareference/find", { id: "logs" })).body["state"] === "provisioned",
    "the reference to be provisioned",
  );

  const listed = await rest("GET", "datainstance/list", { attr1: "name:app.log and device:gw1" });
  const [instance, ...others] = listed.body["items"] as readonly Instance[];
  assert.deepEqual([instance?.name, instance?.state, others], ["app.log", "ready", []]);
  assert.equal(instance?.path, join(world.logs, "app.log"));
  const { id } = instance;
  assert.equal((await rest("GET", "datainstance/find", { attr1: id })).body["hash"], sha256("one"));
  assert.equal((await rest("GET", "datainstance/destroy", { attr1: id })).status, 405);
  assert.equal((await rest("DELETE", "datainstance/destroy", { attr1: id })).body["state"], "removed");
  const gone = await rest("GET", "datainstance/find", { attr1: id });
  assert.deepEqual([gone.status, gone.body["detail"]], [404, `there is no datainstance "${id}"`]);
});

interface Instance {
  readonly id: string;
  readonly name: string;
  readonly state: string;
  readonly path: string;
}
