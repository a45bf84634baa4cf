import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { test } from "node:test";
import {
  chainedRecording,
  newTerminalKey,
  open,
  privateKeyFromSeed,
  publicKeyBytes,
  publicKeyFromBytes,
  RECORDING_ROOT,
  TerminalLine,
  terminalSeal,
  terminalWindows,
  trustOnly,
  type TerminalHeard,
  type v1,
} from "@edgemere/protocol";
import { MINUTE, SECOND } from "@edgemere/protocol/kit";
import { ManualClock, SimulatedDisk } from "@edgemere/protocol/simulated";
import { HostError, type HostTerminal, type TerminalEnding, type TerminalRequest } from "../../host/host.ts";
import { TerminalRoad } from "../../link/terminal-road.ts";
import { TerminalSession } from "./terminal-session.ts";

type Frame = v1.TerminalFrame.$Shape;

const messageKey = { keyId: "d", privateKey: privateKeyFromSeed(new Uint8Array(32).fill(8)) };
const trust = trustOnly("device", "d", publicKeyFromBytes(publicKeyBytes(messageKey.privateKey)));

/** A shell that shows what is typed. */
class EchoShell implements HostTerminal {
  readonly asked: string[] = [];
  readonly request: TerminalRequest;
  #end!: (ending: TerminalEnding) => void;
  readonly ended = new Promise<TerminalEnding>((resolve) => (this.#end = resolve));

  constructor(request: TerminalRequest) {
    this.request = request;
  }

  show(text: string): void {
    this.request.onOutput(Buffer.from(text));
  }

  async write(bytes: Uint8Array): Promise<void> {
    this.show(Buffer.from(bytes).toString());
  }

  resize({ columns, rows }: { readonly columns: number; readonly rows: number }): void {
    this.asked.push(`${columns}x${rows}`);
  }

  pause(): void {
    this.asked.push("pause");
  }

  resume(): void {
    this.asked.push("resume");
  }

  async end(): Promise<void> {
    this.asked.push("end");
    this.exit({ exitCode: 0, signalNumber: 1 });
  }

  exit(ending: TerminalEnding): void {
    this.#end(ending);
  }
}

/** A terminal of a device, and the control plane's end of it. `isCut`: nothing arrives either way. */
function aTerminal({ refuses = false, idleTimeout = 5 * MINUTE } = {}) {
  const [clock, disk, road, stop] = [new ManualClock(), new SimulatedDisk(), new TerminalRoad(), new AbortController()];
  const gateway = newTerminalKey();
  const shells: EchoShell[] = [];
  const heard: TerminalHeard[] = [];
  const lost: string[] = [];
  let line: TerminalLine | undefined;
  const way = { isCut: false, takes: true, change: (frame: Frame) => frame };
  const join = (frame: Frame) => {
    const opened = open("terminalOpened", frame.opened ?? {}, trust);
    line = new TerminalLine({
      clock,
      command: "c1",
      seal: terminalSeal("control plane", gateway, opened),
      sends: terminalWindows.down,
      hears: terminalWindows.up,
      send: (down) => way.isCut || road.arrived(way.change(down)),
      hear: (each) => {
        heard.push(each);
        if ("data" in each && way.takes) line?.taken(each.data.length);
      },
      lost: (reason) => lost.push(reason),
    });
    line.start();
  };
  road.lead((frame) => {
    if (way.isCut) return;
    if (line === undefined) join(frame);
    line?.receive(frame);
  });
  const order = { command: "c1", gatewayKey: gateway.publicKey, reason: "why not", columns: 80, rows: 24, idleTimeout };
  const host = {
    openTerminal: async (request: TerminalRequest) => {
      if (refuses) throw new HostError("not-found", "no terminal here");
      const shell = new EchoShell(request);
      shells.push(shell);
      return shell;
    },
  };
  const around = { clock, disk, host, road, identity: { device: "d1", trustDomain: "test" }, messageKey };
  const outcome = TerminalSession.run(order, around, stop.signal);
  outcome.catch(() => {});
  return {
    clock,
    disk,
    stop,
    way,
    heard,
    lost,
    outcome,
    line: () => line as TerminalLine,
    shell: () => shells[0] as EchoShell,
    shown: () => Buffer.concat(heard.flatMap((each) => ("data" in each ? [each.data] : []))).toString(),
  };
}

test("what is typed reaches the shell, and what it shows comes back", async () => {
  const { clock, line, shown, shell, outcome } = aTerminal();
  await clock.advance(100);

  line().write(Buffer.from("ls\r"));
  line().say({ size: { columns: 120, rows: 40 } });
  await clock.advance(200);

  assert.equal(shown(), "ls\r");
  assert.ok(shell().asked.includes("120x40"));
  shell().exit({ exitCode: 3 });
  await clock.advance(2 * SECOND);
  const { end, result } = await outcome;
  assert.deepEqual(end, { reason: "", detail: "shell ended", exitCode: 3, signal: "" });
  assert.deepEqual([result.exitCode, result.inputBytes, result.outputBytes], [3, 3, 3]);
});

test("a shell that a signal ended has failed, one that was hung up has not", async () => {
  const [killed, left] = [aTerminal(), aTerminal()];
  for (const { clock } of [killed, left]) await clock.advance(100);

  killed.shell().exit({ exitCode: 0, signalNumber: 9 });
  left.line().say({ end: { reason: "", detail: "", exitCode: 0, signal: "" } });
  for (const { clock } of [killed, left]) await clock.advance(2 * SECOND);

  assert.equal((await killed.outcome).end.reason, "ended-by-signal");
  assert.equal((await left.outcome).end.reason, "");
});

test("the device's recording is what was shown, its chain and the hash of what was shown stand in the result", async () => {
  const { clock, line, shell, disk, outcome } = aTerminal();
  await clock.advance(100);
  line().write(Buffer.from("date\r"));
  await clock.advance(200);
  shell().exit({ exitCode: 0 });
  await clock.advance(2 * SECOND);
  const { result } = await outcome;

  const recorded = Buffer.from((await disk.read("terminals/c1.cast")) ?? []).toString();

  assert.match(
    recorded,
    /^\{"version":2,"width":80,"height":24,"timestamp":\d+,"title":"why not"\}\n\[0\.\d+,"o","date\\r"\]\n\[.*"m","shell ended"\]\n$/,
  );
  const chain = recorded.split(/(?<=\n)/).reduce(chainedRecording, RECORDING_ROOT);
  assert.equal(Buffer.from(result.recordingHead ?? []).toString("hex"), chain);
  assert.equal(
    Buffer.from(result.outputHash ?? []).toString("hex"),
    createHash("sha256").update("date\r").digest("hex"),
  );
});

test("what cannot be written down is not shown, and the terminal ends", async () => {
  const { clock, line, shown, disk, outcome } = aTerminal();
  await clock.advance(100);
  disk.leaveRoom(0);

  line().write(Buffer.from("x"));
  await clock.advance(3 * SECOND);

  assert.equal(shown(), "");
  assert.equal((await outcome).end.reason, "recording-failed");
});

test("where there is no shell the command fails for that reason", async () => {
  const { clock, outcome, disk } = aTerminal({ refuses: true });
  await clock.advance(100);

  await assert.rejects(outcome, { reason: "not-found" });
  assert.match(Buffer.from((await disk.read("terminals/c1.cast")) ?? []).toString(), /there is no shell/);
});

test("a shell waits while nobody takes what it shows, and not much of it waits", async () => {
  const { clock, way, line, shell, shown, outcome, stop } = aTerminal();
  await clock.advance(100);
  way.takes = false;

  for (let count = 0; count < 10; count++) {
    shell().show("y".repeat(64 * 1024));
    await clock.advance(100);
  }

  assert.equal(shown().length, terminalWindows.up);
  assert.equal(shell().asked.at(-1), "pause");
  line().taken(terminalWindows.up);
  await clock.advance(200);
  assert.equal(shown().length, 2 * terminalWindows.up);
  stop.abort("cancelled");
  await clock.advance(3 * SECOND);
  await outcome;
});

test("a terminal goes on after a connection that was lost: nothing is missing, nothing comes twice", async () => {
  const { clock, way, line, shown, outcome, shell } = aTerminal();
  await clock.advance(100);

  way.isCut = true;
  line().write(Buffer.from("typed in the dark"));
  shell().show("shown in the dark, ");
  await clock.advance(20 * SECOND);
  way.isCut = false;
  await clock.advance(3 * SECOND);

  assert.equal(shown(), "shown in the dark, typed in the dark");
  shell().exit({ exitCode: 0 });
  await clock.advance(2 * SECOND);
  assert.equal((await outcome).end.reason, "");
});

test("whoever is not heard for 25 seconds is gone: both ends know it, and the shell has ended", async () => {
  const { clock, way, lost, shell, outcome } = aTerminal();
  await clock.advance(100);

  way.isCut = true;
  await clock.advance(30 * SECOND);

  assert.deepEqual(lost, ["unheard"]);
  assert.equal((await outcome).end.reason, "unheard");
  assert.ok(shell().asked.includes("end"));
});

test("T18 a frame that was changed on its way ends the terminal, and nothing of it is typed", async () => {
  const { clock, way, line, shown, outcome } = aTerminal();
  await clock.advance(100);

  way.change = (frame) => ({ ...frame, sealed: Buffer.from(frame.sealed ?? []).fill(0, 3, 4) });
  line().write(Buffer.from("rm -r x\r"));
  await clock.advance(3 * SECOND);

  assert.equal((await outcome).end.reason, "tampered");
  assert.equal(shown(), "");
});

test("a terminal at which nobody types ends, and one who types goes on", async () => {
  const { clock, line, shown, outcome } = aTerminal({ idleTimeout: MINUTE });
  await clock.advance(50 * SECOND);
  line().write(Buffer.from("a"));
  await clock.advance(50 * SECOND);
  assert.equal(shown(), "a");

  await clock.advance(12 * SECOND);

  assert.equal((await outcome).end.reason, "idle");
});

const endings = [
  ["that was cancelled", (of: ReturnType<typeof aTerminal>) => of.stop.abort("cancelled"), "cancelled"],
  ["that was open too long", (of: ReturnType<typeof aTerminal>) => of.stop.abort("ran-too-long"), "ran-too-long"],
  ["whose agent stops", (of: ReturnType<typeof aTerminal>) => of.stop.abort("agent-stopped"), "agent-stopped"],
  [
    "that somebody left",
    (of: ReturnType<typeof aTerminal>) => of.line().say({ end: { reason: "", detail: "", exitCode: 0, signal: "" } }),
    "",
  ],
] as const;

for (const [title, act, reason] of endings)
  test(`a terminal ${title} ends with its shell, and the other end is told why`, async () => {
    const terminal = aTerminal();
    await terminal.clock.advance(100);

    act(terminal);
    await terminal.clock.advance(3 * SECOND);

    assert.equal((await terminal.outcome).end.reason, reason);
    assert.ok(terminal.shell().asked.includes("end"));
    const last = terminal.heard.at(-1);
    assert.equal(last !== undefined && "end" in last && last.end.reason, reason);
  });
