import { useState } from "react";

export function useCount(isOn: boolean): number {
  if (!isOn) return 0;
  const [count] = useState(1);
  return count;
}
