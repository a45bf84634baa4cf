import { commandKinds, kindOfTask, type Command } from "@edgemere/protocol";
import { ConfigError } from "@edgemere/protocol/config";
import { HostError } from "../host/host.ts";
import type { Alerts } from "../link/alerts.ts";
import { forbiddenBy, policyFrom, type LocalPolicy } from "./local-policy.ts";

interface PolicyParts {
  /** The text as it is now; undefined where there is none. Throws HostError when it cannot be used. */
  readonly read: () => Promise<string | undefined>;
  readonly alerts: Alerts;
}

const NOTHING_FORBIDDEN: LocalPolicy = { forbid: [] };

/** The rules of the host as they are now. Rules that cannot be read forbid everything dangerous. */
export class HostPolicy {
  readonly #parts: PolicyParts;
  #text: string | undefined;
  #policy: LocalPolicy | undefined = NOTHING_FORBIDDEN;
  #fault = "";

  constructor(parts: PolicyParts) {
    this.#parts = parts;
  }

  /** Reads the rules anew: what was changed holds from here on. */
  async look(): Promise<void> {
    try {
      const text = await this.#parts.read();
      if (text === this.#text && this.#policy !== undefined) return;
      this.#policy = text === undefined ? NOTHING_FORBIDDEN : policyFrom(text);
      this.#text = text;
    } catch (error) {
      if (!(error instanceof HostError) && !(error instanceof ConfigError)) throw error;
      this.#policy = undefined;
      this.#fault = error.message;
      this.#parts.alerts.tell("policy-unusable", error.message);
    }
  }

  /** Which rule forbids a command at the moment `now`, by the last look; undefined when none does. */
  forbids(command: Command, now: number): string | undefined {
    if (this.#policy !== undefined) return forbiddenBy(this.#policy, command, now);
    const kind = kindOfTask(command.task);
    const isDangerous = kind === undefined || commandKinds[kind].dangerous;
    return isDangerous ? `this host's rules cannot be used, so nothing dangerous runs here: ${this.#fault}` : undefined;
  }

  /** What is wrong, in stable words. */
  conditions(): readonly string[] {
    return this.#policy === undefined ? ["policy-unusable"] : [];
  }
}
