import assert from "node:assert/strict";
import { test } from "node:test";
import { DAY, silentLog } from "@edgemere/protocol/kit";
import { created } from "../../platform/change.ts";
import { aDevice } from "../device.test-support.ts";
import { certificate } from "./certificate-contract.ts";
import { startDevices } from "./devices.test-support.ts";
import { forgetOldCertificates } from "./loops.ts";

const aCertificate = (serial: string, device: string, notAfter: number) =>
  created(certificate, serial, {
    device,
    number: 1,
    notAfter,
    keyHash: serial,
    cause: "enrolment",
    acceptedUntil: 0,
    wishes: [],
  });

test("however many devices are away for long, each keeps its newest certificate and old ones of others are forgotten", async () => {
  await using world = await startDevices();
  const { store, clock } = world;
  const away = Array.from({ length: 600 }, (_, i) => `away-${i}`);
  const longAgo = clock.now() - 100 * DAY;
  const newest = { serial: "newest", notAfter: clock.now() + DAY };
  await store.commit(
    ...away.map((id) => aDevice(id, { certificate: { serial: `of-${id}`, notAfter: longAgo } })),
    ...away.map((id) => aCertificate(`of-${id}`, id, longAgo)),
    aDevice("here", { certificate: newest }),
    aCertificate("former", "here", longAgo + 1),
    aCertificate("newest", "here", newest.notAfter),
  );

  await forgetOldCertificates({ store, clock, log: silentLog }).step();

  assert.equal(await store.get(certificate, "former"), undefined);
  assert.ok(await store.get(certificate, "newest"));
  assert.equal((await Promise.all(away.map((id) => store.get(certificate, `of-${id}`)))).filter(Boolean).length, 600);
});
