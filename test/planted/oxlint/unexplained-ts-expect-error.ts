// @ts-expect-error
export const count: number = "one";
