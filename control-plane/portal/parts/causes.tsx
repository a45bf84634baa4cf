import { Text } from "@mantine/core";
import type { Output } from "../../src/faces/client.ts";
import { ExactInstant, Instant } from "./instant.tsx";
import { Plain } from "./plain.tsx";

type Explained = Pick<Output<"sa/pe/alert/explain">, "causes">;

/** Why something is as it is: the first cause first, each with when it was so and when it could change. */
export const Causes = ({ of: { causes } }: { readonly of: Explained }) => (
  <ol className="causes" aria-label="Causes, the first one first">
    {causes.map(({ text, at, until }, place) => (
      <li key={place}>
        <Plain text={text} />
        {(at !== undefined || until !== undefined) && (
          <Text size="xs" c="dimmed">
            {at !== undefined && (
              <>
                <ExactInstant at={at} />
              </>
            )}
            {at !== undefined && until !== undefined && ", "}
            {until !== undefined && (
              <>
                until <Instant at={until} />
              </>
            )}
          </Text>
        )}
      </li>
    ))}
  </ol>
);
