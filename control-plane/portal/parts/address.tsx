import { Fragment } from "react";

/** The address of an action; where there is little room it goes on behind a slash. */
export const Address = ({ of: path }: { readonly of: string }) => (
  <code>
    {path.split("/").map((word, place) => (
      <Fragment key={place}>
        {place > 0 && (
          <>
            /<wbr />
          </>
        )}
        {word}
      </Fragment>
    ))}
  </code>
);
