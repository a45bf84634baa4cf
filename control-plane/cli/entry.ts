import type { Command } from "commander";
import type { Addressed } from "./address.ts";
import type { Session } from "./session.ts";

/** What was typed after the command's words. */
export interface Given {
  readonly options: Readonly<Record<string, unknown>>;
  readonly positionals: readonly string[];
}

/** One command: how it is named, declared and done. */
export interface Entry extends Addressed {
  readonly summary: string;
  /** The actions whose fields it takes, where it is not named after one; `bare` is the field that stands without its flag, and only so. */
  readonly asks?: { readonly paths: readonly string[]; readonly bare?: string };
  /** Stands first in the help, whatever its address. */
  readonly isEveryday?: true;
  /** Adds options, arguments and help. */
  readonly declare: (command: Command, shortName: string) => void;
  /** Gives the exit code. */
  readonly run: (given: Given, session: Session) => Promise<number>;
}
