import { useQueryClient } from "@tanstack/react-query";
import { createContext, useContext, type ReactNode } from "react";
import type { Output } from "../../src/faces/client.ts";
import { call } from "./client.ts";
import { covers } from "./permission.ts";

/** Who uses the portal. */
export interface Session {
  /** `user:alice` */
  readonly actor: string;
  readonly permissions: readonly string[];
  /** What may be done for some devices only. */
  readonly limited: readonly { readonly permission: string }[];
  /** How they prove again who they are, for what is dangerous. */
  readonly proof: Output<"ia/whoami">["proof"];
}

const SessionContext = createContext<Session>({ actor: "nobody", permissions: [], limited: [], proof: "none" });

export const SessionProvider = ({ session, children }: { readonly session: Session; readonly children: ReactNode }) => (
  <SessionContext value={session}>{children}</SessionContext>
);

export const useSession = (): Session => useContext(SessionContext);
/** Whether the user may do what needs this permission, for some devices at least. */
export function useMay(permission: string): boolean {
  const { permissions, limited } = useSession();
  return covers([...permissions, ...limited.map((grant) => grant.permission)], permission);
}

const NOBODY: Output<"ia/whoami"> = { actor: "nobody", permissions: [], limited: [], proof: "none" };

/** Ends the session; everything that was read in it is forgotten with the page. */
export function useSignOut(): () => Promise<void> {
  const queries = useQueryClient();
  return async () => {
    await call("ia/signout", {});
    // Whatever is still shown would ask again, and be refused.
    queries.setQueryData(["ia/whoami", {}], NOBODY);
    window.location.assign(import.meta.env.BASE_URL);
  };
}

const EXPIRED_KEY = "edgemere-session-ended";

/** Tells the sign-in page why it is shown. */
export const markSessionEnded = (): void => sessionStorage.setItem(EXPIRED_KEY, "yes");
export const hasSessionEnded = (): boolean => sessionStorage.getItem(EXPIRED_KEY) !== null;
export const forgetSessionEnded = (): void => sessionStorage.removeItem(EXPIRED_KEY);
