import { execFile } from "node:child_process";
import { once } from "node:events";
import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { createServer, type TLSSocket } from "node:tls";
import { promisify } from "node:util";
import { SERVER_NAME } from "@edgemere/protocol";
import type { ControlPlaneProgram } from "../../world/control-plane-program.ts";
import { faketimeLibrary } from "../needs.ts";

/** What is wrong with a certificate; all else of it is right. */
export type Flaw = "expired" | "for another host" | "from another authority";

export interface FalseDoor extends AsyncDisposable {
  /** Bytes that it was told, by whoever took it for the control plane. */
  readonly heard: number;
}

/** Words without blanks, and then paths and names. */
const openssl = (words: string, given: readonly string[], environment: Readonly<Record<string, string>> = {}) =>
  promisify(execFile)("openssl", [...words.split(" "), ...given], { env: { ...process.env, ...environment } });
const NEW_KEY = "-newkey ec -pkeyopt ec_paramgen_curve:P-256 -noenc";

/** Stands where devices look for a control plane that has ended, with a certificate that has a flaw. */
export async function falseDoor(
  flaw: Flaw,
  { dataFolder, ready }: ControlPlaneProgram,
  folder: string,
): Promise<FalseDoor> {
  const own = (name: string) => join(folder, `false-${name}`);
  const authority = (name: string) => join(dataFolder, "authority", `${name}.pem`);
  const isForeign = flaw === "from another authority";
  if (isForeign) {
    const made = ["-subj", "/CN=Edgemere root", "-keyout", own("root.key"), "-out", own("root.pem")];
    await openssl(`req -x509 -days 30 ${NEW_KEY}`, made);
  }
  // Our files hold key and certificate.
  const [issuer, issuerKey] = isForeign
    ? [own("root.pem"), own("root.key")]
    : [authority("server-issuer"), authority("server-issuer")];
  const host = flaw === "for another host" ? "elsewhere.example" : SERVER_NAME;
  await openssl(`req -new ${NEW_KEY}`, ["-subj", `/CN=${host}`, "-keyout", own("key"), "-out", own("request")]);
  await writeFile(own("extensions"), `subjectAltName=DNS:${host}\nextendedKeyUsage=serverAuth\n`);
  const from = ["-in", own("request"), "-CA", issuer, "-CAkey", issuerKey, "-CAserial", own("serial")];
  const to = ["-extfile", own("extensions"), "-out", own("certificate")];
  const clock = flaw === "expired" ? { LD_PRELOAD: faketimeLibrary(), FAKETIME: "-5d" } : {};
  await openssl("x509 -req -days 2 -CAcreateserial", [...from, ...to], clock);
  const above = isForeign ? [own("root.pem")] : [authority("server-issuer"), authority("root")];
  const chain = await Promise.all([own("certificate"), ...above].map((path) => readFile(path, "utf8")));
  const sockets = new Set<TLSSocket>();
  let heard = 0;
  const listener = createServer(
    {
      key: await readFile(own("key"), "utf8"),
      cert: chain.map(certificateIn).join("\n"),
      requestCert: true,
      rejectUnauthorized: false,
    },
    (socket) => {
      sockets.add(socket);
      socket.on("error", () => {});
      socket.on("data", (bytes: Buffer) => (heard += bytes.length));
    },
  );
  listener.listen(ready.ports.mqtt, "127.0.0.1");
  await once(listener, "listening");
  return {
    get heard() {
      return heard;
    },
    [Symbol.asyncDispose]: async () => {
      for (const socket of sockets) socket.destroy();
      await new Promise<void>((resolve) => listener.close(() => resolve()));
    },
  };
}

const certificateIn = (pem: string): string => pem.slice(pem.indexOf("-----BEGIN CERTIFICATE"));
