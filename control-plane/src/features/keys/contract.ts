import { Type } from "@sinclair/typebox";
import { keyringRoles } from "@edgemere/protocol";
import { action } from "../../platform/action.ts";

const Keyring = Type.Object({
  version: Type.Integer(),
  issuedAt: Type.Integer(),
  expiresAt: Type.Integer({ description: "After it devices obey nobody until they have a newer one" }),
  roles: Type.Array(
    Type.Object({
      role: Type.String({ description: "What its keys may sign" }),
      threshold: Type.Integer({ description: "So many of the keys must sign" }),
      keys: Type.Array(
        Type.Object({
          keyId: Type.String(),
          until: Type.Integer({ description: "From then on it counts no more; 0: as long as the keyring" }),
          isHere: Type.Boolean({ description: "Whether this control plane holds it" }),
        }),
      ),
    }),
  ),
});

export const findKeyring = action({
  path: "cpl/dm/key/find",
  summary: "Show whose signatures devices believe",
  effect: "read",
  permission: "key:read",
  input: Type.Object({}),
  output: Keyring,
});
export const rotateKey = action({
  path: "cpl/dm/key/rotate",
  danger: () => "key:write",
  summary: "Replace the key of a role; devices follow with their next Sync",
  description:
    "Signs a new keyring with the root of command trust. Where that lies elsewhere the answer holds a draft instead: sign it there, and give it to cpl/dm/key/import.",
  effect: "write",
  permission: "key:write",
  input: Type.Object({
    role: Type.Union(
      keyringRoles.map((role) => Type.Literal(role)),
      { description: "What the new key signs" },
    ),
    grace: Type.Optional(
      Type.Integer({
        minimum: 0,
        maximum: 2_592_000,
        default: 3_600,
        description: "Seconds that the former key still counts; 0 when somebody else has it",
      }),
    ),
    above: Type.Optional(
      Type.Integer({
        minimum: 0,
        maximum: 1_000_000,
        default: 0,
        description: "A version that devices have already, when this control plane was restored from before it",
      }),
    ),
  }),
  output: Type.Object({
    version: Type.Integer(),
    draft: Type.Optional(
      Type.String({ description: "edgemere.v1.SignedEnvelope without signatures, base64: not in force yet" }),
    ),
  }),
});
export const importKeyring = action({
  path: "cpl/dm/key/import",
  danger: () => "key:write",
  summary: "Put a keyring in force that was signed elsewhere",
  effect: "write",
  permission: "key:write",
  input: Type.Object({
    keyring: Type.String({ maxLength: 65_536, description: "edgemere.v1.SignedEnvelope, base64" }),
  }),
  output: Type.Object({ version: Type.Integer() }),
});
