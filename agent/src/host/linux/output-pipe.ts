import { randomBytes } from "node:crypto";
import { once } from "node:events";
import { connect, createServer, type Socket } from "node:net";

/** Takes a piece, which is there only until it returns; the promise, where there is one, resolves when more may come. */
type Take = (bytes: Uint8Array) => Promise<void> | void;

/** All that programs write is read into this, one piece after another. */
const READ = new Uint8Array(64 * 1024);
const WORD_LENGTH = 16;

/**
 * A way for a program to write to the agent that takes no memory for what is read. Those that Node makes for a child take 64 KiB anew for each
 * piece and collect them after dozens of mebibytes: a program that writes without end would double the agent.
 */
export class OutputPipe implements Disposable {
  /** What the program is given as its output. */
  readonly far: Socket;
  readonly #near: Socket;
  /** Resolves when everything was taken that anybody wrote, and nobody can write any more. */
  readonly closed: Promise<void>;

  private constructor(near: Socket, far: Socket) {
    this.far = far;
    this.#near = near;
    this.closed = new Promise((resolve) => near.once("close", () => resolve()));
  }

  /** Rejects when the system has none to give. */
  static async open(take: Take): Promise<OutputPipe> {
    const server = createServer();
    const arrived = new Map<string, Socket>();
    // Another process of this host may find the name and connect. It is told another word than we, and is nobody's output.
    server.on("connection", (far) => {
      const word = randomBytes(WORD_LENGTH);
      arrived.set(word.toString("hex"), far.on("error", ignored));
      far.write(word);
    });
    try {
      // A name without a file: it needs no disk, and nobody's permission.
      const path = `\0edgemere-output-${randomBytes(WORD_LENGTH).toString("hex")}`;
      await once(server.listen({ path }), "listening");
      const { near, word } = await connected(path, take);
      const far = arrived.get(word);
      if (far === undefined) throw new Error("the way for its output was taken by another program");
      arrived.delete(word);
      return new OutputPipe(near, far);
    } finally {
      server.close();
      for (const stranger of arrived.values()) stranger.destroy();
    }
  }

  /** The program has its own copy now, and is the last that holds it. */
  given(): void {
    this.far.destroy();
  }

  [Symbol.dispose](): void {
    this.far.destroy();
    this.#near.destroy();
  }
}

/** Connects, and resolves with the word that was told there; takes what comes after it. */
function connected(path: string, take: Take): Promise<{ readonly near: Socket; readonly word: string }> {
  return new Promise((resolve, reject) => {
    let word = Buffer.alloc(0);
    const hear = (piece: Uint8Array): Promise<void> | void => {
      if (word.length === WORD_LENGTH) return take(piece);
      word = Buffer.concat([word, piece]);
      if (word.length === WORD_LENGTH) resolve({ near, word: word.toString("hex") });
    };
    const callback = (length: number) => {
      const taken = hear(READ.subarray(0, length));
      if (!(taken instanceof Promise)) return true;
      // What is not read stays in the pipe, and then the program waits.
      void taken.finally(() => near.resume());
      return false;
    };
    const near = connect({ path, onread: { buffer: READ, callback } });
    let cause: unknown;
    near.on("error", (error) => (cause = error));
    near.once("close", () => reject(new Error("no way for its output", { cause })));
  });
}

// Whatever breaks one ends it, and its end is told.
const ignored = () => {};
