import { groups } from "./scenarios.ts";
import { testScenarios } from "./tested.ts";

testScenarios(
  "a disk that loses power, is full, slow, damaged or failing leaves nothing lost, doubled or open",
  groups.disks,
);
