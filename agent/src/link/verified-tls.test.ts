import assert from "node:assert/strict";
import { once } from "node:events";
import { createServer as createPlain, type AddressInfo } from "node:net";
import { createServer } from "node:tls";
import { test } from "node:test";
import { DAY, systemClock } from "@edgemere/protocol/kit";
import { timeBySystemClock, type TrustedTime } from "../clock/trusted-time.ts";
import { anAuthority, type ServerWish } from "./certificates.test-support.ts";
import { connectVerified } from "./verified-tls.ts";

const rightClock = timeBySystemClock(systemClock.now());
/** What is known when nothing is but that a day of 2026 is past. */
const in1970 = timeBySystemClock(0);
/** The control plane has said that it is so late, and the system's clock is wrong. */
const heard = (year: number): TrustedTime => {
  const about = (year - 1970) * 365.25 * DAY;
  return { isSystemClockUsable: true, earliest: about, latest: about };
};

/** Whether the server is taken for the control plane, or why not. */
async function verdict(wish: ServerWish, time: TrustedTime, over: { stranger?: boolean } = {}): Promise<string> {
  const authority = anAuthority(wish);
  const server = createServer(authority.server, (socket) => socket.on("error", () => {}));
  server.on("tlsClientError", () => {});
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  const root = over.stranger ? anAuthority().root : authority.root;
  try {
    const door = { host: "127.0.0.1", port, root, time, patience: 5_000 };
    const socket = await connectVerified(door, new AbortController().signal);
    socket.destroy();
    return "taken";
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  } finally {
    server.close();
    await once(server, "close");
  }
}

test("a server of this device's root is taken, directly and through an issuer", async () => {
  assert.equal(await verdict({}, rightClock), "taken");
  assert.equal(await verdict({ issuer: {} }, rightClock), "taken");
});

test("a device whose clock is right takes no certificate of the future and none that has expired", async () => {
  assert.match(await verdict({ years: [2090, 2099] }, rightClock), /not valid before/);
  assert.match(await verdict({ years: [2020, 2021] }, rightClock), /expired/);
  assert.match(await verdict({ issuer: { years: [2020, 2021] } }, rightClock), /expired/);
});

test("a device in 1970 takes a certificate that begins later than anything it knows, and none that is surely over", async () => {
  assert.equal(await verdict({}, in1970), "taken");
  assert.equal(await verdict({ years: [2090, 2099] }, in1970), "taken");
  assert.equal(await verdict({ years: [2090, 2099], issuer: {} }, in1970), "taken");
  assert.match(await verdict({ years: [2020, 2021] }, in1970), /expired/);
});

test("dates are judged by the time that was heard when the system's clock contradicts it", async () => {
  assert.equal(await verdict({ years: [2090, 2099] }, heard(2095)), "taken");
  assert.equal(await verdict({ years: [2020, 2021] }, heard(2020.5)), "taken");
  assert.match(await verdict({ years: [2090, 2099] }, heard(2080)), /not valid before/);
});

test("a wrong clock excuses dates and nothing else", async () => {
  const future = { years: [2090, 2099] } as const;

  for (const time of [in1970, heard(2095)]) {
    assert.match(await verdict(future, time, { stranger: true }), /not this device's control plane/);
    assert.match(await verdict({ ...future, dnsName: "somebody.else" }, time), /not this device's control plane/);
    assert.match(await verdict({ ...future, isForClients: true }, time), /not one for servers/);
    assert.match(await verdict({ ...future, issuer: { isForClients: true } }, time), /not one for servers/);
    assert.match(await verdict({ ...future, issuer: { isAuthority: false } }, time), /does not come from/);
  }
});

test("a server that does not answer, and one that hangs up, are no control plane", async () => {
  for (const answer of ["silence", "hang up"]) {
    const server = createPlain((socket) => {
      socket.on("error", () => {});
      if (answer === "hang up") socket.destroy();
    });
    server.listen(0, "127.0.0.1");
    await once(server, "listening");
    const { port } = server.address() as AddressInfo;
    const door = { host: "127.0.0.1", port, root: anAuthority().root, time: rightClock, patience: 50 };

    await assert.rejects(connectVerified(door, new AbortController().signal));
    server.close();
  }
});

test("connecting can be given up before and after it began", async () => {
  const door = { host: "127.0.0.1", port: 9, root: anAuthority().root, time: rightClock, patience: 50 };

  await assert.rejects(connectVerified(door, AbortSignal.abort()), /stopped/);
});
