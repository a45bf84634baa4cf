import { get as getHttp, type IncomingMessage } from "node:http";
import { get as getHttps } from "node:https";
import { HostError, type HostNetwork } from "../host.ts";

/** A text from a web server; see HostNetwork. */
export const fetchText: HostNetwork["fetchText"] = async (url, { maxBytes, signal }) => {
  try {
    return await textOf(await responseOf(url, signal), maxBytes);
  } catch (cause) {
    if (cause instanceof HostError) throw cause;
    const why = signal.aborted ? "it took too long" : cause instanceof Error ? cause.message : "no reason";
    throw new HostError("failed", `${url} cannot be read: ${why}`, { cause });
  }
};

const responseOf = (url: string, signal: AbortSignal): Promise<IncomingMessage> =>
  new Promise((resolve, reject) => {
    const get = url.startsWith("https:") ? getHttps : getHttp;
    const headers = { accept: "text/plain;version=0.0.4", "accept-encoding": "identity" };
    get(url, { agent: false, signal, headers }, resolve).on("error", reject);
  });

async function textOf(response: IncomingMessage, maxBytes: number): Promise<string> {
  const { statusCode = 0 } = response;
  try {
    if (statusCode !== 200) throw new HostError("failed", `it answers with status ${statusCode} and not 200`);
    const chunks: Buffer[] = [];
    let bytes = 0;
    for await (const chunk of response as AsyncIterable<Buffer>) {
      bytes += chunk.length;
      if (bytes > maxBytes) throw new HostError("failed", `it has more than ${maxBytes} bytes`);
      chunks.push(chunk);
    }
    return Buffer.concat(chunks).toString("utf8");
  } finally {
    response.destroy();
  }
}
