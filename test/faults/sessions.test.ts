import { groups } from "./scenarios.ts";
import { testScenarios } from "./tested.ts";

testScenarios("sessions that end badly and clocks that are wrong leave nothing lost, doubled or open", groups.sessions);
