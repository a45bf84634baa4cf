/** What is typed at a terminal, between the keyboard and the device: at the start of a line `~.` leaves, and `~~` is one `~`. */
export class Keys {
  #isAtStart = true;
  #isEscape = false;

  /** What is to be typed on the device, and whether whoever types wants to leave; after that nothing is taken. */
  take(typed: string): { readonly text: string; readonly leaves: boolean } {
    let text = "";
    for (const key of typed) {
      if (this.#isEscape) {
        this.#isEscape = false;
        if (key === ".") return { text, leaves: true };
        text += key === "~" ? key : `~${key}`;
      } else if (this.#isAtStart && key === "~") {
        this.#isEscape = true;
        continue;
      } else text += key;
      this.#isAtStart = key === "\r" || key === "\n";
    }
    return { text, leaves: false };
  }
}
