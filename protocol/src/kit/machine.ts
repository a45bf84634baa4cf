type Table<T> = { readonly [State in keyof T]: { readonly [signal: string]: keyof T } };
/** The states of a machine. */
export type StateOf<M> = M extends Machine<infer T> ? keyof T & string : never;
/** The signals of a machine, in any state. */
export type SignalOf<M> = M extends Machine<infer T> ? { [S in keyof T]: keyof T[S] & string }[keyof T] : never;

/** A signal came in a state that does not take it. */
export class IllegalTransition extends Error {
  /** `from`: the states in which it is possible. */
  constructor(subject: string, state: string, signal: string, from: readonly string[]) {
    super(`a ${subject} that is ${state} cannot ${signal}: only one that is ${from.join(" or ")} can`);
    this.name = "IllegalTransition";
  }
}

/** State → signal → state, as a literal table. No guards, actions, hierarchy or timers: those are somebody else's code. */
export interface Machine<T> {
  readonly subject: string;
  readonly initial: keyof T & string;
  readonly states: readonly (keyof T & string)[];
  /** The state that follows; throws IllegalTransition. */
  next(state: keyof T & string, signal: { [S in keyof T]: keyof T[S] & string }[keyof T]): keyof T & string;
  /** Whether the signal is taken in this state. */
  can(state: string, signal: string): boolean;
  signals(state: string): readonly string[];
  /** Nothing follows this state. */
  isFinal(state: string): boolean;
  /** The table as a Mermaid state diagram. */
  diagram(): string;
}

export function machine<const T extends Table<T>>(subject: string, initial: keyof T & string, table: T): Machine<T> {
  const rows = new Map<string, ReadonlyMap<string, keyof T & string>>(
    Object.entries(table).map(([state, signals]) => [
      state,
      new Map(Object.entries(signals as Record<string, keyof T & string>)),
    ]),
  );
  return {
    subject,
    initial,
    states: [...rows.keys()] as (keyof T & string)[],
    next: (state, signal) => {
      const next = rows.get(state)?.get(signal);
      if (next !== undefined) return next;
      const from = [...rows.keys()].filter((each) => rows.get(each)?.has(signal));
      throw new IllegalTransition(subject, state, signal, from);
    },
    can: (state, signal) => rows.get(state)?.has(signal) ?? false,
    signals: (state) => [...(rows.get(state)?.keys() ?? [])],
    isFinal: (state) => rows.get(state)?.size === 0,
    diagram: () =>
      [
        "stateDiagram-v2",
        `  [*] --> ${initial}`,
        ...[...rows].flatMap(([from, signals]) => [...signals].map(([signal, to]) => `  ${from} --> ${to}: ${signal}`)),
        ...[...rows].filter(([, signals]) => signals.size === 0).map(([state]) => `  ${state} --> [*]`),
      ].join("\n"),
  };
}
