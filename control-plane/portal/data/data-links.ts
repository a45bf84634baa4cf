import { alertLink } from "./alerts.ts";

/** The page of one piece of data. */
export const pieceLink = (id: string): string => `/data/pieces/${encodeURIComponent(id)}`;
export const requestLink = (id: string): string => `/data/requests/${encodeURIComponent(id)}`;
/** The catalogue, of what is like an expression. */
export const foundLink = (expression: string): string =>
  `/data/catalogue?${new URLSearchParams({ expression }).toString()}`;

/** The page of an alert by its id: what it is about, a slash, the policy, which has none. */
export function alertOfData(id: string): string {
  const slash = id.lastIndexOf("/");
  return alertLink({ device: id.slice(0, slash), policy: id.slice(slash + 1) });
}
