export const isFive = (value: unknown): boolean => value == 5;
