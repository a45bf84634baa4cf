import assert from "node:assert/strict";
import { webcrypto } from "node:crypto";
import { request } from "node:https";
import test from "node:test";
import { connect, type TLSSocket } from "node:tls";
import "reflect-metadata";
import * as x509 from "@peculiar/x509";
import { startDeviceApi } from "./device-api.ts";
import { someParts } from "./faces.test-support.ts";

async function aCertificate() {
  x509.cryptoProvider.set(webcrypto as never);
  const keys = await webcrypto.subtle.generateKey({ name: "ECDSA", namedCurve: "P-256" }, true, ["sign", "verify"]);
  const certificate = await x509.X509CertificateGenerator.createSelfSigned({
    keys: keys as never,
    name: "CN=localhost",
    extensions: [new x509.SubjectAlternativeNameExtension([{ type: "ip", value: "127.0.0.1" }])],
  });
  const key = x509.PemConverter.encode(await webcrypto.subtle.exportKey("pkcs8", keys.privateKey), "PRIVATE KEY");
  return { key, certificate: certificate.toString("pem") };
}

async function aDeviceApi() {
  const tls = await aCertificate();
  const server = await startDeviceApi(await someParts(), { host: "127.0.0.1", port: 0, ...tls });
  const post = async (path: string, body: object | Buffer) =>
    new Promise<{ status: number | undefined; head: readonly string[]; body: Record<string, unknown> }>(
      (resolve, reject) => {
        const url = `https://127.0.0.1:${server.port}/edgemere/${path}`;
        const isBytes = body instanceof Buffer;
        const headers = { "content-type": isBytes ? "application/octet-stream" : "application/json" };
        const asked = request(url, { method: "POST", ca: tls.certificate, headers, agent: false }, (response) => {
          let text = "";
          response.setEncoding("utf8").on("data", (part: string) => (text += part));
          response.on("end", () =>
            resolve({
              status: response.statusCode,
              head: response.rawHeaders,
              body: JSON.parse(text) as Record<string, unknown>,
            }),
          );
        });
        asked.on("error", reject).end(isBytes ? body : JSON.stringify(body));
      },
    );
  return { tls, server, post, [Symbol.asyncDispose]: () => server[Symbol.asyncDispose]() };
}

test("a device asks for what is meant for devices, as nobody", async () => {
  await using api = await aDeviceApi();

  const { status, body } = await api.post("toy/register", { name: "gw-1" });

  assert.deepEqual([status, body], [200, { via: "device" }]);
});

test("what is meant for people is not there, though it exists elsewhere", async () => {
  await using api = await aDeviceApi();

  const { status, body } = await api.post("toy/who", {});

  assert.equal(status, 404);
  assert.match(String(body["detail"]), /devices may ask only for toy\/register here/);
});

test("more than a device needs to say is not read", async () => {
  await using api = await aDeviceApi();

  assert.equal((await api.post("toy/register", { name: "x".repeat(40_000) })).status, 413);
});

test("bytes of somebody who shows no certificate are not read", async () => {
  await using api = await aDeviceApi();

  const { status, body } = await api.post("toy/register", Buffer.alloc(1_000));

  assert.equal(status, 401);
  assert.match(String(body["detail"]), /only a device that shows its certificate sends bytes/);
});

test("an answer's head has less than what a small list of chunks has: a thin line carries each", async () => {
  await using api = await aDeviceApi();

  const { head } = await api.post("toy/register", { name: "gw-1" });

  const bytes = head.reduce((sum, word) => sum + word.length + 2, 0);
  assert.ok(bytes < 600, `${bytes} bytes: ${head.join(" ")}`);
});

test("TLS older than 1.2 is not spoken", async () => {
  await using api = await aDeviceApi();

  const error = await new Promise<Error | undefined>((resolve) => {
    const socket: TLSSocket = connect(
      { port: api.server.port, host: "127.0.0.1", ca: api.tls.certificate, maxVersion: "TLSv1.1", minVersion: "TLSv1" },
      () => resolve(undefined),
    );
    socket.on("error", resolve);
  });

  assert.ok(error);
});
