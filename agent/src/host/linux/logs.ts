import type { FileHandle } from "node:fs/promises";
import { SECOND } from "@edgemere/protocol/kit";
import { HostError, type LogOutcome, type LogRequest, type TakeOutput } from "../host.ts";
import { listFiles, readBelow } from "./files.ts";
import { filesMeant, isPacked, sharesOf } from "./log-choice.ts";
import type { Runner } from "./run.ts";

/** Something that has lines: how many bytes, and how to send the last of them. */
interface Source {
  readonly name: string;
  readonly bytes: number;
  readonly send: (share: number, onOutput: TakeOutput) => Promise<number>;
}

/** Sends the newest of what files and the journal have, within the budget; an estimate only says how much there is. */
export async function collectLogs(request: LogRequest, { run }: { readonly run: Runner }): Promise<LogOutcome> {
  const { maxBytes, isEstimate, onOutput, signal } = request;
  const sources = [...(await journalSources(request, run)), ...(await fileSources(request))];
  const shares = sharesOf(
    sources.map(({ bytes }) => bytes),
    isEstimate ? 0 : maxBytes,
  );
  let outputBytes = 0;
  const say = async (text: string) => {
    const bytes = Buffer.from(text);
    outputBytes += bytes.length;
    await onOutput("stdout", bytes);
  };
  const sent: number[] = [];
  for (const [index, { name, bytes, send }] of sources.entries()) {
    const share = shares[index] ?? 0;
    if (share === 0 || signal.aborted) {
      sent.push(0);
      continue;
    }
    await say(`==> ${name} <==\n`);
    if (share < bytes) await say(`[cut here: ${bytes - share} bytes before this are left out]\n`);
    const sentBytes = await send(share, onOutput);
    outputBytes += sentBytes;
    sent.push(sentBytes);
  }
  return {
    sources: sources.map(({ name, bytes }, index) => ({ name, bytes, sentBytes: sent[index] ?? 0 })),
    outputBytes,
  };
}

/** Newest first. Of a packed one only the size is told. */
async function fileSources({ files, since, roots }: LogRequest): Promise<readonly Source[]> {
  const found = new Map<string, Source & { readonly modifiedAt: number }>();
  for (const pattern of files) {
    const { root, means } = filesMeant(pattern, roots);
    const matching = (await listFiles(root)).filter(({ name }) => means(name));
    if (matching.length === 0) throw new HostError("not-found", `there is no file ${pattern} on this device`);
    for (const { name, bytes, modifiedAt } of matching) {
      if (modifiedAt < since) continue;
      const path = `${root}/${name}`;
      const send: Source["send"] = (share, onOutput) =>
        isPacked(name)
          ? Promise.resolve(0)
          : readBelow(root, name, (file) => sendEnd(file, { bytes, share }, onOutput));
      found.set(path, { name: path, bytes: isPacked(name) ? 0 : bytes, modifiedAt, send });
    }
  }
  return [...found.values()].sort((a, b) => b.modifiedAt - a.modifiedAt);
}

async function sendEnd(
  file: FileHandle,
  { bytes, share }: { readonly bytes: number; readonly share: number },
  onOutput: TakeOutput,
): Promise<number> {
  let sent = 0;
  const range = { start: bytes - share, end: bytes - 1 };
  for await (const chunk of file.createReadStream({ ...range, autoClose: false, highWaterMark: 64 * 1024 })) {
    await onOutput("stdout", chunk as Uint8Array);
    sent += (chunk as Uint8Array).length;
  }
  return sent;
}

async function journalSources(request: LogRequest, run: Runner): Promise<readonly Source[]> {
  const { units, isJournal, since, until, roots, signal } = request;
  const wanted = [...(isJournal ? [undefined] : []), ...units];
  if (wanted.length > 0 && !roots.includes("journal"))
    throw new HostError(
      "not-allowed",
      "the journal of this host is not open to the agent; log-root: [journal] there opens it",
    );
  const sources: Source[] = [];
  for (const unit of wanted) {
    const argv = [
      "journalctl",
      "--no-pager",
      "--quiet",
      "--output=short-iso-precise",
      ...(since > 0 ? [`--since=@${Math.floor(since / SECOND)}`] : []),
      ...(until > 0 ? [`--until=@${Math.ceil(until / SECOND)}`] : []),
      ...(unit === undefined ? [] : [`--unit=${unit}`]),
    ] as const;
    const read = async (onOutput: TakeOutput) => {
      let error = "";
      const ended = await run({
        argv: [argv[0], ...argv.slice(1)],
        cwd: "/",
        maxOutputBytes: Number.MAX_SAFE_INTEGER,
        onOutput: (channel, bytes) => {
          if (channel === "stdout") return onOutput(channel, bytes);
          error = (error + Buffer.from(bytes).toString()).slice(-1_000);
          return undefined;
        },
        signal,
      });
      if (ended.exitCode !== 0 && !signal.aborted)
        throw new HostError("failed", `the journal is not told: ${error.trim()}`);
    };
    let bytes = 0;
    await read((_channel, chunk) => void (bytes += chunk.length));
    const send: Source["send"] = async (share, onOutput) => {
      let [skip, left] = [bytes - share, share];
      await read((channel, chunk) => {
        const kept = chunk.subarray(Math.min(skip, chunk.length)).subarray(0, left);
        skip = Math.max(0, skip - chunk.length);
        left -= kept.length;
        return kept.length > 0 ? onOutput(channel, kept) : undefined;
      });
      return share - left;
    };
    sources.push({ name: unit === undefined ? "journal" : `journal of ${unit}`, bytes, send });
  }
  return sources;
}
