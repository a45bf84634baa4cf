export const greeting = (name: string | undefined): string => `hello ${name}`;
