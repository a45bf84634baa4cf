const PATHS = {
  overview: "M4 13h6V4H4zM14 20h6v-9h-6zM4 20h6v-3H4zM14 7h6V4h-6z",
  devices: "M4 5h16v9H4zM9 19h6M12 14v5",
  charts: "M4 4v16h16M8 15l4-5 3 3 5-7",
  jobs: "M5 5l7 7-7 7M13 19h7",
  rollouts: "M4 7h5M4 12h10M4 17h16",
  alerts: "M6 17h12l-1.6-2.2V10a4.4 4.4 0 0 0-8.8 0v4.8zM10 20.5h4",
  policies: "M12 3l7 3v5c0 5-3 8.5-7 10-4-1.5-7-5-7-10V6zM9 12l2 2 4-4",
  files: "M6 3h8l4 4v14H6zM14 3v4h4",
  data: "M4 6c0-3 16-3 16 0v12c0 3-16 3-16 0zM4 6c0 3 16 3 16 0M4 12c0 3 16 3 16 0",
  events: "M3 12h4l3-7 4 14 3-7h4",
  access: "M8 11V8a4 4 0 0 1 8 0v3M6 11h12v9H6z",
  actions: "M13 3L5 14h6l-1 7 8-11h-6z",
  operations: "M4 4h16v6H4zM4 14h16v6H4zM8 7v.1M8 17v.1M12 7h4M12 17h4",
  about: "M12 3a9 9 0 1 0 0 18 9 9 0 0 0 0-18zM12 11v5M12 8v.1",
  menu: "M4 6h16M4 12h16M4 18h16",
  close: "M6 6l12 12M18 6L6 18",
  search: "M10.5 4a6.5 6.5 0 1 0 0 13 6.5 6.5 0 0 0 0-13zM20 20l-4.8-4.8",
  sun: "M12 8a4 4 0 1 0 0 8 4 4 0 0 0 0-8zM12 2v3M12 19v3M2 12h3M19 12h3M5 5l2 2M17 17l2 2M19 5l-2 2M7 17l-2 2",
  moon: "M20 14.5A8.5 8.5 0 1 1 9.5 4a7 7 0 0 0 10.5 10.5z",
  system: "M3 5h18v11H3zM8 20h8",
  plus: "M12 5v14M5 12h14",
  minus: "M5 12h14",
  earlier: "M15 5l-7 7 7 7",
  later: "M9 5l7 7-7 7",
  person: "M12 4a4 4 0 1 0 0 8 4 4 0 0 0 0-8zM4 21c0-5 16-5 16 0",
  help: "M12 3a9 9 0 1 0 0 18 9 9 0 0 0 0-18zM9.5 9.5a2.5 2.5 0 1 1 3.5 2.3c-.7.3-1 .8-1 1.7M12 16.5v.1",
  pause: "M9 5v14M15 5v14",
  play: "M7 5l11 7-11 7z",
} as const;
export type IconName = keyof typeof PATHS;

/** A small line drawing; what it stands for is said beside it or by its button's name. */
export const Icon = ({ name, size = 18 }: { readonly name: IconName; readonly size?: number }) => (
  <svg
    aria-hidden="true"
    width={size}
    height={size}
    viewBox="0 0 24 24"
    fill="none"
    stroke="currentColor"
    strokeWidth="1.7"
    strokeLinecap="round"
    strokeLinejoin="round"
  >
    <path d={PATHS[name]} />
  </svg>
);
