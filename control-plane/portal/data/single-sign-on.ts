import { call } from "./client.ts";

const FLOW = "edgemere-sign-in-elsewhere";

/** Leads to the identity provider, which leads back to the page /sso. */
export async function leaveForSignIn(): Promise<void> {
  const redirect = new URL(`${import.meta.env.BASE_URL}sso`, window.location.origin).href;
  const { location, flow } = await call("ia/sso/begin", { redirect });
  // Of this tab and this origin alone: an answer that somebody else began is worth nothing here.
  sessionStorage.setItem(FLOW, flow);
  window.location.assign(location);
}

/** What the provider led back with, for a session. */
export async function returnFromSignIn(): Promise<void> {
  const flow = sessionStorage.getItem(FLOW) ?? "";
  sessionStorage.removeItem(FLOW);
  await call("ia/sso/finish", { flow, answer: window.location.search.slice(1) });
  window.location.replace(import.meta.env.BASE_URL);
}
