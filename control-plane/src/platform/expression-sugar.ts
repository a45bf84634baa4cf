import { Mistake } from "./expression-mistake.ts";
import { comparison, isSet, subjectOf, type Condition, type Operator, type Subject } from "./expression-subject.ts";
import type { Expression, Vocabulary } from "./expression.ts";

const DEEPEST = 32;
const KEY = /[\p{L}\p{N}_][\p{L}\p{N}_./@-]*/uy;
const VALUE = /"[^"]*"|'[^']*'|[^\s,()"'=!<>|&:?[\]{}][^\s,()"'=!<>|&?[\]{}]*/y;
const OPERATOR = /!=|>=|<=|=(?!=)|:|>|</y;
const NOT = /!(?!=)/y;
const words = { and: word("and"), or: word("or"), not: word("not"), in: word("in"), notin: word("notin") };

function word(text: string): RegExp {
  return new RegExp(String.raw`${text}(?![\p{L}\p{N}_./@-])`, "uy");
}

/** A condition in words. "and" binds tighter than "or", "or" tighter than the comma. Throws Mistake. */
export const compileSugar = (text: string, vocabulary: Vocabulary): Expression => ({
  matches: new Parser(text, vocabulary).whole(),
});

class Parser {
  readonly #text: string;
  readonly #vocabulary: Vocabulary;
  #at = 0;
  #depth = 0;

  constructor(text: string, vocabulary: Vocabulary) {
    this.#text = text;
    this.#vocabulary = vocabulary;
  }

  whole(): Condition {
    const condition = this.#list();
    if (this.#at < this.#text.length) throw this.#expected('"and", "or", a comma or the end');
    return condition;
  }

  #list(): Condition {
    const parts = [this.#either()];
    while (this.#take(/,/y) !== undefined) parts.push(this.#either());
    return every(parts);
  }

  #either(): Condition {
    const parts = [this.#both()];
    while (this.#take(words.or) !== undefined) parts.push(this.#both());
    const [only] = parts;
    return parts.length === 1 && only ? only : (view) => parts.some((part) => part(view));
  }

  #both(): Condition {
    const parts = [this.#term()];
    while (this.#take(words.and) !== undefined) parts.push(this.#term());
    return every(parts);
  }

  #term(): Condition {
    if (this.#take(NOT) !== undefined || this.#take(words.not) !== undefined) {
      const inner = this.#nested(() => this.#term());
      return (view) => !inner(view);
    }
    if (this.#take(/\(/y) === undefined) return this.#statement();
    const inner = this.#nested(() => this.#list());
    if (this.#take(/\)/y) === undefined) throw this.#expected('")"');
    return inner;
  }

  #nested(parse: () => Condition): Condition {
    if (++this.#depth > DEEPEST) throw new Mistake(`more than ${DEEPEST} levels of parentheses and "not"`, this.#at);
    const condition = parse();
    this.#depth--;
    return condition;
  }

  #statement(): Condition {
    const subject = this.#subject();
    const operator = this.#take(OPERATOR);
    if (operator !== undefined) return this.#value(subject, operator === ":" ? "=" : (operator as Operator));
    if (this.#take(words.in) !== undefined) return this.#oneOf(subject);
    const isNot = this.#take(words.not) !== undefined;
    if (isNot ? this.#take(words.in) === undefined : this.#take(words.notin) === undefined) {
      if (isNot) throw this.#expected('"in"');
      return isSet(subject);
    }
    const isOneOf = this.#oneOf(subject);
    return (view) => !isOneOf(view);
  }

  #subject(): Subject {
    if (Object.values(words).some((each) => this.#sees(each))) throw this.#expected("a name");
    const key = this.#take(KEY);
    if (key === undefined) throw this.#expected('a name, "not" or "("');
    return subjectOf(key, this.#vocabulary);
  }

  /** The values between parentheses. */
  #oneOf(subject: Subject): Condition {
    if (this.#take(/\(/y) === undefined) throw this.#expected('"("');
    const options = [this.#value(subject, "=")];
    while (this.#take(/,/y) !== undefined) options.push(this.#value(subject, "="));
    if (this.#take(/\)/y) === undefined) throw this.#expected('a comma or ")"');
    return (view) => options.some((option) => option(view));
  }

  #value(subject: Subject, operator: Operator): Condition {
    const found = this.#take(VALUE);
    if (found === undefined) throw this.#expected(`a value for "${subject.name}"`);
    const value = /^["']/.test(found) ? found.slice(1, -1) : found;
    try {
      return comparison(subject, operator, value);
    } catch (error) {
      throw error instanceof RangeError ? new Mistake(error.message, this.#at - found.length) : error;
    }
  }

  /** Takes what stands here, after blanks. */
  #take(pattern: RegExp): string | undefined {
    const found = this.#sees(pattern);
    if (found !== undefined) this.#at += found.length;
    return found;
  }

  #sees(pattern: RegExp): string | undefined {
    const blanks = /\s*/y;
    blanks.lastIndex = this.#at;
    this.#at += blanks.exec(this.#text)?.[0].length ?? 0;
    pattern.lastIndex = this.#at;
    return pattern.exec(this.#text)?.[0];
  }

  #expected(what: string): Mistake {
    const rest = this.#text.slice(this.#at).trimStart();
    const found = /^(?:[\p{L}\p{N}_./@-]+|.)/u.exec(rest)?.[0];
    return new Mistake(`expected ${what}, not ${found === undefined ? "the end" : `"${found}"`}`, this.#at);
  }
}

function every(parts: readonly Condition[]): Condition {
  const [only] = parts;
  return parts.length === 1 && only ? only : (view) => parts.every((part) => part(view));
}
