import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";

const sheet = (name: string) => readFileSync(join(import.meta.dirname, "../../../portal", name), "utf8");

/** The colours that a scheme gives to names, in the order of the sheet. */
function coloursOf(text: string, scheme: string, name: RegExp): readonly string[] {
  const block = text.split(`[data-mantine-color-scheme="${scheme}"] {`)[1]?.split("}")[0] ?? "";
  return [...block.matchAll(/(--[\w-]+): (#[0-9a-f]{3,6});/g)].flatMap(([, each = "", colour = ""]) =>
    name.test(each) ? [colour] : [],
  );
}

/** Relative luminance, as WCAG 2.2 defines it. */
function luminance(colour: string): number {
  const digits = colour.slice(1).replace(/^(.)(.)(.)$/, "$1$1$2$2$3$3");
  const [red = 0, green = 0, blue = 0] = [0, 2, 4].map((place) => {
    const share = Number.parseInt(digits.slice(place, place + 2), 16) / 255;
    return share <= 0.040_45 ? share / 12.92 : ((share + 0.055) / 1.055) ** 2.4;
  });
  return 0.2126 * red + 0.7152 * green + 0.0722 * blue;
}

const contrast = (one: string, other: string): number => {
  const [dark = 0, bright = 0] = [luminance(one), luminance(other)].sort((a, b) => a - b);
  return (bright + 0.05) / (dark + 0.05);
};

for (const scheme of ["light", "dark"])
  test(`every line of a chart stands out from its ground by 3 to 1, as graphics must: ${scheme}`, () => {
    const [ground = ""] = coloursOf(sheet("portal.css"), scheme, /^--mantine-color-body$/);
    const lines = coloursOf(sheet("parts/chart.css"), scheme, /^--line-\d+$/);

    assert.equal(new Set(lines).size, 12);
    assert.deepEqual(
      lines.filter((colour) => contrast(colour, ground) < 3),
      [],
    );
  });
