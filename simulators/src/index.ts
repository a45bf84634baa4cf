export { fakeHost } from "./fake-host/fake-host.ts";
export type { FakeHost, FakeHostOptions } from "./fake-host/fake-host.ts";
export type { BehaviourName } from "./fake-host/behaviours.ts";
export type { FakeProgram, FakeRun } from "./fake-host/programs.ts";
export { simulateFleet } from "./fleet.ts";
export type { Fleet, FleetOptions } from "./fleet.ts";
export type { SimulatedDevice } from "./device.ts";
