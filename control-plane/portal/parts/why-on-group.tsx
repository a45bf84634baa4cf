import { Box } from "@mantine/core";
import { useRead } from "../data/queries.ts";
import { Answer } from "./answer.tsx";
import { Deciding } from "./deciding.tsx";
import { Plain } from "./plain.tsx";
import { Verdict } from "./verdict.tsx";

/** What a policy says of one group now, whether it has an alert or not, and which devices decide. */
export function WhyOnGroup({ policy, group }: { readonly policy: string; readonly group: string }) {
  const explained = useRead("sa/pe/policy/explaingroup", { policy, group }, { every: 10_000, keepPrevious: true });
  return (
    <Answer of={explained} lines={2}>
      {({ deciding, stopped, quiet, ...said }) => (
        <Box mt="xs">
          <Verdict
            of={said}
            more={[
              ...(stopped === undefined
                ? []
                : ([["Nothing follows", <Plain key="stopped" text={stopped} />]] as const)),
              ...(quiet === undefined ? [] : ([["No surprise", <Plain key="quiet" text={quiet.reason} />]] as const)),
            ]}
          >
            {deciding !== undefined && <Deciding of={deciding} />}
          </Verdict>
        </Box>
      )}
    </Answer>
  );
}
