import { type TProperties, Type } from "@sinclair/typebox";
import { checkRelease, decode, payloadTypes, ProtocolError, v1 } from "@edgemere/protocol";
import { SECOND } from "@edgemere/protocol/kit";

type Given = Readonly<Record<string, unknown>>;

/** Which release of the agent, and how long it has to prove itself. */
export const upgradeArguments = {
  release: Type.String({
    minLength: 1,
    maxLength: 16_384,
    pattern: "^[A-Za-z0-9+/]+={0,2}\\s*$",
    description:
      "What edgemere-control-plane sign-release printed; on the command line release=@FILE takes it from a file",
  }),
  path: Type.String({
    maxLength: 4_096,
    pattern: "^/",
    description: "Where the archive is on the device; nothing is unpacked that is not the one that was signed",
  }),
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
export function upgradeWrong({ release, startWithin, confirmWithin }: Given) {
  if (Number(confirmWithin) < Number(startWithin))
    return { field: "confirmWithin", detail: '"confirmWithin" is shorter than "startWithin"' };
  try {
    const { payload, payloadType } = envelopeIn(release);
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
  return { release: envelopeIn(release), path, startWithinMs, confirmWithinMs };
}

const envelopeIn = (release: unknown) =>
  decode(v1.SignedEnvelope, Buffer.from(typeof release === "string" ? release.trim() : "", "base64"));
