import { once } from "node:events";
import { readFile } from "node:fs/promises";
import type { IncomingMessage } from "node:http";
import { createServer, request } from "node:https";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { SERVER_NAME } from "@edgemere/protocol";
import type { World } from "../../world/world.ts";

export interface Answered {
  readonly status: number;
  readonly text: string;
}

/** A way to a control plane's device API on which every question comes through, and the first answers do not come back. */
export interface LosingAnswers extends AsyncDisposable {
  readonly url: string;
  /** What the control plane has answered, lost or not. */
  readonly answers: readonly Answered[];
}

/** Shows the control plane's own certificate, as whatever stands before it and ends TLS for it does. */
export async function losingAnswers({ controlPlane }: World, times: number): Promise<LosingAnswers> {
  const pem = (name: string) => readFile(join(controlPlane.dataFolder, "authority", `${name}.pem`), "utf8");
  const [server, issuer, root] = await Promise.all([pem("server"), pem("server-issuer"), pem("root")]);
  const answers: Answered[] = [];
  const door = createServer({ key: server, cert: [server, issuer, root].join("\n") }, (asked, answer) => {
    const given = once(
      asked.pipe(
        request({
          host: "127.0.0.1",
          port: controlPlane.ready.ports.deviceApi,
          path: asked.url,
          method: asked.method,
          headers: asked.headers,
          ca: root,
          servername: SERVER_NAME,
          agent: false,
        }),
      ),
      "response",
    );
    const passOn = async () => {
      const [back] = (await given) as [IncomingMessage];
      const status = back.statusCode ?? 0;
      const text = Buffer.concat(await back.toArray()).toString();
      answers.push({ status, text });
      if (answers.length <= times) asked.socket.destroy();
      else answer.writeHead(status, { "content-type": "application/json" }).end(text);
    };
    passOn().catch(() => asked.socket.destroy());
  });
  door.listen(0, "127.0.0.1");
  await once(door, "listening");
  return {
    url: `https://127.0.0.1:${(door.address() as AddressInfo).port}`,
    answers,
    [Symbol.asyncDispose]: async () => {
      door.closeAllConnections();
      await new Promise<void>((resolve) => door.close(() => resolve()));
    },
  };
}
