import { isReason, isTerminalSize } from "@edgemere/protocol";
import { SECOND } from "@edgemere/protocol/kit";
import { TerminalSession } from "../terminal/terminal-session.ts";
import type { Handler } from "./handler.ts";

const KEY_BYTES = 32;

/** Opens a terminal and ends when it does: what it was and how it ended is its result. */
export const terminalOpen: Handler<"terminal.open"> = {
  check: ({ gatewayKey, reason, columns, rows, idleTimeoutMs }) => {
    if (gatewayKey.length !== KEY_BYTES) return "gateway_key: it is no X25519 key";
    if (reason.trim() === "") return "reason: nobody has said why this terminal is opened";
    if (!isTerminalSize({ columns, rows })) return `columns, rows: a terminal cannot have ${columns} × ${rows}`;
    return idleTimeoutMs < SECOND ? "idle_timeout_ms: it must be a second at least" : undefined;
  },
  run: async ({ gatewayKey, reason, columns, rows, idleTimeoutMs }, { command, signal, terminal }) => {
    const order = { command, gatewayKey, reason, columns, rows, idleTimeout: idleTimeoutMs };
    const { end, result } = await TerminalSession.run(order, terminal, signal);
    return isReason(end.reason) ? { reason: end.reason, detail: end.detail, result } : { result };
  },
};
