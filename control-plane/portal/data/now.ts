import { useSyncExternalStore } from "react";

/** How often "3 minutes ago" is looked at again. */
const TICK = 5_000;

/** One clock for all relative times on the page; it stands still while none is shown. */
const clock = (() => {
  const watchers = new Set<() => void>();
  let now = Date.now();
  let timer: ReturnType<typeof setInterval> | undefined;
  const tick = () => {
    now = Date.now();
    for (const watcher of watchers) watcher();
  };
  return {
    subscribe: (watcher: () => void) => {
      watchers.add(watcher);
      timer ??= setInterval(tick, TICK);
      return () => {
        watchers.delete(watcher);
        if (watchers.size > 0) return;
        clearInterval(timer);
        timer = undefined;
      };
    },
    read: () => (timer === undefined ? (now = Math.max(now, Date.now() - TICK)) : now),
  };
})();

export const useNow = (): number => useSyncExternalStore(clock.subscribe, clock.read);
