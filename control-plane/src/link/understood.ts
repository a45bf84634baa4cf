import { ProtocolError } from "@edgemere/protocol";

/** What a reader makes of bytes; undefined, and refused, when they make no sense. */
export function understood<T>(reader: () => T, refuse: (error: ProtocolError) => void): T | undefined {
  try {
    return reader();
  } catch (error) {
    if (!(error instanceof ProtocolError)) throw error;
    refuse(error);
    return undefined;
  }
}
