import assert from "node:assert/strict";
import { test } from "node:test";
import { SERVER_NAME } from "@edgemere/protocol";
import { connectAsync } from "mqtt";
import { startServed } from "./served.ts";

test("what is refused at a door stands in the figures under the door's name and the reason", async () => {
  await using served = await startServed();
  using stranger = served.live("edt_nobody");
  await assert.rejects(stranger.emit("call", { path: "ia/whoami" }));
  await served.ask("GET", "edgemere/cpl/dm/device/list");
  await served.askDevicesDoor("cpl/dm/device/list");
  const subscriber = connectAsync(`mqtts://127.0.0.1:${served.app.ports.subscribers}`, {
    protocolVersion: 4,
    ca: served.app.root,
    servername: SERVER_NAME,
    username: "any",
    password: "edt_nobody",
    reconnectPeriod: 0,
  });
  await assert.rejects(subscriber);

  const { doors } = await served.client.call("cpl/dm/session/refusals");
  const { families } = await served.client.call("ops/metrics/read");
  const refused = families.find(({ name }) => name === "edgemere_refused_requests");

  assert.deepEqual(doors, {
    device: { "unknown-action": 1 },
    portal: { "not-signed-in": 1 },
    subscribers: { "not-admitted": 1 },
    websocket: { "not-signed-in": 1 },
  });
  assert.deepEqual(
    refused?.samples.map(({ labels, value }) => [labels["listener"], labels["reason"], value]).toSorted(),
    [
      ["device", "unknown-action", 1],
      ["portal", "not-signed-in", 1],
      ["subscribers", "not-admitted", 1],
      ["websocket", "not-signed-in", 1],
    ],
  );
});
