import { execFileSync } from "node:child_process";
import { createHmac } from "node:crypto";
import { once } from "node:events";
import { readFileSync } from "node:fs";
import { createServer } from "node:https";
import { join } from "node:path";
import { SMTPServer } from "smtp-server";
import { freePort } from "./free-ports.ts";

/** A key, and a certificate for this machine that is its own authority: files, PEM. */
export function identityIn(folder: string): { readonly key: string; readonly certificate: string } {
  const [key, certificate] = [join(folder, "receiver.key"), join(folder, "receiver.pem")];
  const words = "req -x509 -days 2 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -noenc -subj /CN=receiver";
  const given = ["-addext", "subjectAltName=IP:127.0.0.1,DNS:localhost", "-keyout", key, "-out", certificate];
  execFileSync("openssl", [...words.split(" "), ...given], { stdio: "ignore" });
  return { key, certificate };
}

type Identity = ReturnType<typeof identityIn>;
const read = ({ key, certificate }: Identity) => ({ key: readFileSync(key), cert: readFileSync(certificate) });

interface Post {
  readonly id: string;
  readonly body: string;
  readonly timestamp: string;
  readonly signature: string;
}

/** Takes webhooks over HTTPS while it listens, always on the same port. */
export class WebhookReceiver implements AsyncDisposable {
  readonly posts: Post[] = [];
  readonly #identity: Identity;
  readonly #port: number;
  #server: ReturnType<typeof createServer> | undefined;
  /** It takes what it is sent, and does not say so. */
  isSilent = false;

  private constructor(identity: Identity, port: number) {
    this.#identity = identity;
    this.#port = port;
  }

  static async closed(identity: Identity): Promise<WebhookReceiver> {
    return new WebhookReceiver(identity, await freePort());
  }

  get url(): string {
    return `https://127.0.0.1:${this.#port}/hook`;
  }

  async open(): Promise<void> {
    this.#server = createServer(read(this.#identity), (request, response) => {
      let body = "";
      const header = (name: string) => String(request.headers[name] ?? "");
      request.setEncoding("utf8").on("data", (text: string) => (body += text));
      request.on("end", () => {
        const [id, timestamp, signature] = ["webhook-id", "webhook-timestamp", "webhook-signature"].map(header);
        this.posts.push({ id: id ?? "", timestamp: timestamp ?? "", signature: signature ?? "", body });
        if (!this.isSilent) response.writeHead(200).end("thanks");
      });
    }).listen(this.#port, "127.0.0.1");
    await once(this.#server, "listening");
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const server = this.#server;
    this.#server = undefined;
    if (server === undefined) return;
    server.closeAllConnections();
    server.close();
    await once(server, "close");
  }
}

/** Whether who has the secret believes a message. */
export function isSigned({ id, timestamp, body, signature }: Post, secret: string): boolean {
  const key = Buffer.from(secret.slice("whsec_".length), "base64");
  return signature === `v1,${createHmac("sha256", key).update(`${id}.${timestamp}.${body}`).digest("base64")}`;
}

interface Mail {
  readonly to: readonly string[];
  readonly source: string;
}

/** Takes mail over TLS while it listens, always on the same port, from who signs in. */
export class MailReceiver implements AsyncDisposable {
  readonly mails: Mail[] = [];
  readonly port: number;
  readonly #identity: Identity;
  readonly #password: string;
  /** Recipients that it does not know. */
  readonly unknown = new Set<string>();
  #server: SMTPServer | undefined;

  private constructor(identity: Identity, password: string, port: number) {
    this.#identity = identity;
    this.#password = password;
    this.port = port;
  }

  static async closed(identity: Identity, password: string): Promise<MailReceiver> {
    return new MailReceiver(identity, password, await freePort());
  }

  async open(): Promise<void> {
    this.#server = new SMTPServer({
      secure: true,
      ...read(this.#identity),
      onAuth: ({ username, password }, _, done) =>
        username === "edgemere" && password === this.#password
          ? done(null, { user: username })
          : done(new Error("no such user")),
      onRcptTo: ({ address }, _, done) =>
        done(this.unknown.has(address) ? Object.assign(new Error("no such mailbox"), { responseCode: 550 }) : null),
      onData: (stream, { envelope }, done) => {
        let source = "";
        stream.setEncoding("utf8").on("data", (text: string) => (source += text));
        stream.on("end", () => {
          this.mails.push({ to: envelope.rcptTo.map(({ address }) => address), source });
          done();
        });
      },
    });
    await new Promise<void>((resolve) => this.#server?.listen(this.port, "127.0.0.1", () => resolve()));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const server = this.#server;
    this.#server = undefined;
    if (server !== undefined) await new Promise<void>((resolve) => server.close(() => resolve()));
  }
}
