export const say = (words: string): void => console.log(words);
