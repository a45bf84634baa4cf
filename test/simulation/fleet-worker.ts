import { parentPort, workerData } from "node:worker_threads";
import { simulateFleet, type FleetOptions } from "./fleet.ts";

/** Simulates the fleet it was made for; tells of each hour, and of the sums. */
const options = workerData as FleetOptions;
const onHour = (hour: number) => parentPort?.postMessage({ hour, bytes: process.memoryUsage().rss }, []);
const sums = await simulateFleet({ ...options, onHour });
parentPort?.postMessage({ sums }, []);
