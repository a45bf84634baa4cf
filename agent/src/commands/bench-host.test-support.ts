import type { ManualClock } from "@edgemere/protocol/simulated";
import {
  HostError,
  type Host,
  type Program,
  type LogRequest,
  type PackageRequest,
  type ProgramResult,
  type Script,
  type ServiceChange,
  type ServiceStatus,
} from "../host/host.ts";
import type { KeptFile } from "../host/kept-file.ts";

/** The machine below the agent: it outlives the agent, and counts what really happened. Its service is called `web`. */
export class BenchHost {
  readonly ran: string[] = [];
  /** Of the programs that ran, what was added. */
  readonly environments: Readonly<Record<string, string>>[] = [];
  /** Commands whose processes were looked for and killed. */
  readonly killed: string[] = [];
  /** Commands of whose scripts what was left was removed. */
  readonly forgotten: string[] = [];
  /** Logs that were asked for. */
  readonly logs: LogRequest[] = [];
  /** What was asked for of its packages; it has none called `held` or `busy` that can be changed. */
  readonly packages: PackageRequest[] = [];
  isRebooting = false;
  readonly #clock: ManualClock;
  #boot = 1;
  #restarts = 0;
  #isStopped = false;

  constructor(clock: ManualClock) {
    this.#clock = clock;
  }

  get host(): Host {
    return {
      bootId: async () => `boot-${this.#boot}`,
      hasTerminal: async () => true,
      run: (program: Program) => this.#run(program),
      runScript: ({ interpreter, content, arguments: rest, ...program }: Script) =>
        this.#run({ ...program, argv: [...interpreter, Buffer.from(content).toString(), ...rest] }),
      removeScripts: async (marks: readonly string[]) => {
        this.forgotten.push(...marks);
        return 0;
      },
      serviceStatus: async (name: string) => this.#service(name),
      changeService: (name: string, change: ServiceChange) => this.#change(name, change),
      collectLogs: async (request: LogRequest) => {
        this.logs.push(request);
        return { sources: [{ name: "app.log", bytes: 30, sentBytes: 10 }], outputBytes: 12 };
      },
      changePackages: async (request: PackageRequest) => {
        this.packages.push(request);
        const failure = request.packages.includes("held") ? new HostError("not-allowed", "held here") : undefined;
        const isBusy = request.packages.includes("busy");
        if (isBusy) throw new HostError("busy", "another program holds the packages");
        const changes = failure ? [] : request.packages.map((name) => ({ name, before: "", after: "1.0" }));
        return { changes, held: ["vim"], isRepaired: false, outputBytes: 0, droppedBytes: 0, failure };
      },
      reboot: async () => {
        this.ran.push("reboot");
        this.isRebooting = true;
      },
      killMarked: async (marks: readonly string[]) => {
        this.killed.push(...marks);
        return 0;
      },
      keepFiles: async (paths: readonly string[]) => paths.map((path) => ({ path })),
      putBackFiles: async (files: readonly KeptFile[]) => void this.ran.push(`put back ${files.length} files`),
    } as unknown as Host;
  }

  /** The machine starts anew, whatever made it. */
  boot(): void {
    this.#boot += 1;
    this.isRebooting = false;
  }

  get bootId(): string {
    return `boot-${this.#boot}`;
  }

  /** Programs: `say TEXT`, `fail CODE`, `wait MS`, `deaf` that hears no signal, and a shell that says nothing; others do not exist. */
  async #run({ argv, onOutput, signal, env }: Program): Promise<ProgramResult> {
    const [name, argument = ""] = argv;
    this.ran.push(argv.join(" "));
    this.environments.push(env ?? {});
    const done = { exitCode: 0, outputBytes: argument.length, droppedBytes: 0 };
    if (name === "say") void onOutput?.("stdout", Buffer.from(argument));
    else if (name === "fail") return { ...done, exitCode: Number(argument) };
    else if (name === "wait") await this.#clock.sleep(Number(argument), signal);
    else if (name === "deaf") await new Promise(() => {});
    else if (name !== "/bin/sh") throw new HostError("not-found", `there is no program ${name}`);
    return signal?.aborted ? { endedBySignal: "SIGTERM", outputBytes: 0, droppedBytes: 0 } : done;
  }

  #service(name: string): ServiceStatus {
    if (name !== "web") throw new HostError("not-found", `there is no service ${name}`);
    const [mainPid, instance] = [100 + this.#restarts, `run ${this.#restarts}`];
    if (this.#isStopped) return { name, manager: "sysvinit", state: "stopped", detail: "it does not run" };
    return { name, manager: "sysvinit", state: "running", detail: "it runs", mainPid, instance };
  }

  async #change(name: string, change: ServiceChange): Promise<ServiceStatus> {
    this.#service(name);
    this.ran.push(`${change} ${name}`);
    this.#isStopped = change === "stop";
    if (change === "start" || change === "restart") this.#restarts += 1;
    await this.#clock.sleep(50);
    return this.#service(name);
  }
}
