/** A cursor that does not belong to the list it was given for. */
export class InvalidCursor extends Error {
  constructor() {
    super("the cursor does not belong to this list; start again without one");
    this.name = "InvalidCursor";
  }
}

/** A key, as it is given out. */
export const makeCursor = (key: string) => Buffer.from(key).toString("base64url");
export const openCursor = (cursor: string) => Buffer.from(cursor, "base64url").toString();
