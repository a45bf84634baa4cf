import assert from "node:assert/strict";
import { createServer, type AddressInfo } from "node:net";
import { test } from "node:test";
import type { Listener } from "./config.ts";
import { CannotListen, Opened } from "./opened.ts";

/** Something that writes down when it is closed. */
const aPart = (name: string, closed: string[]) => ({
  name,
  [Symbol.asyncDispose]: async () => {
    await Promise.resolve();
    closed.push(name);
  },
});

async function aListener({ host, port }: Listener) {
  const server = createServer();
  await new Promise<void>((resolve, reject) => {
    server.once("error", reject);
    server.listen(port, host, resolve);
  });
  return {
    port: (server.address() as AddressInfo).port,
    [Symbol.asyncDispose]: () => new Promise<void>((resolve) => server.close(() => resolve())),
  };
}

test("what was opened is closed in the opposite order, each once", async () => {
  const closed: string[] = [];
  const opened = new Opened();
  await opened.add(Promise.resolve(aPart("store", closed)));
  const broker = await opened.add(Promise.resolve(aPart("broker", closed)));
  await opened.listen("portal", { host: "127.0.0.1", port: 0 }, async () => aPart("portal", closed));

  await opened[Symbol.asyncDispose]();
  await opened[Symbol.asyncDispose]();

  assert.equal(broker.name, "broker");
  assert.deepEqual(closed, ["portal", "broker", "store"]);
});

test("what failed to open is not closed, and what was open before it is", async () => {
  const closed: string[] = [];
  const opened = new Opened();
  await opened.add(Promise.resolve(aPart("store", closed)));

  await assert.rejects(opened.add(Promise.reject(new Error("no disk"))), /no disk/);
  await opened[Symbol.asyncDispose]();

  assert.deepEqual(closed, ["store"]);
});

test("a port that another program has is told with the option that helps", async () => {
  await using opened = new Opened();
  const on = { host: "127.0.0.1", port: 0 };
  const { port } = await opened.listen("mqtt", on, aListener);

  await assert.rejects(opened.listen("mqtt", { ...on, port }, aListener), (error: Error) => {
    assert.ok(error instanceof CannotListen);
    assert.equal(
      error.message,
      `port ${port} on 127.0.0.1 is taken by another program: stop it, or choose another with --mqtt-port`,
    );
    return true;
  });
});

for (const [code, message] of [
  ["EACCES", "this user may not take port 443 on gw1: choose one from 1024 on with --portal-port"],
  ["EADDRNOTAVAIL", "gw1 is no address of this machine: choose another with --portal-host"],
  ["ENOTFOUND", "gw1 is no known host name: choose another with --portal-host"],
] as const) {
  test(`what the operating system calls ${code} is told in words`, async () => {
    await using opened = new Opened();
    const cause = Object.assign(new Error(`listen ${code}`), { code });

    await assert.rejects(
      opened.listen("portal", { host: "gw1", port: 443 }, () => Promise.reject(cause)),
      { name: "CannotListen", message, cause },
    );
  });
}

test("any other failure to listen stays what it was", async () => {
  await using opened = new Opened();
  const cause = Object.assign(new Error("out of files"), { code: "EMFILE" });

  await assert.rejects(
    opened.listen("mqtt", { host: "127.0.0.1", port: 0 }, () => Promise.reject(cause)),
    (error) => error === cause,
  );
});
