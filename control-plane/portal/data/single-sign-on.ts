import { call } from "./client.ts";

const FLOW = "edgemere-sign-in-elsewhere";
const LEFT = "edgemere-page-left";

/** Leads to the identity provider, which leads back to the page /sso; `fresh`: it has to ask anew who it is. */
export async function leaveForSignIn({ fresh = false } = {}): Promise<void> {
  const redirect = new URL(`${import.meta.env.BASE_URL}sso`, window.location.origin).href;
  const { location, flow } = await call("ia/sso/begin", { redirect, fresh });
  // Of this tab and this origin alone: an answer that somebody else began is worth nothing here.
  sessionStorage.setItem(FLOW, flow);
  sessionStorage.setItem(LEFT, window.location.href);
  window.location.assign(location);
}

/** What the provider led back with, for a session; the work goes on where it was left. */
export async function returnFromSignIn(): Promise<void> {
  const flow = sessionStorage.getItem(FLOW) ?? "";
  const left = sessionStorage.getItem(LEFT) ?? import.meta.env.BASE_URL;
  sessionStorage.removeItem(FLOW);
  sessionStorage.removeItem(LEFT);
  await call("ia/sso/finish", { flow, answer: window.location.search.slice(1) });
  window.location.replace(left);
}
