// Runs before a control plane, as if it had been taken over: what it signs as a command is one of a kind that nobody knows.
import { v1 } from "@edgemere/protocol";

/** In the place of the task, a field of the message that is not in the protocol: its number, and what follows has a length. */
const UNKNOWN_TASK = (2_000 << 3) | 2;

interface Writer {
  uint32(value: number): Writer;
  bytes(value: Uint8Array): Writer;
}
const commands = v1.Command as unknown as { encode(message: Record<string, unknown>): Writer };
const encode = commands.encode.bind(commands);
commands.encode = ({ ping: _, exec: __, task: ___, ...message }) =>
  encode(message).uint32(UNKNOWN_TASK).bytes(Buffer.from("terminal: sh"));
