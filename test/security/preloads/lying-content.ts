// Runs before a control plane, as if it, or what it keeps files in, had been taken over: what it gives devices as content is as a file says, whose name is in the environment.
import { readFileSync } from "node:fs";
import { ServerResponse } from "node:http";

const lie = (): string => {
  try {
    return readFileSync(process.env["EDGEMERE_TEST_LIE"] ?? "", "utf8");
  } catch {
    return "";
  }
};

interface Answer {
  writeHead: (this: ServerResponse, status: number, headers: Record<string, unknown>) => unknown;
  end: (this: ServerResponse, chunk?: unknown, ...rest: readonly unknown[]) => unknown;
}
const answers = ServerResponse.prototype as unknown as Answer;
const { writeHead, end } = answers;
let before: Buffer = Buffer.alloc(0);

const lies: Readonly<Record<string, (content: Buffer) => Buffer>> = {
  changed: (content) => {
    const changed = Buffer.from(content);
    changed[changed.length - 1] = (changed.at(-1) ?? 0) ^ 1;
    return changed;
  },
  "of another place": (content) => {
    const answer = before.length === content.length ? before : Buffer.alloc(content.length);
    before = content;
    return answer;
  },
  "cut off": (content) => content.subarray(0, content.length / 2),
  nothing: () => Buffer.alloc(0),
  "more than was asked for": (content) => Buffer.concat([content, content]),
};

const isContent = (headers: Record<string, unknown>): boolean =>
  String(headers["content-type"]).startsWith("application/octet-stream");

answers.writeHead = function (status, headers) {
  const { "content-length": _, ...others } = headers;
  return writeHead.call(this, status, lie() !== "" && isContent(headers) ? others : headers);
};

answers.end = function (chunk, ...rest) {
  const said = lie();
  if (!Buffer.isBuffer(chunk) || said === "" || !isContent(this.getHeaders())) return end.call(this, chunk, ...rest);
  if (said !== "endless") return end.call(this, lies[said]?.(chunk) ?? chunk, ...rest);
  const pour = () => {
    while (!this.destroyed && this.write(chunk));
  };
  this.on("drain", pour);
  pour();
  return this;
};
