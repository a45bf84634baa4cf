import { type TObject, Type } from "@sinclair/typebox";
import { machine } from "@edgemere/protocol/kit";
import { action, PageOf, pageInput, Ref } from "../../platform/action.ts";
import { resource, rowSchema, type Row } from "../../platform/resource.ts";
import { statesInput } from "../../platform/states.ts";

/** A version of the agent that devices may be given. What it is was signed elsewhere; its archive is a file like any other. */
export const release = resource({
  name: "release",
  summary: "A signed version of the agent that devices may be given",
  shape: Type.Object({
    /** Its version, as semver.org has it. */
    name: Type.String(),
    /** SHA-256 of the archive, hex. */
    sha256: Type.String(),
    bytes: Type.Integer(),
    unpackedBytes: Type.Integer(),
    /** The least version of Node that it runs on; any when empty. */
    leastNode: Type.String(),
    issuedAt: Type.Integer(),
    /** From then on no device takes it; 0: for ever. */
    expiresAt: Type.Integer(),
    mayGoBack: Type.Boolean({ description: "It may take the place of a newer one" }),
    /** The SignedEnvelope, base64: what a command carries. */
    signed: Type.String(),
    author: Type.String(),
  }),
  life: machine("release", "published", { published: { withdraw: "withdrawn" }, withdrawn: {} }),
  indexes: {
    name: ({ state, name }) => (state === "published" ? [[name]] : []),
    listed: ({ state, createdAt, id }) => (state === "published" ? [[createdAt, id]] : []),
  },
});

const ReleaseRef = Ref("release", "The release: its version, or id");
const Told = {
  signature: Type.String({ description: "good, or why devices would not believe it now" }),
  archive: Type.Union([Type.Literal("here"), Type.Literal("gone")], {
    description: "Whether devices can fetch it from here",
  }),
};
const Listed = Type.Unsafe<ReleaseRow & TellingOf & { readonly devices: number; readonly examples: readonly string[] }>(
  Type.Object({
    ...(rowSchema(release) as unknown as TObject).properties,
    ...Told,
    devices: Type.Integer({ description: "How many run it, of those that you may see" }),
    examples: Type.Array(Type.String(), {
      description: "Names of some; all: edgemere device list --selector 'agent_version == \"VERSION\"'",
    }),
  }),
);
const Shown = Type.Unsafe<ReleaseRow & TellingOf>(
  Type.Object({ ...(rowSchema(release) as unknown as TObject).properties, ...Told }),
);

export const publishRelease = action({
  path: "cpl/dm/release/publish",
  summary: "Make a release known by its version; its archive has to be among the files, and its signature to be good",
  effect: "write",
  permission: "release:write",
  input: Type.Object({
    release: Type.String({
      minLength: 1,
      maxLength: 16_384,
      pattern: "^[A-Za-z0-9+/]+={0,2}\\s*$",
      description: "What edgemere-control-plane sign-release printed",
    }),
  }),
  output: Shown,
});
export const findRelease = action({
  path: "cpl/dm/release/find",
  summary: "Show a release, and whether devices would believe it and can fetch it",
  effect: "read",
  permission: "release:read",
  scope: "anywhere",
  input: Type.Object({ release: ReleaseRef }),
  output: Shown,
});
export const listReleases = action({
  path: "cpl/dm/release/list",
  summary: "List the releases of the agent, newest first, and which devices run them",
  effect: "read",
  permission: "release:read",
  scope: "anywhere",
  input: Type.Object({ ...statesInput(release), ...pageInput }),
  output: PageOf(Listed),
});
export const withdrawRelease = action({
  path: "cpl/dm/release/withdraw",
  summary: "Have a release be given to no more devices; upgrades that were asked for go on",
  effect: "write",
  permission: "release:write",
  isAllowedWhenFull: true,
  input: Type.Object({ release: ReleaseRef }),
  output: Shown,
});

interface TellingOf {
  readonly signature: string;
  readonly archive: "here" | "gone";
}
export type ReleaseRow = Row<typeof release>;
