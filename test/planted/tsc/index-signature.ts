export const home = (env: Record<string, string>): string | undefined => env.HOME;
