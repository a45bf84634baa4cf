import { askForProof } from "./step-up.ts";
import { createClient, type Input, type Output, type Path } from "../../src/faces/client.ts";

/** `crypto.randomUUID` is there in secure contexts only; the portal may be served over plain HTTP in a lab. */
const newKey = () =>
  Array.from(crypto.getRandomValues(new Uint8Array(16)), (byte) => byte.toString(16).padStart(2, "0")).join("");

/** The control plane that served this page; the session cookie speaks for the user. */
export const client = createClient({ baseUrl: "", headers: { "X-Edgemere-Portal": "1" }, newKey, stepUp: askForProof });

/** Asks for an action; typed by its address. */
export const call = async <P extends Path>(path: P, input: Input<P>, signal?: AbortSignal): Promise<Output<P>> =>
  (await client.ask(path, input, { signal })) as Output<P>;
