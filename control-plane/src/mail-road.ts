import { createTransport } from "nodemailer";
import { SECOND, type Clock } from "@edgemere/protocol/kit";
import type { MailConfig } from "./config-notifier.ts";
import { firstLineOf } from "./outlet-targets.ts";
import { inTime } from "./platform/in-time.ts";

const ANSWER_WITHIN = 30 * SECOND;

export interface Mail {
  readonly to: string;
  readonly messageId: string;
  readonly subject: string;
  readonly text: string;
}

/** Mail by one server, a connection for each: its password is read then, for it may be renewed meanwhile. */
export const mailRoad = (
  { host, port, tls, from, user, passwordFile }: MailConfig,
  { clock, stopped }: { readonly clock: Clock; readonly stopped: AbortSignal },
) => {
  const transport = async () =>
    createTransport({
      host,
      port,
      secure: tls === "at once",
      requireTLS: tls === "asked",
      ignoreTLS: tls === "none",
      tls: { minVersion: "TLSv1.2" },
      connectionTimeout: ANSWER_WITHIN,
      greetingTimeout: ANSWER_WITHIN,
      socketTimeout: ANSWER_WITHIN,
      // Nothing in a message names a file or an address to be fetched.
      disableFileAccess: true,
      disableUrlAccess: true,
      ...(user !== undefined &&
        passwordFile !== undefined && { auth: { user, pass: await firstLineOf(passwordFile) } }),
    });
  return async ({ to, messageId, subject, text }: Mail) => {
    try {
      const headers = { "auto-submitted": "auto-generated" };
      const way = await transport();
      const sent = way.sendMail({ from, to: { name: "", address: to }, messageId, subject, text, headers });
      const { response } = await inTime(Promise.race([sent, untilStopped(stopped)]), ANSWER_WITHIN, clock);
      return { status: codeIn(response), text: response.replace(/^\d{3}[ -]?/, "") };
    } catch (error) {
      if (stopped.aborted) return { status: 0, text: "the control plane stops", isGivenUp: true };
      return answerIn(error);
    }
  };
};

const untilStopped = (stopped: AbortSignal): Promise<never> =>
  new Promise((_, reject) => {
    const stop = () => reject(new Error("the control plane stops"));
    if (stopped.aborted) stop();
    else stopped.addEventListener("abort", stop, { once: true });
  });

const codeIn = (response: string): number => Number(/^\d{3}/.exec(response)?.[0] ?? 0);

/** What the server said of the message, or why there is no word of it. */
function answerIn(error: unknown) {
  const { message, responseCode, response } = error as { message?: string; responseCode?: number; response?: string };
  const status = responseCode ?? codeIn(response ?? "");
  return { status, text: (response ?? message ?? String(error)).replace(/^\d{3}[ -]?/, "") };
}
