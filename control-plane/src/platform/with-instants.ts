import type { TObject } from "@sinclair/typebox";
import { isInstant, writtenInstant } from "./instant.ts";

/** What was given for some fields, with instants in place of what was written for them. */
export const withInstants = ({ properties }: TObject, given: Readonly<Record<string, unknown>>, now: number) =>
  Object.fromEntries(
    Object.entries(given).map(([name, value]) => {
      const schema = Object.hasOwn(properties, name) ? properties[name] : undefined;
      return [name, schema && isInstant(schema) ? writtenInstant(value, now) : value];
    }),
  );
