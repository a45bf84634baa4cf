import { visibleLines } from "../data/hostile-text.ts";

/** Any value, in full. */
export const Json = ({ value, label }: { readonly value: unknown; readonly label: string }) => (
  <figure className="titled">
    <figcaption>{label}</figcaption>
    {/* eslint-disable-next-line jsx-a11y/no-noninteractive-tabindex -- what scrolls must be reachable by keyboard */}
    <pre className="block" tabIndex={0}>
      {visibleLines(JSON.stringify(value, undefined, 2) ?? "")}
    </pre>
  </figure>
);
