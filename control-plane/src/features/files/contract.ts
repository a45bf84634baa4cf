import { type TObject, Type } from "@sinclair/typebox";
import { limits } from "@edgemere/protocol";
import { machine } from "@edgemere/protocol/kit";
import { action, PageOf, pageInput, Ref } from "../../platform/action.ts";
import { resource, rowSchema, table, type Row } from "../../platform/resource.ts";
import { statesInput } from "../../platform/states.ts";

/** Bytes of one piece that people send or read: with the third that base64 adds it fits into a request. */
export const PIECE_BYTES = 384 * 1024;
/** A piece has at least so many, unless it is the last: content is not to be made of crumbs. */
export const SMALLEST_PIECE = 64 * 1024;

/** Content of which only a name by its hash travels otherwise. Its pieces stand beside it, never in it. */
export const file = resource({
  name: "file",
  summary: "Content that people give devices, or devices people",
  shape: Type.Object({
    name: Type.String(),
    /** How many it has when it is whole. */
    bytes: Type.Integer(),
    /** SHA-256 of all of it, hex. Before it is ready: what it must be, or empty. */
    sha256: Type.String(),
    author: Type.String(),
    /** The device that it comes from, or that it is for; absent: it is for all. */
    device: Type.Optional(Type.String()),
    /** In which state of itself the device's file is sent, by the device's word. */
    revision: Type.Optional(Type.String()),
    /** It is only on its way from one device to others. */
    isPassing: Type.Optional(Type.Boolean()),
    /** For how long it is kept once it is whole, milliseconds. */
    keepFor: Type.Integer(),
    /** Then it is removed. */
    expiresAt: Type.Integer(),
    /** Why it failed; empty otherwise. */
    reason: Type.String(),
  }),
  life: machine("file", "uploading", { uploading: { finish: "ready", fail: "failed" }, ready: {}, failed: {} }),
  belongsTo: ({ device }) => (device === undefined ? [] : [device]),
  indexes: {
    name: ({ name }) => [[name]],
    device: ({ device, id }) => (device === undefined ? [] : [[device, id]]),
    hash: ({ state, sha256, id }) => (state === "ready" ? [[sha256, id]] : []),
    expiry: ({ expiresAt }) => [[expiresAt]],
  },
});

/** Content that a device may read for as long as it shows it without having it. It is kept here until then. */
export const mountedContent = table<{
  readonly id: string;
  readonly sha256: string;
  readonly device: string;
}>("mountedcontent", { hash: ({ sha256, device }) => [[sha256, device]] });
export const mountedAt = (device: string, sha256: string): string => `${sha256}-${device}`;

const FileRef = Ref("file", "The file: id, or name where it has that for itself");
const Sha256 = Type.String({ pattern: "^[0-9a-f]{64}$", description: "SHA-256 of the whole content, hex" });
const From = Type.Integer({ minimum: 0, description: "Position of the first byte" });
const Content = (bytes: number) =>
  Type.String({
    maxLength: Math.ceil(bytes / 3) * 4,
    pattern: "^[A-Za-z0-9+/]*={0,2}$",
    description: `The bytes, base64; at most ${bytes}`,
  });
const Bytes = Type.Integer({ minimum: 0, maximum: limits.fileBytes, description: "How many bytes it has" });
const Shown = Type.Unsafe<FileRow & { readonly received: number }>(
  Type.Object({
    ...(rowSchema(file) as unknown as TObject).properties,
    received: Type.Integer({ description: "Bytes of it that are there" }),
  }),
);

export const createFile = action({
  path: "cpl/dm/file/create",
  summary: "Begin to upload a file; its content follows in pieces",
  effect: "write",
  permission: "file:write",
  scope: "referenced",
  input: Type.Object({
    name: Type.String({
      minLength: 1,
      maxLength: 255,
      pattern: "^[^/\\x00-\\x1f\\x7f]+$",
      description: "What people call it, without a slash",
    }),
    bytes: Bytes,
    sha256: Type.Optional(Sha256),
    device: Type.Optional(
      Ref("device", "The device that it is for; whoever may do this for some devices only has to name one"),
    ),
    passing: Type.Optional(
      Type.Boolean({ default: false, description: "It is only on its way to others, and no data of its own" }),
    ),
    keep: Type.Optional(
      Type.Integer({
        minimum: 60,
        maximum: 3_660 * 86_400,
        description: "Seconds for which it is kept once it is whole [as the option keep-files says]",
      }),
    ),
  }),
  output: Shown,
});
export const writeFile = action({
  path: "cpl/dm/file/write",
  summary: "Send the next piece of a file; one that is there already changes nothing",
  effect: "write",
  permission: "file:write",
  scope: "referenced",
  isPiece: true,
  secrets: ["content"],
  input: Type.Object({ file: FileRef, from: From, content: Content(PIECE_BYTES) }),
  output: Type.Object({ received: Type.Integer({ description: "Bytes that are there: where to go on" }) }),
});
export const finishFile = action({
  path: "cpl/dm/file/finish",
  summary: "End an upload: the whole content is hashed, and is ready when it is what it must be",
  effect: "write",
  permission: "file:write",
  scope: "referenced",
  takesLong: true,
  input: Type.Object({ file: FileRef, sha256: Type.Optional(Sha256) }),
  output: Shown,
});
export const readFile = action({
  path: "cpl/dm/file/read",
  summary: "Read a piece of a file",
  effect: "read",
  permission: "file:content",
  scope: "referenced",
  input: Type.Object({
    file: FileRef,
    from: Type.Optional(Type.Integer({ minimum: 0, default: 0, description: "Position of the first byte" })),
    limit: Type.Optional(
      Type.Integer({ minimum: 1, maximum: PIECE_BYTES, default: PIECE_BYTES, description: "Bytes at most" }),
    ),
  }),
  output: Type.Object({
    content: Type.String({ description: "Base64" }),
    next: Type.Integer({ description: "Where to read on" }),
    bytes: Type.Integer({ description: "Of the whole file" }),
    sha256: Type.String(),
  }),
});
export const findFile = action({
  path: "cpl/dm/file/find",
  summary: "Show a file, and how much of it is there",
  effect: "read",
  permission: "file:read",
  scope: "referenced",
  input: Type.Object({ file: FileRef }),
  output: Shown,
});
export const listFiles = action({
  path: "cpl/dm/file/list",
  summary: "List files, newest first",
  effect: "read",
  permission: "file:read",
  scope: "filtered",
  input: Type.Object({
    device: Type.Optional(Ref("device", "Only those of one device")),
    ...statesInput(file),
    ...pageInput,
  }),
  output: PageOf(Shown),
});
export const fileRoom = action({
  path: "cpl/dm/file/room",
  summary: "Show how much room there is for files",
  effect: "read",
  permission: "file:read",
  scope: "anywhere",
  input: Type.Object({}),
  output: Type.Object({
    totalBytes: Type.Integer({ description: "What all files together may come to take" }),
    freeBytes: Type.Integer({ description: "What is left of it, without those that are being uploaded" }),
  }),
});
export const destroyFile = action({
  path: "cpl/dm/file/destroy",
  summary: "Remove a file and its content; devices that were to get it do not any more",
  danger: () => "file:destroy",
  effect: "destroy",
  permission: "file:destroy",
  scope: "referenced",
  isAllowedWhenFull: true,
  input: Type.Object({ file: FileRef }),
  output: Type.Object({ id: Type.String() }),
});

