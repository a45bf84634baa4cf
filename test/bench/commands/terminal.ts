import { randomUUID } from "node:crypto";
import { userInfo } from "node:os";
import { linuxHost } from "@edgemere/agent";
import { sitAtTerminal } from "@edgemere/control-plane/terminal";
import { askForTerminal, opensTerminals } from "../../world/terminals.ts";
import { startWorld } from "../../world/world.ts";
import { useOf } from "../process-use.ts";
import { figure, quantile, spread } from "../statistics.ts";
import type { Table } from "../table.ts";

interface Size {
  readonly rounds: number;
  /** Keys of a round. */
  readonly times: number;
  /** Milliseconds for which a flood is looked at. */
  readonly flood: number;
}

/** A terminal to type at, and what it shows. */
interface Seat extends AsyncDisposable {
  type(text: string): void;
  /** Characters shown so far. */
  shown(): number;
  /** Called each time it shows something. */
  onShow(look: () => void): void;
}

/** How long after a key its echo is there, and how fast a program that writes without end is shown: through agent, broker and control plane, and without them. */
export async function terminal({ rounds, times, flood }: Size): Promise<Table> {
  await using world = await startWorld();
  const agent = await world.enrolAgent("gw1", opensTerminals);
  const remote = async (): Promise<Seat> => seatAt(world.baseUrl, world.token, await askForTerminal(world, "gw1"));
  const pids = [agent.pid, world.controlPlane.pid] as const;
  const rows = [
    await rowOf("through agent and control plane", remote, { rounds, times, flood, pids }),
    await rowOf("node-pty alone", localSeat, { rounds, times, flood, pids: [] }),
  ];
  return {
    title: "commands: a terminal",
    columns: ["", "echo p50 ms", "p99 ms", "yes MiB/s", "agent grows MiB", "control plane grows"],
    rows,
    notes: [
      `Median (least..most) of ${rounds} rounds of ${times} keys, one after another, and of ${flood / 1_000} s of yes each. Through agent and control plane each frame is numbered, sealed end to end, recorded at both ends, ` +
        "and sent as far as whoever looks has credit.",
    ],
  };
}

async function rowOf(
  name: string,
  sit: () => Promise<Seat>,
  { rounds, times, flood, pids }: Size & { readonly pids: readonly number[] },
): Promise<readonly string[]> {
  const [p50, p99, speeds]: [number[], number[], number[]] = [[], [], []];
  const grown: number[][] = [];
  for (let round = 0; round < rounds; round++) {
    await using seat = await sit();
    seat.type("PS1=; stty -echoctl; cat\r");
    await quiet(seat);
    const echoes: number[] = [];
    for (let time = 0; time < times; time++) echoes.push(await echo(seat));
    p50.push(quantile(echoes, 0.5));
    p99.push(quantile(echoes, 0.99));
    seat.type("\u0003");
    await quiet(seat);
    const before = await Promise.all(pids.map(useOf));
    const [from, at] = [performance.now(), seat.shown()];
    seat.type("yes\r");
    await new Promise((resolve) => setTimeout(resolve, flood));
    speeds.push((seat.shown() - at) / 1_024 ** 2 / ((performance.now() - from) / 1_000));
    const after = await Promise.all(pids.map(useOf));
    grown.push(after.map(({ resident }, i) => resident - (before[i]?.resident ?? 0)));
  }
  const growth = pids.map((_, i) => figure(Math.max(...grown.map((each) => each[i] ?? 0))));
  return [name, spread(p50), spread(p99), spread(speeds), growth[0] ?? "", growth[1] ?? ""];
}

function echo(seat: Seat): Promise<number> {
  const [from, before] = [performance.now(), seat.shown()];
  return new Promise((resolve) => {
    seat.onShow(() => {
      if (seat.shown() > before) resolve(performance.now() - from);
    });
    seat.type("x");
  });
}

/** Waits until it has shown something, and then nothing for a while. */
async function quiet(seat: Seat): Promise<void> {
  for (let before = 0; before === 0 || seat.shown() > before;) {
    before = seat.shown();
    await new Promise((resolve) => setTimeout(resolve, 500));
  }
}

async function seatAt(baseUrl: string, token: string, job: string): Promise<Seat> {
  let [shown, look] = [0, () => {}];
  const connection = sitAtTerminal({
    baseUrl,
    token,
    job,
    show: async (text) => {
      shown += text.length;
      look();
    },
    tell: () => {},
    fail: (error) => {
      throw error;
    },
  });
  return {
    type: (text) => connection.type(text),
    shown: () => shown,
    onShow: (next) => (look = next),
    [Symbol.asyncDispose]: async () => {
      connection.leave();
      connection[Symbol.dispose]();
    },
  };
}

async function localSeat(): Promise<Seat> {
  let [shown, look] = [0, () => {}];
  const shell = await linuxHost({ terminalUser: userInfo().username }).openTerminal({
    columns: 80,
    rows: 24,
    mark: randomUUID(),
    onOutput: (bytes) => {
      shown += bytes.length;
      look();
    },
  });
  return {
    type: (text) => void shell.write(Buffer.from(text)),
    shown: () => shown,
    onShow: (next) => (look = next),
    [Symbol.asyncDispose]: () => shell.end(),
  };
}
