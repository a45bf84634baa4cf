import { Anchor, Text, Textarea } from "@mantine/core";
import { useDebouncedValue } from "@mantine/hooks";
import { useId, useRef, useState, type KeyboardEvent } from "react";
import { flushSync } from "react-dom";
import type { Output } from "../../src/faces/client.ts";
import type { Matter } from "../data/alerts.ts";
import { begunAt, placeOf, suggestionsFor, withSuggestion, wordsOf, type Suggestion } from "../data/completion.ts";
import { visible } from "../data/hostile-text.ts";
import { useRead } from "../data/queries.ts";
import { describeError } from "../data/refusal.ts";

const PAUSE = 400;

interface Props {
  readonly value: string;
  readonly about: Matter;
  readonly onChange: (text: string) => void;
}

/** A condition with the words that may stand in it, and what is wrong with it while it is written. */
export function ConditionField({ value, about, onChange }: Props) {
  const vocabulary = useRead("sa/pe/policy/vocabulary", {});
  const [settled] = useDebouncedValue(value.trim(), PAUSE);
  const check = useRead(
    "sa/pe/policy/check",
    { condition: settled, isPerGroup: about === "group", isAsked: about === "action" },
    { enabled: settled !== "" },
  );
  const field = useRef<HTMLTextAreaElement>(null);
  const [cursor, setCursor] = useState<number | undefined>(undefined);
  const [active, setActive] = useState(-1);
  const listId = useId();
  const begun = cursor === undefined ? undefined : begunAt(value, cursor);
  const suggestions =
    begun === undefined || vocabulary.data === undefined ? [] : suggestionsFor(begun, wordsOf(vocabulary.data, about));

  const moveTo = (place: number) => {
    field.current?.focus();
    field.current?.setSelectionRange(place, place);
  };
  const close = () => {
    setCursor(undefined);
    setActive(-1);
  };
  const take = (suggestion: Suggestion) => {
    const next = withSuggestion(value, cursor ?? value.length, suggestion);
    // The text that it is a place in is there at once: who types on types behind the cursor.
    flushSync(() => {
      onChange(next.text);
      close();
    });
    moveTo(next.cursor);
  };
  const onKeyDown = (event: KeyboardEvent<HTMLTextAreaElement>) => {
    if (event.key === " " && event.ctrlKey) {
      event.preventDefault();
      setCursor(event.currentTarget.selectionStart);
      return;
    }
    if (suggestions.length === 0) return;
    const chosen = suggestions[active];
    if (event.key === "Escape") close();
    else if (event.key === "ArrowDown") setActive((active + 1) % suggestions.length);
    else if (event.key === "ArrowUp") setActive((active <= 0 ? suggestions.length : active) - 1);
    else if (event.key === "Enter" && chosen !== undefined) take(chosen);
    else return;
    event.preventDefault();
    event.stopPropagation();
  };
  const mistake = settled === "" || !check.isError ? undefined : describeError(check.error).detail;
  const place = mistake === undefined ? undefined : placeOf(mistake, value);

  return (
    <div className="condition">
      <Textarea
        ref={field}
        label="Condition"
        description={`${about === "action" ? "When it holds the policy has its say." : "When it holds there is an alert."} Ctrl and space show the words that may stand here.`}
        required
        autosize
        minRows={3}
        className="code-field"
        spellCheck={false}
        autoCapitalize="none"
        value={value}
        error={mistake === undefined ? undefined : visible(mistake)}
        aria-autocomplete="list"
        aria-controls={suggestions.length > 0 ? listId : undefined}
        aria-activedescendant={suggestions[active] === undefined ? undefined : `${listId}-${active}`}
        onChange={(event) => {
          const { value: text, selectionStart } = event.currentTarget;
          onChange(text);
          setActive(-1);
          setCursor((begunAt(text, selectionStart) ?? "") === "" ? undefined : selectionStart);
        }}
        onKeyDown={onKeyDown}
        onBlur={close}
      />
      {suggestions.length > 0 && (
        <div id={listId} role="listbox" aria-label="Words that may stand here" className="suggestions">
          {suggestions.map((each, index) => (
            <div
              key={each.form}
              id={`${listId}-${index}`}
              role="option"
              tabIndex={-1}
              aria-selected={index === active}
              // The field keeps the focus.
              onMouseDown={(event) => {
                event.preventDefault();
                take(each);
              }}
            >
              <code>{each.form}</code>
              <span>{each.summary}</span>
            </div>
          ))}
        </div>
      )}
      <Text size="sm" c="dimmed" role="status" mt={4}>
        {suggestions.length > 0 && <span className="unseen">{suggestions.length} words may stand here. </span>}
        {mistake === undefined && check.data !== undefined && settled === value.trim() && settled !== "" && (
          <>{lookedAt(check.data, about)}</>
        )}
      </Text>
      {place !== undefined && (
        <Anchor component="button" type="button" size="sm" onClick={() => moveTo(place)}>
          Go to the mistake
        </Anchor>
      )}
    </div>
  );
}

function lookedAt({ metrics, events }: Output<"sa/pe/policy/check">, about: Matter) {
  if (about === "action") return "It can be asked before actions.";
  const looked = [...metrics, ...events];
  const [only, all] = about === "group" ? ["the devices of a group", " of all devices of a group"] : ["the device", ""];
  return looked.length === 0
    ? `It can be watched: it looks at ${only} only.`
    : `It can be watched: it looks at ${visible(looked.join(", "))}${all}.`;
}
