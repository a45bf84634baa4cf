// semver.org 2.0.0, numbers 2, 9, 10.
const VERSION =
  /^(0|[1-9]\d{0,8})\.(0|[1-9]\d{0,8})\.(0|[1-9]\d{0,8})(?:-((?:0|[1-9]\d{0,8}|\d*[A-Za-z-][0-9A-Za-z-]*)(?:\.(?:0|[1-9]\d{0,8}|\d*[A-Za-z-][0-9A-Za-z-]*))*))?(?:\+[0-9A-Za-z-]+(?:\.[0-9A-Za-z-]+)*)?$/;
const LONGEST = 128;

/** Whether it is a version as semver.org has it, such as `1.2.3` or `2.0.0-rc.1`. */
export const isVersion = (text: string): boolean => text.length <= LONGEST && VERSION.test(text);

/** Below 0 when the first is the older one (semver.org, number 11), 0 when neither is. What is no version is older than any. */
export function compareVersions(one: string, other: string): number {
  const [a, b] = [partsOf(one), partsOf(other)];
  if (a === undefined || b === undefined) return Number(a !== undefined) - Number(b !== undefined);
  for (const [index, number] of a.numbers.entries()) {
    const difference = number - (b.numbers[index] ?? 0);
    if (difference !== 0) return difference;
  }
  return comparePreReleases(a.preRelease, b.preRelease);
}

function partsOf(version: string) {
  const [found, major = "", minor = "", patch = "", preRelease] = (isVersion(version) && VERSION.exec(version)) || [];
  if (found === undefined) return undefined;
  return { numbers: [major, minor, patch].map(Number), preRelease: preRelease?.split(".") ?? [] };
}

/** One with none is the release itself, and newer than what came before it. */
function comparePreReleases(one: readonly string[], other: readonly string[]): number {
  if (one.length === 0 || other.length === 0) return Number(one.length === 0) - Number(other.length === 0);
  for (const [index, word] of one.entries()) {
    const against = other[index];
    if (against === undefined) return 1;
    const difference = compareWords(word, against);
    if (difference !== 0) return difference;
  }
  return one.length - other.length;
}

function compareWords(one: string, other: string): number {
  const [isNumber, isOtherNumber] = [/^\d+$/.test(one), /^\d+$/.test(other)];
  if (isNumber && isOtherNumber) return Number(one) - Number(other);
  if (isNumber !== isOtherNumber) return isNumber ? -1 : 1;
  if (one === other) return 0;
  return one < other ? -1 : 1;
}
