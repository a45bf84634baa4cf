import { Instant } from "./instant.tsx";
import { Plain } from "./plain.tsx";

interface Trouble {
  readonly failure: string;
  readonly condition?: string;
  readonly nextTryAt?: number;
}

/** What is wrong with a data source, and when it is tried again. */
export function SourceTrouble({ of: { failure, condition = "", nextTryAt } }: { readonly of: Trouble }) {
  const why = failure || condition;
  if (why === "") return <>–</>;
  return (
    <>
      <Plain text={why} />
      {nextTryAt !== undefined && (
        <>
          {" "}
          · next try <Instant at={nextTryAt} />
        </>
      )}
    </>
  );
}
