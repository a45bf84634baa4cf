import { readConfig, type AgentConfig, type Written } from "@edgemere/agent";

/** How an agent of a fleet is set: as the fleet is, and over it what was set from far away. Throws ConfigError. */
export function configOver<C extends AgentConfig>(config: C, over: Written): C {
  const usual = readConfig([], {});
  const said = readConfig([], {}, over);
  const isSet = ([name, value]: [string, unknown]) =>
    JSON.stringify(value) !== JSON.stringify(usual[name as keyof typeof usual]);
  return { ...config, ...Object.fromEntries(Object.entries(said).filter(isSet)) };
}
