import assert from "node:assert/strict";
import { test } from "node:test";
import { createClient } from "@edgemere/control-plane/client";
import { backedUp } from "../faults/backups.ts";
import { createJob, endOf } from "../world/jobs.ts";
import { eventually, owner, startWorld, type World } from "../world/world.ts";
import { filesBelow, leaksOf, seenOf, storedIn, type Place } from "./canaries.ts";

const victor = { name: "canary-viewer", password: "the viewer's long password" };

/** A world in which everything has a name that stands nowhere else, and every secret is known. */
async function aWatchedWorld() {
  const world = await startWorld({ devices: 2, prefix: "canary-device" });
  const { client, controlPlane } = world;
  await client.call("ia/user/create", { ...victor, roles: ["viewer"] });
  const { token: session = "" } = await createClient({ baseUrl: world.baseUrl }).call("ia/signin", victor);
  const api = await client.call("ia/token/create", { name: "canary-token", permissions: ["device:read"] });
  const enrolment = await client.call("cpl/dm/token/create", {});
  await endOf(world, await createJob(world, "canary-device-001", "ping"));
  const secretOf = (token: string) => token.split("_").slice(2).join("_");
  const secrets = {
    "the owner's password": owner.password,
    "the viewer's password": victor.password,
    "the setup code": controlPlane.ready.setupCode ?? "",
    "the owner's session": secretOf(world.token),
    "the viewer's session": secretOf(session),
    "the API token": secretOf(api.token),
    "the enrolment token": enrolment.token.split(".")[3] ?? "",
  };
  return { world, session, secrets };
}

/** Every address that the server tells of, and those that it has beside. */
async function addressesOf({ baseUrl }: World): Promise<readonly string[]> {
  const document = (await (await fetch(`${baseUrl}/edgemere/openapi.json`)).json()) as { paths: object };
  const paths = Object.keys(document.paths);
  assert.ok(paths.length > 50, "the document names all actions");
  const beside = ["/", "/admin", "/edgemere/docs", "/edgemere/catalogue.json", "/edgemere/openapi.json", "/healthz"];
  return [...paths, ...beside, "/readyz", "/problems", "/metrics", "/edgemere/socket.io/?EIO=4&transport=polling"];
}

/** What each address answers, body and head, with the names that somebody may guess. */
async function* answers(world: World, token?: string): AsyncGenerator<Place> {
  const headers = token === undefined ? {} : { authorization: `Bearer ${token}` };
  const guesses = ["", "?device=canary-device-001", "?id=canary-viewer&user=canary-viewer&name=owner"];
  for (const address of await addressesOf(world))
    for (const guess of guesses) {
      const url = `${world.baseUrl}${address}${address.includes("?") ? "" : guess}`;
      const response = await fetch(url, { headers, redirect: "manual" });
      const head = JSON.stringify([...response.headers]);
      // What was asked comes back in a refusal, and is nothing that we told.
      const body = (await response.text()).replaceAll(/canary-[a-z]+(-001)?/g, (word) =>
        guess.includes(word) ? "" : word,
      );
      yield { name: `${response.status} of ${address}${guess}`, bytes: Buffer.from(`${head}\n${body}`) };
    }
}

test("T39 no address tells a stranger a secret, or the name of a device, a person or a token", async () => {
  const { world, secrets } = await aWatchedWorld();
  await using _ = world;
  const devices = (await world.client.call("cpl/dm/device/list")).items;
  const names = Object.fromEntries(
    devices.flatMap(({ id, name, machineId }) => [
      [`the id of ${name}`, id],
      [`the name of ${name}`, name],
      [`the machine id of ${name}`, machineId],
    ]),
  );

  const found = await leaksOf(
    { ...secrets, ...names, "the name of a token": "canary-token", "the viewer's name": "canary-viewer" },
    answers(world),
  );

  assert.deepEqual(found, []);
});

test("T39 no address tells a viewer a secret or what a secret can be guessed from", async () => {
  const { world, secrets, session } = await aWatchedWorld();
  await using _ = world;

  const seen: Place[] = [];
  for await (const each of answers(world, session)) seen.push(each);

  assert.ok(seen.some(({ name, bytes }) => name.startsWith("200") && Buffer.from(bytes).includes("canary-device-001")));
  const figures = seen.find(({ name }) => name === "200 of /metrics");
  assert.doesNotMatch(String(Buffer.from(figures?.bytes ?? "canary-")), /canary-/, "figures name nobody");
  const hidden = {
    "a private key": "PRIVATE KEY",
    "the hash of a secret": "secretHash",
    "that of a password": "passwordHash",
  };
  assert.deepEqual(await leaksOf({ ...secrets, ...hidden }, seen), []);
});

test("T39 no secret is in the log, in the arguments and environment, in the store, in its backup or in the audit's copy", async () => {
  const { world, secrets } = await aWatchedWorld();
  await using _ = world;
  const { controlPlane, client } = world;
  await backedUp(client);
  const { entries } = await client.call("ia/audit/verify");
  await eventually(async () => (await client.call("ia/audit/verify")).compared >= entries, "the copy to be made");

  const process = await leaksOf(secrets, seenOf("the control plane", controlPlane.pid));
  await controlPlane.stop();
  const log = await leaksOf(secrets, [{ name: "the log", bytes: Buffer.from(controlPlane.output) }]);
  const files = await leaksOf(secrets, filesBelow(controlPlane.dataFolder));
  const store = await leaksOf(secrets, storedIn(controlPlane.dataFolder));

  assert.deepEqual([...process, ...log, ...files, ...store], []);
});
