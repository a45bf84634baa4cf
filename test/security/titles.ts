/** What the tests of a file are called, read from its text; of a title that is made from parts, what stands before the first. */
export const titlesIn = (text: string): readonly string[] =>
  [...text.matchAll(/(?<![.\w])test\(\s*(["'`])(.*?)(?:\1|\$\{)/g)].map(([, , title = ""]) => title);

/** The threats that a title begins with: `T04 T05 a device …`. */
export const idsIn = (title: string): readonly string[] =>
  (/^(?:T\d\d )+/.exec(title)?.[0] ?? "").split(" ").filter(Boolean);
