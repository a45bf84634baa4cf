import assert from "node:assert/strict";
import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import test from "node:test";
import { findSensors, temperatureReadings } from "./temperatures.ts";

async function classes(files: Readonly<Record<string, string>>) {
  const path = await mkdtemp(join(tmpdir(), "edgemere-sensors-"));
  for (const [name, text] of Object.entries(files)) {
    await mkdir(dirname(join(path, name)), { recursive: true });
    await writeFile(join(path, name), text);
  }
  return { path, [Symbol.asyncDispose]: () => rm(path, { recursive: true }) };
}

test("the chips' sensors are told by chip and label, two of one name apart", async () => {
  await using sys = await classes({
    "hwmon/hwmon0/name": "coretemp\n",
    "hwmon/hwmon0/temp1_input": "41500\n",
    "hwmon/hwmon0/temp1_label": "Package id 0\n",
    "hwmon/hwmon1/name": "nvme\n",
    "hwmon/hwmon1/temp1_input": "30000\n",
    "hwmon/hwmon2/name": "nvme\n",
    "hwmon/hwmon2/temp1_input": "-5000\n",
    "thermal/thermal_zone0/type": "acpitz\n",
    "thermal/thermal_zone0/temp": "20000\n",
  });

  const readings = await temperatureReadings(findSensors(sys.path));

  assert.deepEqual(
    readings.map(({ instance, value }) => [instance, value]),
    [
      ["coretemp Package id 0", 41.5],
      ["nvme 1", 30],
      ["nvme 1 2", -5],
    ],
  );
});

test("where there are no chips the thermal zones are told, and a sensor that gives no number is left out", async () => {
  await using sys = await classes({
    "thermal/thermal_zone0/type": "cpu-thermal\n",
    "thermal/thermal_zone0/temp": "52000\n",
    "thermal/thermal_zone1/type": "asleep\n",
    "thermal/thermal_zone1/temp": "\n",
  });

  assert.deepEqual(await temperatureReadings(findSensors(sys.path)), [
    { metric: "temperature.celsius", instance: "cpu-thermal", value: 52 },
  ]);
});
