export const same = (left: any, right: unknown): boolean => left === right;
