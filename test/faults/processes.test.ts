import { groups } from "./scenarios.ts";
import { testScenarios } from "./tested.ts";

testScenarios(
  "a process that is killed, frozen, stopped or ill leaves nothing lost, doubled or open",
  groups.processes,
);
