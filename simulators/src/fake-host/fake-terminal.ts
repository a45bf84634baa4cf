import type { HostTerminal, TerminalEnding, TerminalRequest } from "@edgemere/agent";

/** A shell that shows what is typed, and ends with a line `exit CODE`. */
export function fakeTerminal({ onOutput }: TerminalRequest): HostTerminal {
  let line = "";
  let end!: (ending: TerminalEnding) => void;
  const ended = new Promise<TerminalEnding>((resolve) => (end = resolve));
  const enter = (typed: string) => {
    const [, code] = /^exit ?(\d*)$/.exec(typed) ?? [];
    if (code !== undefined) end({ exitCode: Number(code) });
    onOutput(Buffer.from(code === undefined ? "\r\n$ " : "\r\n"));
  };
  onOutput(Buffer.from("$ "));
  return {
    ended,
    write: async (bytes) => {
      for (const character of Buffer.from(bytes).toString()) {
        if (character === "\r") {
          enter(line);
          line = "";
        } else {
          line += character;
          onOutput(Buffer.from(character));
        }
      }
    },
    resize: () => {},
    pause: () => {},
    resume: () => {},
    end: async () => end({ exitCode: 0, signalNumber: 1 }),
  };
}
