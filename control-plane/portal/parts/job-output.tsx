import { useEffect, useRef } from "react";
import { bytes } from "../data/format.ts";
import { visibleLines } from "../data/hostile-text.ts";
import { useOutput } from "../data/output.ts";
import { Failure } from "./answer.tsx";

/** What a command writes, live; follows the end as long as one is there. */
export function JobOutput({ job }: { readonly job: string }) {
  const { chunks, isEnded, dropped, error } = useOutput(job);
  const box = useRef<HTMLPreElement>(null);
  const isAtEnd = useRef(true);
  useEffect(() => {
    if (chunks.length > 0 && box.current !== null && isAtEnd.current) box.current.scrollTop = box.current.scrollHeight;
  }, [chunks]);
  return (
    <>
      {error !== undefined && <Failure error={error} />}
      <figure className="titled">
        <figcaption>Output</figcaption>
        <pre
          ref={box}
          className="block output"
          // eslint-disable-next-line jsx-a11y/no-noninteractive-tabindex -- what scrolls must be reachable by keyboard
          tabIndex={0}
          role="log"
          aria-label="Output"
          onScroll={({ currentTarget: { scrollTop, scrollHeight, clientHeight } }) => {
            isAtEnd.current = scrollTop + clientHeight > scrollHeight - 20;
          }}
        >
          {chunks.map(({ offset, channel, text }) => (
            <span key={`${channel} ${offset}`} data-channel={channel}>
              {visibleLines(text)}
            </span>
          ))}
          {dropped > 0 && <i>{`Cut here: ${bytes(dropped)} more were written than are kept.`}</i>}
          {chunks.length === 0 && <i>{isEnded ? "It wrote nothing." : "Nothing written yet."}</i>}
        </pre>
      </figure>
    </>
  );
}
