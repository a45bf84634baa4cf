import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { chmod, readdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";
import { asNobody, noPostgresql, noSqlite, startPostgresql } from "../world/databases.ts";
import { createJob, endOf } from "../world/jobs.ts";
import { temporaryFolder } from "../world/temporary-folder.ts";
import { eventually, startWorld, type World } from "../world/world.ts";

const found = async ({ client }: World, expression: string) =>
  (await client.call("diml/dml/fmdm/query", { expression, limit: 500 })).items;
const sourceOf = async ({ client }: World, name: string) =>
  (await client.call("diml/dml/fmdm/datasource/list", { limit: 500 })).items.find((each) => each.name === name);
const program = (name: string, args: readonly string[]): string => {
  const { status, stdout, stderr } = spawnSync(name, args, { encoding: "utf8" });
  assert.equal(status, 0, stderr);
  return stdout.trim();
};

test(
  "snapshots of a SQLite database are data, whole while it is written to, and the same is not kept twice",
  { skip: noSqlite },
  async () => {
    await using world = await startWorld();
    await using own = await temporaryFolder("database");
    const folder = own.path;
    await chmod(folder, 0o755);
    const database = join(folder, "it's an app.db");
    const sql = (text: string) => program("sqlite3", [database, text]);
    sql("create table sale (id integer primary key, item text); insert into sale (item) values ('first');");
    const directory = join(world.folder, "app");
    const flags = [
      "--source",
      `app=${directory}`,
      "--source-database",
      `app=sqlite:${database}`,
      "--source-snapshot",
      "app=1s",
    ];
    await world.enrolAgent("gw1", [...flags, "--source-keep", "app=2", ...asNobody("app")]);

    const [first] = await eventually(async () => {
      const all = await found(world, "engine:sqlite");
      return all.length > 0 && all;
    }, "the first snapshot to be known");
    assert.deepEqual([first?.tags["database"], first?.tags["kind"]], ["it's an app.db", "database"]);
    assert.match(first?.tags["engine_version"] ?? "", /^\d+\.\d+/);
    assert.equal(program("sqlite3", [join(directory, first?.name ?? ""), "select item from sale"]), "first");
    assert.equal((await sourceOf(world, "app"))?.kind, "database");

    for (const item of ["second", "third"]) {
      const known = await readdir(directory);
      sql(`insert into sale (item) values ('${item}')`);
      await eventually(
        async () => (await readdir(directory)).some((name) => !known.includes(name) && name.endsWith(".sqlite")),
        `a snapshot with the ${item}`,
      );
    }
    const left = await eventually(async () => {
      const all = await found(world, "engine:sqlite");
      return all.length === 2 && all.every(({ id }) => id !== first?.id) && all;
    }, "the two newest to be left");
    assert.equal(new Set(left.map(({ hash }) => hash)).size, 2);
    const newest =
      left
        .map(({ name }) => name)
        .toSorted()
        .at(-1) ?? "";
    assert.equal(
      program("sqlite3", [join(directory, newest), "pragma integrity_check; select count(*) from sale"]),
      "ok\n3",
    );

    // A database that is none says so, and nothing half stays.
    await writeFile(database, "this is no database, and long enough to be read as one");
    const source = await eventually(async () => {
      const row = await sourceOf(world, "app");
      return (row?.condition ?? "") !== "" && row;
    }, "the failure to be told");
    assert.match(source.condition ?? "", /^sqlite3 ended with exit code 1: .*not a database/);
    assert.ok((source.nextTryAt ?? 0) > 0 && source.state === "ready");
    assert.equal((await readdir(directory)).length, 2);
  },
);

test(
  "snapshots of a PostgreSQL database are data, and its password is in no argument and no answer",
  { skip: noPostgresql },
  async () => {
    const password = "correct horse battery";
    await using server = await startPostgresql(password);
    server.sql("postgres", "create database shop");
    server.sql("shop", "create table sale as select n, 'item ' || n as item from generate_series(1, 1000) n");
    await using world = await startWorld();
    const directory = join(world.folder, "shop");
    const address = `postgresql://keeper@127.0.0.1:${server.port}/shop`;
    const flags = ["--source", `shop=${directory}`, "--source-database", `shop=${address}`, ...asNobody("shop")];
    const agent = await world.enrolAgent("gw1", [...flags, "--source-password-file", `shop=${server.passwordFile}`]);

    const [piece] = await eventually(async () => {
      const all = await found(world, "engine:postgresql and database:shop");
      return all.length > 0 && all;
    }, "the first snapshot to be known");
    const file = join(directory, piece?.name ?? "");

    server.sql("shop", "insert into sale values (1001, 'asked for')");
    const asked = await endOf(world, await createJob(world, "gw1", "data.snapshot", { source: "shop" }));
    assert.equal(asked.state, "succeeded", asked.detail);
    const second = await eventually(
      async () => (await found(world, "engine:postgresql")).find(({ id }) => id !== piece?.id),
      "the snapshot that was asked for to be known",
    );
    assert.match(program("pg_restore", ["--file=-", "--data-only", join(directory, second.name)]), /1001\tasked for/);
    assert.match(program("pg_restore", ["--list", file]), /TABLE DATA public sale keeper/);
    assert.match(program("pg_restore", ["--file=-", "--data-only", file]), /1000\titem 1000/);
    assert.ok(!agent.output.includes(password));
    assert.ok(!JSON.stringify([await sourceOf(world, "shop"), piece]).includes(password));

    // One whose file everybody can read is none to the engine, and it says so.
    await chmod(server.passwordFile, 0o644);
    await agent.stop();
    await world.enrolAgent("gw2", [
      ...flags.map((word) => word.replace(`=${directory}`, `=${directory}2`)),
      "--source-password-file",
      `shop=${server.passwordFile}`,
    ]);
    const condition = await eventually(async () => {
      const { items } = await world.client.call("diml/dml/fmdm/datasource/list", { limit: 500 });
      return items.find(({ path }) => path === `${directory}2`)?.condition || false;
    }, "the failure to be told");
    assert.match(condition, /password file .* has group or world access; .* no password supplied/);
    assert.deepEqual(await readdir(`${directory}2`), []);
    assert.ok((await readFile(file)).length > 0);
  },
);
