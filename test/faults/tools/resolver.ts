import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { Program, type Launch } from "../../world/program.ts";
import type { Host } from "./hosts.ts";

/** What a name server says of a name; without an address it says that there is no such name. */
export interface Answer {
  readonly address?: string;
  /** Milliseconds that it takes. */
  readonly after?: number | "never";
}

/** A name server of one host, that says what it is told to say. */
export class Resolver implements AsyncDisposable {
  /** Programs started so ask it, on the host where it is. */
  readonly launch: Launch;
  readonly #program: Program;

  private constructor(program: Program, launch: Launch) {
    this.#program = program;
    this.launch = launch;
  }

  static async start(host: Host, folder: string): Promise<Resolver> {
    const file = join(folder, "resolv.conf");
    await writeFile(file, "nameserver 127.0.0.1\n");
    const { launch } = host;
    const program = new Program({ script: "test/dist/faults/tools/resolver-program.js", args: [], launch });
    await program.message("ready");
    // A namespace entered so has mounts of its own.
    const asking = ["sh", "-c", `mount --bind ${file} /etc/resolv.conf && exec "$@"`, "sh"];
    return new Resolver(program, { ...launch, under: [...(launch.under ?? []), ...asking] });
  }

  /** From now on. */
  async says(answers: Readonly<Record<string, Answer>>): Promise<void> {
    const told = this.#program.message("told");
    this.#program.send(answers);
    await told;
  }

  /** How often it was asked for a name. */
  questions(name: string): number {
    return this.#program.stdout.split("\n").filter((line) => line === name).length;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.#program.kill();
  }
}
