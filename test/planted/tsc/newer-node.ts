export const pair = Promise.withResolvers();
