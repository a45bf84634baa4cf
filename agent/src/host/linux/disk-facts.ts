import type { Fact } from "../host.ts";
import { isDisk } from "./disks.ts";
import { kernelNames, kernelText } from "./kernel-files.ts";

const MOST_DISKS = 32;
const SECTOR_BYTES = 512;

/** From /sys/block: size, model and kind of each disk. */
export function diskFacts(blocks = "/sys/block"): readonly Fact[] {
  return kernelNames(blocks)
    .filter(isDisk)
    .slice(0, MOST_DISKS)
    .flatMap((disk) => {
      const text = (file: string) => kernelText(`${blocks}/${disk}/${file}`)?.trim();
      const sectors = Number(text("size"));
      // A slot without a disk in it.
      if (!(sectors > 0)) return [];
      const model = text("device/model");
      const rotational = text("queue/rotational");
      return [
        { name: `disk.${disk}.size_bytes`, value: sectors * SECTOR_BYTES },
        ...(model === undefined || model === "" ? [] : [{ name: `disk.${disk}.model`, value: model }]),
        ...(rotational === undefined ? [] : [{ name: `disk.${disk}.is_rotating`, value: rotational === "1" }]),
      ];
    });
}
