import type { FastifyInstance } from "fastify";
import { Problem, problems, type ProblemType } from "../platform/problem.ts";
import { openToEveryone } from "./access.ts";
import { sendPage } from "./pages.ts";

/** What each kind of refusal means and what to do about it. */
const advice: Readonly<Record<ProblemType, string>> = {
  "invalid-input":
    "A parameter is missing, unknown or not of the kind that the action takes. The detail names each one; the action's page in the reference lists what it takes.",
  "not-signed-in":
    "The action needs credentials and none were shown, or they are wrong, expired or revoked. Sign in, or make a new API token.",
  forbidden:
    "The credentials are good, but they do not hold the permission that the detail names. Ask an owner for a role that has it.",
  "not-found":
    "There is nothing under this id or name. It may have been removed, or its name was changed: list what there is.",
  "unknown-action": "There is no action at this address. The detail names those that come near.",
  "method-not-allowed": "The action exists, but is asked for with another HTTP method: the Allow header names them.",
  gone: "What was asked for was kept for a while and is no longer there, such as old events. The detail says what is still kept: ask for that.",
  "step-up-required":
    "What was asked is dangerous, and it is long ago that your session proved who you are. Give your password again (ia/stepup) and repeat it; the portal and the command line do so by themselves.",
  conflict:
    "What was asked does not fit the state that the thing is in now, or it changed meanwhile. Look at it again and decide anew.",
  "unsupported-media-type":
    "The body is not JSON. Send JSON with Content-Type: application/json, or parameters in the address.",
  "too-slow": "No whole request came in time on this connection, which is closed now. Ask again on another one.",
  "too-large": "The request holds more than is read at once. Send less, or in parts.",
  "too-many-requests": "Too many requests came in a short time. Wait as many seconds as the Retry-After header says.",
  internal:
    "The control plane made a mistake. Its log tells more under the request's id; a report of it with that id is welcome.",
  "storage-full":
    "The control plane's disk is nearly full, so it takes nothing new. Free space on it; writing begins again by itself within seconds.",
  unavailable:
    "The control plane cannot do this at the moment. Try again after the time that the Retry-After header says.",
};

const types = Object.keys(problems) as ProblemType[];

/** The pages that the `type` of every problem document leads to. */
export function serveProblemPages(app: FastifyInstance): void {
  const list = types.map((each) => `<li><a href="/problems/${each}">${problems[each].title}</a></li>`);
  openToEveryone(app);
  app.get("/problems", (_, reply) => sendPage(reply, "Problems", `<ul>${list.join("")}</ul>`));
  app.get<{ Params: { type: string } }>("/problems/:type", ({ params }, reply) => {
    const type = types.find((each) => each === params.type);
    if (type === undefined) throw new Problem("not-found", "there is no problem of this type; see /problems for all");
    const { title, status, exitCode } = problems[type];
    const body = `<p>${advice[type]}</p>
<p>Type <code>${type}</code>, HTTP status ${status}, exit code ${exitCode} of the command line.</p>
<p><a href="/problems">All problems</a> · <a href="/edgemere/docs">Reference of all actions</a></p>`;
    return sendPage(reply, title, body);
  });
}
