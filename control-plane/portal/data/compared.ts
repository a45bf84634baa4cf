/** A device, as far as charts of several group and name it. */
export interface Compared {
  readonly id: string;
  readonly name: string;
  readonly labels: Readonly<Record<string, string>>;
}

/** Devices by the value of a label, the values in order; without a label all are one group. Those without the label come last. */
export function groupsBy<D extends Compared>(
  devices: readonly D[],
  label: string | undefined,
): readonly { readonly value: string | undefined; readonly devices: readonly D[] }[] {
  if (label === undefined) return [{ value: undefined, devices }];
  const valueOf = ({ labels }: Compared) => (Object.hasOwn(labels, label) ? labels[label] : undefined);
  const values = [...new Set(devices.map(valueOf))].sort((a, b) =>
    a === undefined ? 1 : b === undefined ? -1 : a < b ? -1 : 1,
  );
  return values.map((value) => ({ value, devices: devices.filter((each) => valueOf(each) === value) }));
}

/** The names of all labels of some devices, in order. */
export const labelNames = (devices: readonly Compared[]): readonly string[] =>
  [...new Set(devices.flatMap(({ labels }) => Object.keys(labels)))].sort();

/** The highest first; those of which nothing is known come last. */
export function ranked<D>(devices: readonly D[], valueOf: (device: D) => number | undefined): readonly D[] {
  const known = devices.filter((each) => valueOf(each) !== undefined);
  const unknown = devices.filter((each) => valueOf(each) === undefined);
  return [...known.sort((a, b) => (valueOf(b) ?? 0) - (valueOf(a) ?? 0)), ...unknown];
}
