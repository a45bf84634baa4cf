import { readFile } from "node:fs/promises";
import type { TelemetryReading } from "../host.ts";
import { kernelNames, kernelText } from "./kernel-files.ts";

const MOST_SENSORS = 32;

/** Where a temperature is read, and what it is called. */
export interface Sensor {
  readonly instance: string;
  readonly path: string;
}

/** Temperature sensors of this machine: those of its chips, or where there are none its thermal zones (the same numbers again). */
export function findSensors(classes = "/sys/class"): readonly Sensor[] {
  const chips = chipSensors(`${classes}/hwmon`);
  return unique(chips.length > 0 ? chips : zoneSensors(`${classes}/thermal`)).slice(0, MOST_SENSORS);
}

const chipSensors = (folder: string): readonly Sensor[] =>
  kernelNames(folder).flatMap((chip) => {
    const name = kernelText(`${folder}/${chip}/name`)?.trim() ?? chip;
    return kernelNames(`${folder}/${chip}`).flatMap((file) => {
      const number = /^temp(\d+)_input$/.exec(file)?.[1];
      if (number === undefined) return [];
      const label = kernelText(`${folder}/${chip}/temp${number}_label`)?.trim() ?? number;
      return [{ instance: `${name} ${label}`, path: `${folder}/${chip}/${file}` }];
    });
  });

const zoneSensors = (folder: string): readonly Sensor[] =>
  kernelNames(folder)
    .filter((zone) => zone.startsWith("thermal_zone"))
    .map((zone) => ({
      instance: kernelText(`${folder}/${zone}/type`)?.trim() ?? zone,
      path: `${folder}/${zone}/temp`,
    }));

/** Two disks of one kind have the same name: the second is called "… 2". */
function unique(sensors: readonly Sensor[]): readonly Sensor[] {
  const seen = new Map<string, number>();
  return sensors.map((sensor) => {
    const count = (seen.get(sensor.instance) ?? 0) + 1;
    seen.set(sensor.instance, count);
    return count === 1 ? sensor : { ...sensor, instance: `${sensor.instance} ${count}` };
  });
}

/** A sensor may take some milliseconds to answer over its bus, and one that is asleep answers with an error. */
export async function temperatureReadings(sensors: readonly Sensor[]): Promise<readonly TelemetryReading[]> {
  const texts = await Promise.all(sensors.map(({ path }) => readFile(path, "utf8").catch(() => "")));
  return sensors.flatMap(({ instance }, index) => {
    const thousandths = parseInt(texts[index] ?? "", 10);
    return Number.isNaN(thousandths) ? [] : [{ metric: "temperature.celsius", instance, value: thousandths / 1_000 }];
  });
}
