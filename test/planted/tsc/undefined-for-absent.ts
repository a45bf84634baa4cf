interface Caller {
  readonly name?: string;
}

export const caller: Caller = { name: undefined };
