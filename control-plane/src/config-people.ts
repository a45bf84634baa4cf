import { duration, oneOf, option, type Options, type Values } from "@edgemere/protocol/config";
import { DAY, MINUTE } from "@edgemere/protocol/kit";

/** What people who sign in are held to. Durations are milliseconds. */
export interface PeopleConfig {
  /** When a second person has to approve what is dangerous. auto: where there is somebody else who could. */
  readonly approval: (typeof approvalRules)[number];
  /** For how long after somebody proved who they are their session may do what is dangerous. */
  readonly stepUpAfter: number;
}

const approvalRules = ["auto", "always", "never"] as const;

export const peopleOptions = {
  approval: option(
    "RULE",
    "When a second person must approve what is dangerous: auto (where somebody else could), always or never",
    "auto",
    oneOf(approvalRules),
  ),
  "step-up-after": option(
    "TIME",
    "How long after a password was typed its session may do what is dangerous",
    "15m",
    duration(MINUTE, DAY),
  ),
} satisfies Options;

export const peopleConfigOf = (values: Values<typeof peopleOptions>): PeopleConfig => ({
  approval: values.approval,
  stepUpAfter: values["step-up-after"],
});
