import assert from "node:assert/strict";
import { generateKeyPairSync } from "node:crypto";
import { once } from "node:events";
import type { AddressInfo } from "node:net";
import { createServer } from "node:tls";
import { test } from "node:test";
import { systemClock } from "@edgemere/protocol/kit";
import { timeBySystemClock } from "../clock/trusted-time.ts";
import { anAuthority } from "./certificates.test-support.ts";
import { httpsContentRoad } from "./https-content-road.ts";

/** A control plane that gives ten bytes, hangs up after each answer, and notes whether who asked was known already. */
async function aControlPlane() {
  const authority = anAuthority();
  const resumed: boolean[] = [];
  const holders: string[] = [];
  const server = createServer({ ...authority.server, ca: [authority.root], requestCert: true }, (socket) => {
    resumed.push(socket.isSessionReused());
    holders.push(String(socket.getPeerCertificate().subject.CN));
    socket.once("data", () =>
      socket.end("HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 10\r\n\r\n0123456789"),
    );
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const identityOf = (name: string) => {
    const { privateKey, publicKey } = generateKeyPairSync("ec", { namedCurve: "P-256" });
    return {
      server: `https://127.0.0.1:${(server.address() as AddressInfo).port}`,
      rootCertificate: authority.root,
      key: privateKey.export({ format: "pem", type: "pkcs8" }).toString(),
      certificate: authority.certify({ name, publicKey: publicKey.export({ format: "der", type: "spki" }) }),
      chain: [],
    };
  };
  return {
    resumed,
    holders,
    identityOf,
    [Symbol.asyncDispose]: async () => {
      server.close();
      await once(server, "close");
    },
  };
}

test("a device resumes its session where a connection ended, and with another certificate it begins anew", async () => {
  await using controlPlane = await aControlPlane();
  let identity = controlPlane.identityOf("gw1");
  await using road = httpsContentRoad({
    identity: () => identity,
    time: () => timeBySystemClock(systemClock.now()),
    moved: () => {},
  });
  const ask = () => road.fetch({ command: "c1", from: 0, limit: 10 }, new AbortController().signal);

  for (let i = 0; i < 3; i++) assert.equal((await ask()).length, 10);
  identity = controlPlane.identityOf("gw2");
  await ask();

  assert.deepEqual(controlPlane.resumed, [false, true, true, false]);
  assert.deepEqual(controlPlane.holders, ["gw1", "gw1", "gw1", "gw2"]);
});
