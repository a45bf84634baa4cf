import { SECOND } from "@edgemere/protocol/kit";
import type { Clock } from "@edgemere/protocol/kit";
import type { Fact } from "../host.ts";

const PATIENCE = 10 * SECOND;

/**
 * Who made the machine and whether it is a real one. The firmware's tables, device trees and hypervisors each tell it in
 * another way, which systeminformation knows; it may start programs, so it is asked for the inventory only.
 */
export async function machineFacts(clock: Clock): Promise<readonly Fact[]> {
  const { system, bios, cpu } = await import("systeminformation");
  const asked = Promise.all([system(), bios(), cpu()])
    .then(([machine, firmware, processor]): readonly Fact[] => [
      ...textFact("machine.vendor", machine.manufacturer),
      ...textFact("machine.model", machine.model),
      ...textFact("machine.version", machine.version),
      ...textFact("machine.serial", machine.serial),
      { name: "machine.is_virtual", value: machine.virtual },
      ...textFact("machine.hypervisor", machine.virtualHost ?? ""),
      ...textFact("firmware.vendor", firmware.vendor),
      ...textFact("firmware.version", firmware.version),
      ...textFact("firmware.released", firmware.releaseDate),
      ...(processor.physicalCores > 0 ? [{ name: "cpu.core_count", value: processor.physicalCores }] : []),
    ])
    .catch((): readonly Fact[] => []);
  const waited = new AbortController();
  try {
    return await Promise.race([asked, clock.sleep(PATIENCE, waited.signal).then(() => [])]);
  } finally {
    waited.abort();
  }
}

// What firmware says where its maker left a field alone.
const UNSET =
  /^(-|none|n\/a|default string|to be filled by o\.e\.m\.|not specified|unknown|system serial number|0+)?$/i;

const textFact = (name: string, value: string): readonly Fact[] =>
  UNSET.test(value.trim()) ? [] : [{ name, value: value.trim() }];
