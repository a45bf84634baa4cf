import { parseArgs } from "node:util";
import { StepFailed } from "./steps.mjs";

const options = {
  "no-agent": { type: "boolean" },
  "agent-name": { type: "string" },
  allow: { type: "string", multiple: true },
  verbose: { type: "boolean" },
  help: { type: "boolean", short: "h" },
};

export const launcherHelp = `
Options of npm start itself:
  --no-agent           start the control plane only
  --agent-name NAME    the name under which this machine is enrolled (its host name)
  --allow KIND         a command kind that this machine's agent carries out beside the harmless ones, as in --allow exec; repeatable
  --verbose            show the logs here as well
  --help               show this
`;

/** Takes the launcher's own options out of the arguments; `passed` are the control plane's, untouched. */
export function readArguments(args) {
  const { tokens, values } = parseArgs({ args, options, strict: false, tokens: true });
  const taken = new Set();
  for (const token of tokens) {
    if (token.kind !== "option" || !Object.hasOwn(options, token.name)) continue;
    taken.add(token.index);
    const isBoolean = options[token.name].type === "boolean";
    if (isBoolean && token.value !== undefined) throw new StepFailed(`${token.rawName} takes no value`);
    if (isBoolean) continue;
    if (!token.value || (!token.inlineValue && token.value.startsWith("-"))) {
      throw new StepFailed(`${token.rawName} wants a value, as in ${token.rawName} ${EXAMPLES[token.name]}`);
    }
    if (!token.inlineValue) taken.add(token.index + 1);
  }
  return {
    isHelp: values.help === true,
    isVerbose: values.verbose === true,
    withAgent: values["no-agent"] !== true,
    agentName: values["agent-name"],
    allow: values.allow ?? [],
    passed: args.filter((_, index) => !taken.has(index)),
  };
}

const EXAMPLES = { "agent-name": "press-1", allow: "exec" };
