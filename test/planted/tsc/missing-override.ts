class Base {
  name(): string {
    return "base";
  }
}

export class Derived extends Base {
  name(): string {
    return "derived";
  }
}
