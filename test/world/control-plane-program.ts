import { freePorts } from "./free-ports.ts";
import { Program, type Launch } from "./program.ts";

export interface Ports {
  readonly portal: number;
  readonly mqtt: number;
  readonly deviceApi: number;
  readonly subscribers: number;
  /** Of /metrics, where it has one of its own. */
  readonly metrics?: number;
}

interface Ready {
  readonly portal: string;
  readonly setupCode?: string;
  readonly ports: Ports;
  /** PEM. */
  readonly root: string;
}

export interface ControlPlaneOptions {
  /** Under which devices reach it. */
  readonly address?: string;
  /** Where it listens for devices. */
  readonly host?: string;
  readonly flags?: readonly string[];
  readonly launch?: Launch | undefined;
}

/** A control plane that can be killed and started again on the same ports with the same data. */
export class ControlPlaneProgram implements AsyncDisposable {
  readonly dataFolder: string;
  readonly #options: ControlPlaneOptions;
  #program: Program | undefined;
  #ready: Ready | undefined;

  constructor(dataFolder: string, options: ControlPlaneOptions = {}) {
    this.dataFolder = dataFolder;
    this.#options = options;
  }

  get ready(): Ready {
    if (this.#ready === undefined) throw new Error("the control plane was never started");
    return this.#ready;
  }

  get output(): string {
    return this.#program?.output ?? "";
  }

  get pid(): number {
    return this.#program?.pid ?? 0;
  }

  get isRunning(): boolean {
    return this.#program?.isRunning ?? false;
  }

  /** Starts it, on the ports it had before; resolves when it is ready, rejects with its output when it ends before. */
  async start(changes: ControlPlaneOptions = {}): Promise<Ready> {
    const { address = "127.0.0.1", host = "127.0.0.1", flags = [], launch } = { ...this.#options, ...changes };
    const { portal, mqtt, deviceApi, subscribers } = this.#ready?.ports ?? (await freePorts());
    const ports = { portal, mqtt, device: deviceApi, subscribers };
    const args = Object.entries(ports).flatMap(([name, port]) => [
      `--${name}-port`,
      String(port),
      `--${name}-host`,
      name === "mqtt" || name === "device" ? host : "127.0.0.1",
    ]);
    this.#program = new Program({
      script: "control-plane/bin/edgemere-control-plane.js",
      args: [
        "--data",
        this.dataFolder,
        "--address",
        address,
        "--step-up-after",
        "1d",
        "--dangerous-per-minute",
        "1000000",
        "--dangerous-per-hour",
        "1000000",
        ...args,
        ...flags,
      ],
      launch,
    });
    this.#ready = await this.#program.message<Ready>("ready");
    return this.#ready;
  }

  /** A token for one more device. */
  async enrolmentToken(): Promise<string> {
    const answer = this.#program?.message<{ token: string }>("enrolment token");
    this.#program?.send("enrolment token");
    return (await answer)?.token ?? "";
  }

  signal(name: NodeJS.Signals): void {
    this.#program?.signal(name);
  }

  /** Waits for its end by itself; gives its exit code. */
  async ended(): Promise<number | null> {
    return (await this.#program?.ended()) ?? null;
  }

  async stop(): Promise<number | null> {
    return (await this.#program?.stop()) ?? null;
  }

  async kill(): Promise<void> {
    await this.#program?.kill();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.kill();
  }
}
