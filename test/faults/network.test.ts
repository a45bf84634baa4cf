import { groups } from "./scenarios.ts";
import { testScenarios } from "./tested.ts";

testScenarios("a network that loses, delays, cuts or floods leaves nothing lost, doubled or open", groups.network);
