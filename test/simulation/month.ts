import { simulateFleets } from "./fleets.ts";

// Thirty days of a thousand devices; for other figures: node test/dist/simulation/month.js DEVICES DAYS FLEETS
const [devices = 1_000, days = 30, fleets] = process.argv.slice(2).map(Number);
const startedAt = performance.now();
const seconds = () => ((performance.now() - startedAt) / 1_000).toFixed(0);

const onHour = (hour: number) => {
  if (process.stderr.isTTY) process.stderr.write(`\rday ${Math.floor(hour / 24) + 1} of ${days}, ${seconds()} s`);
};
const { sums, mostBytes, ...run } = await simulateFleets(
  { devices, hours: days * 24, seed: 1 },
  { onHour, ...(fleets !== undefined && { fleets }) },
);
console.log(`\n${days} days of ${devices} devices in ${run.fleets} fleets: ${seconds()} s`);
console.table({ ...sums, "most memory, MB": Math.round(mostBytes / 1e6) });
