import { type TObject, type TProperties, Type } from "@sinclair/typebox";
import { limits } from "@edgemere/protocol";

const Sha256 = Type.String({ pattern: "^[0-9a-f]{64}$", description: "SHA-256 of the content, hex" });
const Bytes = (description: string) => Type.Integer({ minimum: 0, maximum: limits.fileBytes, description });

/** Names a file in a data source of a device by what it holds. */
const file = {
  source: Type.String({ minLength: 1, maxLength: limits.nameLength, description: "Name of the data source" }),
  path: Type.String({
    minLength: 1,
    maxLength: limits.textLength,
    pattern: "^[^/\\x00-\\x1f\\x7f][^\\x00-\\x1f\\x7f]*$",
    description: "The file, from the directory of the source on",
  }),
  sha256: Sha256,
};

const onWire = (given: Readonly<Record<string, unknown>>): Readonly<Record<string, unknown>> => ({
  ...given,
  sha256: Buffer.from(String(given["sha256"]), "hex"),
});

const closed = (fields: TProperties): TObject => Type.Object(fields, { additionalProperties: false });

/** The kinds by which the data orchestrator moves data, and the catalogue asks what there is. */
export const dataKinds = {
  "data.get": {
    summary: "Have a device send a piece of its data here; the data orchestrator asks for it",
    permission: "command:data.get",
    arguments: closed({ ...file, maxBytes: Bytes("One with more is not sent") }),
    onWire,
  },
  "data.put": {
    summary: "Have a device put a piece of data into one of its sources; the data orchestrator asks for it",
    permission: "command:data.put",
    arguments: closed({ ...file, bytes: Bytes("How many bytes it has") }),
    onWire,
  },
  "data.drop": {
    summary: "Have a device take a piece of data out of one of its sources; the data orchestrator asks for it",
    permission: "command:data.drop",
    arguments: closed({
      ...file,
      isMounted: Type.Optional(Type.Boolean({ description: "It is only shown there, and is so no longer" })),
    }),
    onWire,
  },
  "data.mount": {
    summary: "Have a device show a piece of data that it does not have; the data orchestrator asks for it",
    permission: "command:data.mount",
    arguments: closed({ ...file, bytes: Bytes("How many bytes it has") }),
    onWire,
  },
  "data.report": {
    summary: "Have a device tell again all that one of its sources holds; the data catalogue asks for it",
    permission: "command:data.report",
    arguments: closed({ source: file.source }),
  },
  "data.snapshot": {
    summary: "Have a device take a snapshot of the database that fills one of its sources, now",
    permission: "command:data.snapshot",
    arguments: closed({ source: file.source }),
  },
};
