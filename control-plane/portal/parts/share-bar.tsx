/** How much a value is of the largest, for the eye; the number stands beside it. */
export const ShareBar = ({ value, most }: { readonly value: number; readonly most: number }) => (
  <span className="bar" aria-hidden="true">
    <span style={{ width: `${most <= 0 ? 0 : Math.max(0, value / most) * 100}%` }} />
  </span>
);
