import { visible } from "../data/hostile-text.ts";

/** Labels or tags as key=value chips. */
export const Labels = ({ of: labels }: { readonly of: Readonly<Record<string, string>> }) => (
  <span className="labels">
    {Object.entries(labels).map(([key, value]) => (
      <bdi key={key} className="label" title={`${visible(key)}=${visible(value)}`}>
        {visible(key)}={visible(value)}
      </bdi>
    ))}
  </span>
);
