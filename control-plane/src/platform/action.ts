import { type Static, type TObject, type TSchema, Type } from "@sinclair/typebox";
import type { Caller } from "./caller.ts";
import type { Change } from "./change.ts";

/** One thing a caller may ask. REST, CLI, WebSocket, client and portal are derived from this declaration. */
export interface Action<P extends string, I extends TObject, O extends TSchema> {
  /** The address: REST `/edgemere/<path>`, CLI words, client members. */
  readonly path: P;
  readonly summary: string;
  readonly description?: string;
  /** read: changes nothing. destroy: asked for twice by the CLI. */
  readonly effect: "read" | "write" | "destroy";
  /** Needed by the caller; ANYONE where the input proves itself. */
  readonly permission: string;
  /**
   * What a caller may ask whose permission holds for some devices only. Absent: nothing. referenced: what lies within, and
   * every Ref of the input is checked. filtered: besides, the handler leaves out what its caller's Reach does not cover.
   * anywhere: everything, it tells nothing of any device. unlimited: nothing, though a Ref names what belongs to a device.
   */
  readonly scope?: "referenced" | "filtered" | "anywhere" | "unlimited";
  /**
   * Tells whether what is asked for is dangerous, by the permission that it takes. A session must be fresh for it: its person
   * proved lately who they are. A token must hold that permission by its name; `*` does not name it.
   */
  readonly danger?: (input: never) => string | undefined;
  readonly input: I;
  readonly output: O;
  /** Other names of input fields, as published elsewhere: alias → field. */
  readonly aliases?: Readonly<Record<string, string>>;
  /** Input fields of which a policy may say what holds where the caller says nothing. */
  readonly defaultable?: readonly string[];
  /** Input fields that must never be logged, audited or echoed. */
  readonly secrets?: readonly string[];
  /** The output holds a secret that is shown once and kept nowhere, so a repeat under the same key cannot get it again. */
  readonly isShownOnce?: boolean;
  /** begins: the output's `token` and `expiresAt` are the caller's credential from now on. ends: the caller's credential is none any more. */
  readonly session?: "begins" | "ends";
  /** A write that goes on while the disk is nearly full: it ends something or takes rights away. */
  readonly isAllowedWhenFull?: boolean;
  /** May take longer than a request may: whoever asks again under the same idempotency key joins the one that is under way. */
  readonly takesLong?: boolean;
  /** May take seconds of the processor and a great deal of memory: only a few such requests are worked on at one time. */
  readonly isDear?: boolean;
  /** Mostly waits for something to happen: whoever has it under way is not kept from other requests by it. */
  readonly mayWait?: boolean;
  /** A read that is an entry of the audit all the same, because of what it shows. */
  readonly isAudited?: boolean;
  /** Its output is families of figures, which `/metrics` writes as scrapers read them. */
  readonly isExposition?: boolean;
  /** A write that is one piece of something whose beginning and end are entries of the audit: it is none itself, unless it was forbidden. */
  readonly isPiece?: boolean;
  /** A field, base64, that stands on the device API as bytes and alone in the body: of the request, whose other fields are in the address, or of the answer. */
  readonly bytesOnWire?: { readonly of: "input" | "output"; readonly field: string };
  /** Also served on the device API, where devices and not people call. */
  readonly forDevices?: boolean;
}

// eslint-disable-next-line typescript/no-explicit-any -- generics are erased on purpose: lists of actions of every shape
export type AnyAction = Action<any, any, any>;
export type InputOf<A extends AnyAction> = Static<A["input"]>;
export type OutputOf<A extends AnyAction> = Static<A["output"]>;

/** Declares an action. Unknown input fields are refused: a misspelt option must not be ignored. */
export function action<const P extends string, I extends TObject, O extends TSchema>(
  declaration: Action<P, I, O>,
): Action<P, I, O> {
  return { ...declaration, input: { ...declaration.input, additionalProperties: false } };
}

/** Goes into the one commit that makes something, with its id: who asks again under the same key hears of it, whatever died in between. */
export type Made = (id: string) => Change;

/** Bound to a declaration: reads, decides, commits. */
export interface Handler<C> {
  readonly action: AnyAction;
  readonly run: (input: never, context: C, caller: Caller, made: Made) => Promise<unknown>;
  /** The answer, by the id that was given to Made. Without it nobody can say after a crash whether what was asked for was done. */
  readonly again?: (id: string, context: C) => Promise<unknown>;
}

export const handle = <A extends AnyAction, C>(
  action: A,
  run: (input: InputOf<A>, context: C, caller: Caller, made: Made) => Promise<OutputOf<A>>,
  again?: (id: string, context: C) => Promise<OutputOf<A>>,
): Handler<C> => ({ action, run, ...(again && { again }) });

/** A field that takes an id or a unique name of a resource. */
export const Ref = (resource: string, description: string) =>
  Type.String({ description, minLength: 1, maxLength: 256, "x-ref": resource });

/** Input fields of every list. */
export const pageInput = {
  limit: Type.Optional(Type.Integer({ minimum: 1, maximum: 500, default: 50, description: "Items on a page" })),
  cursor: Type.Optional(Type.String({ description: "Where the previous page ended" })),
};

/** Output of every list. */
export const PageOf = <T extends TSchema>(item: T) =>
  Type.Object({
    items: Type.Array(item),
    next: Type.Optional(Type.String({ description: "Cursor of the next page; absent on the last" })),
    total: Type.Optional(Type.Integer({ description: "How many there are in all, where counted" })),
  });
