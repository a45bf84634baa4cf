import type { Terminal } from "@xterm/xterm";

/**
 * Opens a terminal under this page's policy, which refuses style elements and attributes: what xterm would write into them becomes
 * sheets and properties of the same meaning, which the policy allows. Its style elements are all made while it is opened.
 */
export function openXterm(terminal: Terminal, box: HTMLElement): void {
  const make: (name: string, options?: object) => HTMLElement = Reflect.get(document, "createElement");
  const own = make.bind(document);
  const value = (name: string, options?: ElementCreationOptions) =>
    name === "style" ? asSheet(own("template")) : own(name, options);
  Object.defineProperty(document, "createElement", { configurable: true, value });
  try {
    terminal.open(box);
  } finally {
    // Shadowed it; what is left is the document's own.
    Reflect.deleteProperty(document, "createElement");
  }
  HTMLSpanElement.prototype.setAttribute = setOnSpan;
}

function asSheet(element: HTMLElement): HTMLElement {
  const sheet = new CSSStyleSheet();
  document.adoptedStyleSheets.push(sheet);
  Object.defineProperty(element, "textContent", {
    set: (text: string) => {
      sheet.replaceSync(text);
    },
  });
  const remove = element.remove.bind(element);
  element.remove = () => {
    document.adoptedStyleSheets = document.adoptedStyleSheets.filter((each) => each !== sheet);
    remove();
  };
  return element;
}

/** Of the spans that its lines are made of it sets colours by attribute. */
function setOnSpan(this: HTMLSpanElement, name: string, value: string): void {
  if (name === "style") this.style.cssText = value;
  else Element.prototype.setAttribute.call(this, name, value);
}
