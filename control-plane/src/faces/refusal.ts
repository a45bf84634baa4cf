import type { Log } from "@edgemere/protocol/kit";
import { Problem } from "../platform/problem.ts";

/** What the framework says about a request before anybody of ours saw it. */
const byCode: Readonly<Record<string, (message: string) => Problem>> = {
  FST_ERR_CTP_BODY_TOO_LARGE: () => new Problem("too-large", "the body is larger than is read here; send less at once"),
  FST_ERR_CTP_INVALID_MEDIA_TYPE: () =>
    new Problem("unsupported-media-type", "send the input as JSON, with Content-Type: application/json"),
  FST_ERR_CTP_INVALID_JSON_BODY: () => new Problem("invalid-input", "the body is not valid JSON"),
  FST_ERR_BAD_URL: () => new Problem("invalid-input", "the address is not a valid URL: check what stands after each %"),
};

/** Whatever was thrown on the way to an answer, as something the caller may know. A bug is logged here and told without its inside. */
export function problemOf(error: unknown, { log, requestId }: { log: Log; requestId: string }): Problem {
  if (error instanceof Problem) return error;
  const { code, statusCode } = Object(error) as { code?: unknown; statusCode?: unknown };
  const known = typeof code === "string" && Object.hasOwn(byCode, code) ? byCode[code] : undefined;
  if (known) return known(String(error));
  if (error instanceof Error && typeof statusCode === "number" && statusCode >= 400 && statusCode < 500)
    return new Problem("invalid-input", error.message, { cause: error });
  log.error("request failed", { requestId, error });
  return new Problem("internal", `the control plane failed; its log has more under request ${requestId}`, {
    cause: error,
  });
}
