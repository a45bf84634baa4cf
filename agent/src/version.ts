/** What this agent says it is; the same as in its package.json. */
export const AGENT_VERSION = "0.1.0";

/** When this version was made, or somewhat earlier, milliseconds since 1970: a clock that shows less is wrong. */
export const LEAST_TIME = 1_767_225_600_000;
