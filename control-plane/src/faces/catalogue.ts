import type { AnyAction } from "../platform/action.ts";
import { ANYONE } from "../platform/caller.ts";
import { eventsOf, type AnyResource } from "../platform/resource.ts";
import type { FaceParts } from "./face.ts";

type Declared = Pick<FaceParts, "actions" | "resources" | "version">;

/** All that can be asked and all that there is, for whoever builds a form, a command line or a client from it. */
export const catalogueOf = ({ actions, resources, version }: Declared) => ({
  version,
  actions: actions.map(entryOf),
  resources: resources.map(classOf),
});

const classOf = (resource: AnyResource) => {
  const life = resource.life as { readonly states: readonly string[]; diagram(): string } | undefined;
  return {
    name: resource.name as string,
    summary: resource.summary,
    states: life?.states ?? [],
    events: eventsOf(resource),
    ...(life && { diagram: life.diagram() }),
  };
};

const entryOf = (action: AnyAction) => ({
  path: action.path as string,
  summary: action.summary,
  ...(action.description !== undefined && { description: action.description }),
  effect: action.effect,
  permission: action.permission,
  needsSignIn: action.permission !== ANYONE,
  input: action.input as unknown,
  output: action.output as unknown,
  aliases: action.aliases ?? {},
  secrets: action.secrets ?? [],
  isShownOnce: action.isShownOnce ?? false,
});
