import { createPrivateKey } from "node:crypto";
import { keyIdOf, seal, type UpTopicName, type v1 } from "@edgemere/protocol";
import { SECOND } from "@edgemere/protocol/kit";
import { bytesOf, connected, enrolled } from "../world/bare-device.ts";
import { createJob, endOf } from "../world/jobs.ts";
import type { World } from "../world/world.ts";
import { uncheckedColumns } from "../world/unchecked-columns.ts";
import { payloads } from "./payloads.ts";

const REASON_LENGTH = 64;

/** What a hostile agent left to be looked at. */
interface Left {
  readonly device: string;
  readonly job: string;
  readonly request: string;
}

/** A device that puts every payload into every text that it may say, in a session and out of one, and of a command that it was given. */
export async function hostileAgent(world: World, name: string): Promise<Left> {
  const identity = await enrolled(world, name);
  await using device = await connected(identity);
  const say = (topic: UpTopicName, message: object) => device.say(topic, bytesOf(topic, message));
  const next = new Map<string, number>();
  const tell = (topic: "event" | "telemetry" | "result" | "log", ...bodies: readonly object[]) => {
    const first = next.get(topic) ?? 1;
    next.set(topic, first + bodies.length);
    const records = bodies.map((body, i) => ({ sequence: first + i, atMs: Date.now(), ...body }));
    return say(topic, { ...uncheckedColumns(records), firstUnacknowledged: first, sessionEpoch: 1 });
  };
  const all = payloads.join(" ");

  await say("hello", {
    bootId: payloads[0],
    sessionEpoch: 1,
    agentVersion: payloads[4],
    capabilities: ["command:exec", ...payloads.slice(0, 60)],
    lastExitReason: payloads[1],
    conditions: payloads.slice(0, 16),
  });
  await tell("event", {
    inventory: {
      facts: [
        ...["host.name", "os.name", "os.version", "os.kernel"].map((fact) => ({ name: fact, text: payloads[5] })),
        ...payloads.map((text) => ({ name: text, text })),
        { name: "all", text: all.slice(0, 4_096) },
      ],
    },
  });
  await tell("event", ...payloads.map((text) => ({ agentEvent: { name: text, detail: text } })));
  await tell("event", {
    dataSource: {
      name: payloads[4],
      path: all.slice(0, 4_096),
      tags: Object.fromEntries(payloads.slice(0, 60).map((text) => [text, text])),
      report: "r1",
      parts: 1,
      totalBytes: 10,
      freeBytes: 5,
      items: payloads.map((text) => ({
        name: text,
        bytes: 1,
        hash: new Uint8Array(32).fill(1),
        modifiedAtMs: Date.now(),
      })),
    },
  });
  const baseMs = Date.now() - 60 * SECOND;
  await tell(
    "telemetry",
    {
      telemetry: {
        baseMs,
        offsetMs: [0, 1_000],
        series: payloads.slice(0, 60).map((text) => ({ metric: text, instance: text, values: [1, 2] })),
      },
    },
    ...payloads
      .slice(0, 20)
      .map((reason) => ({ gap: { upTo: 0, records: 1, bytes: 1, reason, fromMs: baseMs, toMs: baseMs + 10_000 } }))
      .map(({ gap }, i) => ({ gap: { ...gap, upTo: i + 2 } })),
  );

  const job = await createJob(world, name, "exec", { argv: ["printf", "%s", ...payloads.slice(0, 20)] });
  const { commands } = await world.client.call("cpl/dm/job/find", { job });
  const command = commands[0]?.id ?? "";
  await say("hello", { bootId: payloads[0], sessionEpoch: 1, agentVersion: payloads[4] });
  const report = { command, startedAtMs: 1, reason: (payloads[4] ?? "").slice(0, REASON_LENGTH) };
  await tell("result", { commandReport: { ...report, phase: 1 } }, { commandReport: { ...report, phase: 2 } });
  await tell("log", {
    commandOutput: { command, channel: "stdout", content: Buffer.from(`${payloads.join("\n")}\n`) },
  });
  const end = { ...report, phase: 4, finishedAtMs: 2, detail: all.slice(0, 4_096), exec: { signal: payloads[4] } };
  const privateKey = createPrivateKey(identity.messageKey);
  await tell("result", {
    signedReport: seal("result", end as v1.CommandReport.$Properties, { keyId: keyIdOf(privateKey), privateKey }),
  });
  await endOf(world, job);
  const request = await world.client.call("diml/find", { query: "size > 0" });
  return { device: identity.device, job, request: request.id };
}
