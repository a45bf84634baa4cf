import { type TProperties, Type } from "@sinclair/typebox";
import { checkRelease, decode, payloadTypes, ProtocolError, v1 } from "@edgemere/protocol";
import { SECOND } from "@edgemere/protocol/kit";
import type { OutputOf } from "../../platform/action.ts";
import { Problem } from "../../platform/problem.ts";
import type { findRelease } from "../releases/contract.ts";

type Given = Readonly<Record<string, unknown>>;

/** Which release of the agent, and how long it has to prove itself. */
export const upgradeArguments = {
  release: Type.String({
    minLength: 1,
    maxLength: 16_384,
    pattern: "^[0-9A-Za-z.+/=-]+\\s*$",
    description:
      "Version of a published release, or what edgemere-control-plane sign-release printed (release=@FILE takes it from a file)",
  }),
  path: Type.Optional(
    Type.String({
      maxLength: 4_096,
      pattern: "^/",
      description:
        "Where the archive is on the device already [it fetches it, by the hash that was signed]; nothing else is unpacked",
    }),
  ),
  startWithin: Type.Optional(
    Type.Integer({ minimum: 5, maximum: 600, default: 60, description: "Seconds until the release must be at work" }),
  ),
  confirmWithin: Type.Optional(
    Type.Integer({
      minimum: 5,
      maximum: 86_400,
      default: 7_200,
      description: "Seconds for its first session and round trip; before that no failure of the network takes it back",
    }),
  ),
} satisfies TProperties;

/** What is wrong with an upgrade that fits the schema. Whether it is signed by whom it must be is for the device to say. */
export function upgradeWrong({ release, path, startWithin, confirmWithin }: Given) {
  if (Number(confirmWithin) < Number(startWithin))
    return { field: "confirmWithin", detail: '"confirmWithin" is shorter than "startWithin"' };
  if (isVersionOf(release)) return undefined;
  if (path === undefined)
    return {
      field: "release",
      detail:
        '"release" must be the version of a published release where there is no "path": see edgemere release list',
    };
  try {
    const { payload = new Uint8Array(), payloadType } = envelopeIn(release) ?? {};
    if (payloadType !== payloadTypes.release) throw new ProtocolError("wrong-body", "it describes no release");
    checkRelease(decode(v1.AgentRelease, payload));
    return undefined;
  } catch (error) {
    if (!(error instanceof ProtocolError)) throw error;
    return { field: "release", detail: `"release" is not what sign-release prints: ${error.message}` };
  }
}

/** An upgrade as its message has it. */
export function upgradeOnWire({ release, path, startWithin, confirmWithin }: Given): Given {
  const [startWithinMs, confirmWithinMs] = [startWithin, confirmWithin].map((each) => Number(each) * SECOND);
  return { release: envelopeIn(release), ...(typeof path === "string" && { path }), startWithinMs, confirmWithinMs };
}

/** The arguments with the release that a version names, and with what its archive is where the device is to fetch that. */
export async function withRelease<G extends Given>(
  given: G,
  ask: (release: string) => Promise<ReleaseRow>,
): Promise<G> {
  const { release, path } = given;
  if (!isVersionOf(release)) return given;
  const { name: version, signed, sha256, bytes, signature, archive } = await ask(release.trim());
  if (signature !== "good")
    throw new Problem("conflict", `devices would not believe the release ${version}: ${signature}`);
  if (path !== undefined) return { ...given, release: signed };
  if (archive === "here") return { ...given, release: signed, version, sha256, bytes };
  throw new Problem("conflict", `the archive of ${version} is not here any more: edgemere release upload brings it`);
}
type ReleaseRow = OutputOf<typeof findRelease>;

/** No base64 has a dot in it, and no version is without one. */
const isVersionOf = (release: unknown): release is string => typeof release === "string" && release.includes(".");

/** Before it is known which release a version names there is none. */
const envelopeIn = (release: unknown) =>
  isVersionOf(release)
    ? undefined
    : decode(v1.SignedEnvelope, Buffer.from(typeof release === "string" ? release.trim() : "", "base64"));
