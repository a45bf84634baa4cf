import assert from "node:assert/strict";
import test from "node:test";
import { fileSystemReadings } from "./file-systems.ts";
import { localMounts } from "./mounts.ts";

const paths = (...lines: readonly string[]) => localMounts(lines.join("\n")).map((mount) => mount.path);

test("only file systems on a disk of this machine are watched", () => {
  assert.deepEqual(
    paths(
      "27 1 254:0 / / rw,relatime - ext4 /dev/vda rw",
      "22 27 0:21 / /proc rw shared:1 - proc proc rw",
      "31 27 0:50 / /run rw - tmpfs tmpfs rw",
      "40 27 0:44 / /net/home rw - nfs4 server:/home rw",
      "41 27 0:45 / /mnt/far rw - fuse.sshfs me@there:/ rw",
      "42 27 7:1 / /snap/core/1 ro - squashfs /dev/loop1 ro",
      "43 27 8:17 / /data rw shared:9 master:2 - xfs /dev/sdb1 rw",
    ),
    ["/", "/data"],
  );
});

test("a file system that is mounted in several places is watched at the shortest path", () => {
  assert.deepEqual(
    paths(
      "50 27 8:17 /x /srv/x rw - ext4 /dev/sdb1 rw",
      "51 27 8:17 / /srv rw - ext4 /dev/sdb1 rw",
      "52 27 0:60 /@home /home rw - btrfs /dev/sdc1 rw",
      "53 27 0:61 /@ /btr rw - btrfs /dev/sdc1 rw",
    ),
    ["/btr", "/srv"],
  );
});

test("a container's root is watched, the files its runtime mounts over the image's are not", () => {
  assert.deepEqual(
    paths(
      "60 1 0:70 / / rw - overlay overlay rw,lowerdir=/l",
      "61 60 8:1 /docker/hosts /etc/hosts rw - ext4 /dev/sda1 rw",
    ),
    ["/"],
  );
});

test("blanks in a path come back from the kernel's octal", () => {
  assert.deepEqual(paths("70 1 8:33 / /media/my\\040disk\\134 rw - vfat /dev/sdd1 rw"), ["/media/my disk\\"]);
});

test("the used share of a file system is the one that df shows, without what is kept for the system", () => {
  const readings = fileSystemReadings("/", { bsize: 10, blocks: 100, bfree: 40, bavail: 20, files: 50, ffree: 40 });

  assert.deepEqual(
    readings.map(({ metric, value }) => [metric, value]),
    [
      ["filesystem.total_bytes", 1_000],
      ["filesystem.used_bytes", 600],
      ["filesystem.available_bytes", 200],
      ["filesystem.used_percent", 75],
      ["filesystem.inodes_used_percent", 20],
    ],
  );
});
