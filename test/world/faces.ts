import { io, type Socket } from "socket.io-client";

export interface Answer {
  readonly status: number;
  /** What was said in JSON; other text as `{ text }`. */
  readonly body: Readonly<Record<string, unknown>>;
}

interface Request {
  readonly token?: string;
  /** Sent as JSON. */
  readonly input?: unknown;
  /** Sent as it is, in place of `input`. */
  readonly raw?: string;
  readonly headers?: Readonly<Record<string, string>>;
}

/** Asks REST without our client, which makes no mistakes; without a token as nobody. */
export async function ask(url: string, method: string, { token, input, raw, headers }: Request = {}): Promise<Answer> {
  const body = raw ?? (input === undefined ? undefined : JSON.stringify(input));
  const response = await fetch(url, {
    method,
    redirect: "manual",
    headers: {
      ...(token !== undefined && { authorization: `Bearer ${token}` }),
      ...(body !== undefined && { "content-type": "application/json" }),
      ...headers,
    },
    ...(body !== undefined && { body }),
  });
  const text = await response.text();
  const isJson = /json/.test(response.headers.get("content-type") ?? "");
  return { status: response.status, body: isJson ? (JSON.parse(text) as Record<string, unknown>) : { text } };
}

interface LiveAnswer {
  readonly output?: unknown;
  readonly problem?: { readonly type: string; readonly status: number; readonly detail: string };
}

export interface Live extends Disposable {
  /** Gives the acknowledgement; rejects when the connection is refused, or ends before. */
  emit(name: string, ...message: readonly unknown[]): Promise<LiveAnswer>;
}

/** A socket.io connection with this token that is not made anew when it ends; it is not open yet. */
export const socketOf = (baseUrl: string, token: string): Socket =>
  io(baseUrl, {
    path: "/edgemere/socket.io",
    transports: ["websocket"],
    auth: { token },
    forceNew: true,
    reconnection: false,
  });

/** The same, to emit and hear what is acknowledged. */
export function live(baseUrl: string, token: string): Live {
  const socket = socketOf(baseUrl, token);
  return {
    emit: (name, ...message) =>
      new Promise((resolve, reject) => {
        socket.once("connect_error", reject);
        socket.once("disconnect", (reason) => reject(new Error(`the connection ended: ${reason}`)));
        socket.emit(name, ...message, resolve);
      }),
    [Symbol.dispose]: () => socket.disconnect(),
  };
}
