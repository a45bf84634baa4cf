import { feature } from "../../platform/feature.ts";
import { releaseActions } from "./actions.ts";
import type { ReleasesContext } from "./context.ts";
import { release } from "./contract.ts";

export type { ReleasesContext } from "./context.ts";

export const releases = feature<ReleasesContext>({
  name: "releases",
  resources: [release],
  actions: releaseActions,
});
