const KEY = "edgemere-reloaded-at";
/** Once in this time: a file that is really missing must not make the page load for ever. */
const ONCE_IN = 30_000;

/** A control plane that was updated no longer has the parts of the page that a tab began with: takes the new page. */
export function reloadWhenReplaced(window: Window): void {
  window.addEventListener("vite:preloadError", () => {
    if (Date.now() - Number(window.sessionStorage.getItem(KEY) ?? 0) > ONCE_IN) void reloadIfThere(window);
  });
}

/** While the control plane is away the old page is better than none. */
async function reloadIfThere({ sessionStorage, location }: Window): Promise<void> {
  const isThere = await fetch(import.meta.env.BASE_URL, { cache: "no-store" }).then(
    ({ ok }) => ok,
    () => false,
  );
  if (!isThere) return;
  sessionStorage.setItem(KEY, String(Date.now()));
  location.reload();
}
