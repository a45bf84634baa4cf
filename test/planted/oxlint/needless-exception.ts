// oxlint-disable-next-line no-var
export const count = 1;
