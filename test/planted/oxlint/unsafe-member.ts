export const isEmpty = (text: string): boolean => JSON.parse(text).size === 0;
