import { ActionIcon, Button, Menu } from "@mantine/core";
import { useEffect, useRef, useState, type ReactNode } from "react";
import { Link, useLocation } from "wouter";
import { countingIn } from "../data/alerts.ts";
import { useConnection } from "../data/live.tsx";
import { useRead } from "../data/queries.ts";
import { useMay, useSession, useSignOut } from "../data/session.tsx";
import { ColorScheme } from "./color-scheme.tsx";
import { Icon, type IconName } from "./icon.tsx";
import { Shortcuts } from "./shortcuts.tsx";
import { StorageAlarm } from "./storage-alarm.tsx";

const PLACES: readonly { readonly to: string; readonly title: string; readonly icon: IconName }[] = [
  { to: "/", title: "Overview", icon: "overview" },
  { to: "/devices", title: "Devices", icon: "devices" },
  { to: "/charts", title: "Charts", icon: "charts" },
  { to: "/alerts", title: "Alerts", icon: "alerts" },
  { to: "/policies", title: "Policies", icon: "policies" },
  { to: "/jobs", title: "Jobs", icon: "jobs" },
  { to: "/rollouts", title: "Rollouts", icon: "rollouts" },
  { to: "/files", title: "Files", icon: "files" },
  { to: "/data", title: "Data", icon: "data" },
  { to: "/events", title: "Events", icon: "events" },
  { to: "/access", title: "Access", icon: "access" },
  { to: "/operations", title: "Operations", icon: "operations" },
  { to: "/actions", title: "Actions", icon: "actions" },
  { to: "/about", title: "About", icon: "about" },
];

/** What surrounds every page: places to go, connection, user. */
export function Shell({ children }: { readonly children: ReactNode }) {
  const [isNavOpen, setNavOpen] = useState(false);
  const [location] = useLocation();
  const main = useRef<HTMLElement>(null);
  const lastLocation = useRef(location);
  useEffect(() => {
    if (lastLocation.current === location) return;
    const isTabChange = location.split("/").length > 3 && lastLocation.current.split("/")[2] === location.split("/")[2];
    lastLocation.current = location;
    setNavOpen(false);
    if (isTabChange) return;
    // A new page begins at its top, for eyes and for screen readers.
    window.scrollTo(0, 0);
    main.current?.focus({ preventScroll: true });
  }, [location]);

  return (
    <div className="shell" data-nav-open={isNavOpen}>
      <a href="#main" className="skip-link">
        Skip to the content
      </a>
      <header className="top">
        <ActionIcon
          className="nav-toggle"
          variant="subtle"
          color="gray"
          size="lg"
          aria-label={isNavOpen ? "Close the menu" : "Open the menu"}
          aria-expanded={isNavOpen}
          aria-controls="places"
          onClick={() => setNavOpen(!isNavOpen)}
        >
          <Icon name={isNavOpen ? "close" : "menu"} />
        </ActionIcon>
        <Link href="/" className="brand">
          <img src={`${import.meta.env.BASE_URL}icon.svg`} alt="" width={26} height={26} />
          Edgemere
        </Link>
        <div className="top-end">
          <Connection />
          <ColorScheme />
          <UserMenu />
        </div>
      </header>
      <nav id="places" className="places" aria-label="Places">
        {PLACES.map(({ to, title, icon }) => (
          <Link key={to} href={to} className="place" aria-current={isWithin(location, to) ? "page" : undefined}>
            <Icon name={icon} />
            {title}
            {to === "/alerts" && <AlertCount />}
          </Link>
        ))}
      </nav>
      <main id="main" ref={main} tabIndex={-1}>
        <StorageAlarm />
        {children}
      </main>
      <Shortcuts />
    </div>
  );
}

/** How many alerts count now. */
function AlertCount() {
  const summary = useRead("sa/pe/alert/summary", {}, { enabled: useMay("policy:read") });
  const count = countingIn(summary.data?.states ?? {});
  return count > 0 && <span className="place-count">{count.toLocaleString()}</span>;
}

const isWithin = (location: string, place: string) =>
  place === "/" ? location === "/" : location === place || location.startsWith(`${place}/`);

const CONNECTIONS = { connecting: "Connecting", live: "Live", lost: "Not live" } as const;

function Connection() {
  const connection = useConnection();
  const title =
    connection === "lost"
      ? "The event channel is lost and is being tried again; pages may be outdated"
      : "What changes is shown as it happens";
  return (
    <span className="connection" data-connection={connection} role="status" title={title}>
      {CONNECTIONS[connection]}
    </span>
  );
}

function UserMenu() {
  const { actor } = useSession();
  const signOut = useSignOut();
  const name = actor.replace(/^user:/, "");
  return (
    <Menu position="bottom-end" width={200}>
      <Menu.Target>
        <Button
          variant="subtle"
          color="gray"
          size="compact-md"
          leftSection={<Icon name="person" />}
          aria-label={`Account ${name}`}
        >
          <span className="user-name">{name}</span>
        </Button>
      </Menu.Target>
      <Menu.Dropdown>
        <Menu.Label>Signed in as {name}</Menu.Label>
        <Menu.Item component={Link} href="/account">
          Sessions and password
        </Menu.Item>
        <Menu.Item component={Link} href="/access/tokens">
          API tokens
        </Menu.Item>
        <Menu.Item onClick={() => void signOut()}>Sign out</Menu.Item>
      </Menu.Dropdown>
    </Menu>
  );
}
