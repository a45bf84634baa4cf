import { Text } from "@mantine/core";
import type { ComponentProps, ReactNode } from "react";
import type { Output } from "../../src/faces/client.ts";
import { Facts } from "./facts.tsx";
import { Instant } from "./instant.tsx";
import { Plain } from "./plain.tsx";
import { State } from "./state.tsx";

/** What a policy says now of a device or of a group, in words and in facts, and more of these where there are some. */
export const Verdict = ({
  of: { answer, state, looked = [], dueAt },
  more,
  children,
}: {
  readonly of: Pick<Output<"sa/pe/policy/explain">, "answer" | "state" | "looked" | "dueAt">;
  readonly more: ComponentProps<typeof Facts>["of"];
  readonly children?: ReactNode;
}) => (
  <div role="status">
    <Text size="sm" fw={600} mb="xs">
      <Plain text={answer} />
    </Text>
    <Facts
      of={[
        ["Alert", <State key="state" state={state ?? "none"} />],
        ...looked.map(({ what, value }) => [what, value?.toLocaleString() ?? "not known"] as const),
        ...(dueAt === undefined ? [] : ([["Looked at again", <Instant key="due" at={dueAt} />]] as const)),
        ...more,
      ]}
    />
    {children}
  </div>
);
