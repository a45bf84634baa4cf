import { freePorts } from "./free-ports.ts";
import { Program, type Launch } from "./program.ts";
import { RestartedProgram } from "./restarted-program.ts";

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
export class ControlPlaneProgram extends RestartedProgram {
  readonly dataFolder: string;
  readonly #options: ControlPlaneOptions;
  #ready: Ready | undefined;

  constructor(dataFolder: string, options: ControlPlaneOptions = {}) {
    super();
    this.dataFolder = dataFolder;
    this.#options = options;
  }

  get ready(): Ready {
    if (this.#ready === undefined) throw new Error("the control plane was never started");
    return this.#ready;
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
    this.program = new Program({
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
    this.#ready = await this.program.message<Ready>("ready");
    return this.#ready;
  }

  /** A token for one more device. */
  async enrolmentToken(): Promise<string> {
    const answer = this.program?.message<{ token: string }>("enrolment token");
    this.program?.send("enrolment token");
    return (await answer)?.token ?? "";
  }
}
