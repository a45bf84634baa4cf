import { checkEnvelope } from "./check-envelope.ts";
import { id, safe, text } from "./check-values.ts";
import { limits } from "./limits.ts";
import type { v1 } from "./messages.ts";
import { ProtocolError } from "./protocol-error.ts";

const KEY_BYTES = 32;

/** The form of a frame; whether it is the other side's is for its key to say. Throws ProtocolError. */
export function checkTerminalFrame({ command, number, opened }: v1.TerminalFrame.$Properties): void {
  id("command", command ?? "");
  safe("number", number ?? 0);
  if (opened) checkEnvelope("opened", opened);
}

export function checkTerminalOpened({ gatewayKey, agentKey }: v1.TerminalOpened.$Properties): void {
  for (const [field, key] of Object.entries({ gateway_key: gatewayKey, agent_key: agentKey }))
    if (key?.length !== KEY_BYTES)
      throw new ProtocolError("out-of-range", `${field} has ${key?.length ?? 0} bytes, and ${KEY_BYTES} are meant`);
}

/** What an opened frame says. Throws ProtocolError. */
export function checkTerminalSegment({
  acknowledged,
  credit,
  number,
  size,
  end,
}: v1.TerminalSegment.$Properties): void {
  safe("acknowledged", acknowledged ?? 0);
  safe("credit", credit ?? 0);
  safe("number", number ?? 0);
  if (size && !isTerminalSize(size))
    throw new ProtocolError("out-of-range", `size must be from 1 to ${limits.terminalCells} columns and rows`);
  if (!end) return;
  text("end.reason", end.reason ?? "", 64);
  text("end.detail", end.detail ?? "");
  text("end.signal", end.signal ?? "", 64);
}

const fits = (cells: number | null | undefined) =>
  Number.isInteger(cells) && cells !== 0 && (cells ?? 0) <= limits.terminalCells;

/** Whether a terminal can have so many columns and rows. */
export const isTerminalSize = ({ columns, rows }: v1.TerminalSize.$Properties): boolean => fits(columns) && fits(rows);
