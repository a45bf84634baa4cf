/** What is wrong in an expression, and where: an index into its text. */
export class Mistake extends Error {
  readonly at: number;

  constructor(what: string, at: number) {
    super(what);
    this.name = "Mistake";
    this.at = at;
  }
}
