/** What a device gives of a file that its command asks for. */
export interface SentPiece {
  readonly command: string;
  /** Of the whole file. */
  readonly bytes: number;
  /** In which state the file is; another is another file. */
  readonly revision: string;
  readonly from: number;
  /** Absent: it is only asked how much is there. */
  readonly content?: Uint8Array;
  /** SHA-256 of the whole file, hex: with it the file is at its end. */
  readonly sha256?: string;
}

/** The chunks of the file that a command asks for, before it is sent. */
export type SentList = Pick<SentPiece, "command" | "bytes" | "revision"> & { readonly content: Uint8Array };

export interface PieceAnswer {
  /** Bytes that the control plane has: where to go on. */
  readonly received: number;
  readonly state: string;
  readonly reason: string;
}

/** A device on the same site. */
export interface Neighbour {
  readonly device: string;
  /** Host and port. */
  readonly address: string;
  /** It fetches the content itself, and has the beginning of it. */
  readonly isComing?: boolean;
}

export interface NeighboursAnswer {
  /** Base64, a signed permit; empty when there is nobody. */
  readonly permit: string;
  readonly neighbours: readonly Neighbour[];
}

/** The way of content, beside MQTT. Rejects with ContentRefused for good, and with anything else when it is to be tried again. */
export interface ContentRoad extends AsyncDisposable {
  /** Bytes of the content that an open command names; fewer than `limit` only at its end. */
  fetch(
    ask: { readonly command: string; readonly from: number; readonly limit: number },
    signal: AbortSignal,
  ): Promise<Uint8Array>;
  /** Bytes of the list of the content's chunks; fewer than `limit` only at its end. */
  chunks(
    ask: { readonly command: string; readonly from: number; readonly limit: number },
    signal: AbortSignal,
  ): Promise<Uint8Array>;
  /** Who has the content of a command on this site, and the permit to fetch it there. */
  neighbours(command: string, signal: AbortSignal): Promise<NeighboursAnswer>;
  /** Tells what is about to be sent: what the control plane holds of it already need not come. */
  offer(list: SentList, signal: AbortSignal): Promise<PieceAnswer>;
  send(piece: SentPiece, signal: AbortSignal): Promise<PieceAnswer>;
}

/** The control plane does not give, or does not take, and will not when it is asked again. */
export class ContentRefused extends Error {
  constructor(message: string) {
    super(message);
    this.name = "ContentRefused";
  }
}

/** The control plane wants to be asked later. */
export class ContentLater extends Error {
  /** Milliseconds. */
  readonly wait: number | undefined;
  constructor(message: string, wait: number | undefined) {
    super(message);
    this.name = "ContentLater";
    this.wait = wait;
  }
}
