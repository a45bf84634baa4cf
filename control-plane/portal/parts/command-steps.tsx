import { COMMAND_ROAD, explainState } from "../data/reasons.ts";

/** How far a command has come: the usual road, with its end where it left it. */
export function CommandSteps({ state, wasStarted }: { readonly state: string; readonly wasStarted: boolean }) {
  const onRoad = (COMMAND_ROAD as readonly string[]).indexOf(state);
  const road = onRoad >= 0 ? COMMAND_ROAD : [...COMMAND_ROAD.slice(0, wasStarted ? 4 : 2), state];
  const reached = onRoad >= 0 ? onRoad : road.length - 1;
  return (
    <ol className="steps" aria-label={`State: ${state}`}>
      {road.map((step, place) => (
        <li
          key={step}
          data-step={place < reached ? "past" : place === reached ? "now" : "ahead"}
          data-end={place === reached && onRoad < 0 ? "other" : undefined}
          aria-current={place === reached ? "step" : undefined}
          title={explainState(step)}
        >
          {step}
        </li>
      ))}
    </ol>
  );
}
