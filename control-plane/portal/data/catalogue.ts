import { useQuery } from "@tanstack/react-query";
import type { Schema } from "./schema.ts";

export interface CatalogueAction {
  readonly path: string;
  readonly summary: string;
  readonly description?: string;
  readonly effect: "read" | "write" | "destroy";
  readonly permission: string;
  readonly input: Schema;
  readonly secrets?: readonly string[];
}
interface Catalogue {
  readonly actions: readonly CatalogueAction[];
}

/** All that this control plane can be asked for, as it tells itself. */
export const useCatalogue = () =>
  useQuery<Catalogue>({
    queryKey: ["catalogue"],
    queryFn: async ({ signal }) => {
      const response = await fetch("/edgemere/catalogue.json", { signal });
      if (!response.ok) throw new Error(`the catalogue of actions could not be read: HTTP ${response.status}`);
      return (await response.json()) as Catalogue;
    },
    staleTime: Number.POSITIVE_INFINITY,
  });
