import { Text } from "@mantine/core";
import { useRead } from "../data/queries.ts";
import { Answer } from "./answer.tsx";
import { Deciding } from "./deciding.tsx";
import { Facts } from "./facts.tsx";
import { Instant } from "./instant.tsx";
import { Plain } from "./plain.tsx";
import { State } from "./state.tsx";

/** What a policy says of one group now, whether it has an alert or not, and which devices decide. */
export function WhyOnGroup({ policy, group }: { readonly policy: string; readonly group: string }) {
  const explained = useRead("sa/pe/policy/explaingroup", { policy, group }, { every: 10_000, keepPrevious: true });
  return (
    <Answer of={explained} lines={2}>
      {({ answer, state, deciding, looked = [], dueAt, stopped, quiet }) => (
        <div role="status">
          <Text size="sm" fw={600} my="xs">
            <Plain text={answer} />
          </Text>
          <Facts
            of={[
              ["Alert", <State key="state" state={state ?? "none"} />],
              ...looked.map(({ what, value }) => [what, value?.toLocaleString() ?? "not known"] as const),
              ...(dueAt === undefined ? [] : ([["Looked at again", <Instant key="due" at={dueAt} />]] as const)),
              ...(stopped === undefined
                ? []
                : ([["Nothing follows", <Plain key="stopped" text={stopped} />]] as const)),
              ...(quiet === undefined ? [] : ([["No surprise", <Plain key="quiet" text={quiet.reason} />]] as const)),
            ]}
          />
          {deciding !== undefined && <Deciding of={deciding} />}
        </div>
      )}
    </Answer>
  );
}
