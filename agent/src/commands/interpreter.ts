import type { Command } from "@edgemere/protocol";

type Script = Pick<NonNullable<Command["script"]>, "content" | "interpreter">;

const USUAL: readonly [string] = ["/bin/sh"];
// As much as the kernel reads of a first line.
const FIRST_LINE_BYTES = 256;

/**
 * The program that runs a script, and what stands before the file's name: what was asked for, else what its first line
 * says after "#!", in the way of execve(2): a path and at most one argument; else /bin/sh.
 */
export function interpreterOf({ content, interpreter }: Script): readonly [string, ...string[]] {
  if (interpreter !== "") return [interpreter];
  const [first = ""] = Buffer.from(content).toString("latin1", 0, FIRST_LINE_BYTES).split("\n");
  const [, program, argument] = /^#![ \t]*([^ \t\r]+)[ \t]*(.*?)[ \t\r]*$/.exec(first) ?? [];
  if (program === undefined) return USUAL;
  return argument ? [program, argument] : [program];
}