const CommandId = Type.String({
  maxLength: 64,
  description: "Id of the open command that asks for it; of what is mounted on the device its SHA-256",
});

/** On the device API, where the client's certificate is the credential. The answer's body is the bytes alone. */
export const fetchFile = action({
  path: "cpl/dm/file/fetch",
  summary: "Give a device a piece of the content that its command names by its hash",
  effect: "read",
  permission: "file:fetch",
  forDevices: true,
  bytesOnWire: { of: "output", field: "content" },
  input: Type.Object({
    command: CommandId,
    from: From,
    limit: Type.Integer({ minimum: 1, maximum: limits.filePieceBytes, description: "Bytes at most" }),
  }),
  output: Type.Object({ content: Type.String({ description: "Base64; on the device API the bytes themselves" }) }),
});

/** On the device API. A list that is longer than a piece comes as several. */
export const fetchChunks = action({
  path: "cpl/dm/file/chunks",
  summary: "Give a device the hashes and sizes of the chunks of the content that its command names by its hash",
  effect: "read",
  permission: "file:fetch",
  forDevices: true,
  bytesOnWire: { of: "output", field: "content" },
  input: Type.Object({
    command: CommandId,
    from: From,
    limit: Type.Integer({ minimum: 1, maximum: limits.filePieceBytes, description: "Bytes of the list at most" }),
  }),
  output: Type.Object({
    content: Type.String({ description: "Base64; 32 bytes of SHA-256 and 4 of size for each chunk" }),
  }),
});

/** On the device API. Whoever lets neighbours fetch here may be sent to them. */
export const findNeighbours = action({
  path: "cpl/dm/file/neighbours",
  summary:
    "Name devices on the same site that have the content of a device's command, and permit that it is fetched there",
  effect: "read",
  permission: "file:fetch",
  forDevices: true,
  input: Type.Object({ command: CommandId }),
  output: Type.Object({
    permit: Type.String({ description: "Base64: a signed NeighbourPermit; empty when there is nobody" }),
    neighbours: Type.Array(
      Type.Object({
        device: Type.String(),
        address: Type.String({ description: "Host and port" }),
        isComing: Type.Optional(
          Type.Boolean({ description: "It fetches the content itself, and has the beginning of it" }),
        ),
      }),
    ),
  }),
});

const Sent = {
  command: CommandId,
  bytes: Bytes,
  revision: Type.String({ maxLength: 128, description: "Which state of the file is sent: another is another file" }),
};
const Standing = Type.Object({
  received: Type.Integer({ description: "Bytes that are there: where to go on" }),
  state: Type.String({ description: "uploading, ready or failed" }),
  reason: Type.String({ description: "Why it failed" }),
});

/** The request's body is the bytes alone, what else is said stands in the address. */
const fromDevice = {
  effect: "write",
  permission: "file:send",
  forDevices: true,
  isPiece: true,
  secrets: ["content"],
  bytesOnWire: { of: "input", field: "content" },
} as const;

/** On the device API, and only for content that the command names by its hash: nobody is to learn by it what others have. */
export const offerChunks = action({
  path: "cpl/dm/file/offer",
  summary: "Take the list of the chunks that a device is about to send: those that are here already need not come",
  ...fromDevice,
  input: Type.Object({ ...Sent, content: Content(limits.filePieceBytes) }),
  output: Standing,
});

/** On the device API. */
export const sendFile = action({
  path: "cpl/dm/file/send",
  summary: "Take a piece of the file that a device's command asks for; without content it only says how much is there",
  ...fromDevice,
  input: Type.Object({
    ...Sent,
    from: From,
    content: Type.Optional(Content(limits.filePieceBytes)),
    sha256: Type.Optional(Sha256),
  }),
  output: Standing,
});

export type FileRow = Row<typeof file>;
