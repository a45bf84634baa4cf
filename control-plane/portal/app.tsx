import { lazy, Suspense, type ComponentType } from "react";
import { Redirect, Route, Switch, useLocation } from "wouter";
import { Answer, Loading } from "./parts/answer.tsx";
import { ErrorBoundary } from "./parts/error-boundary.tsx";
import { Shell } from "./parts/shell.tsx";
import { LiveProvider } from "./data/live.tsx";
import { StepUp } from "./parts/step-up.tsx";
import { useRead } from "./data/queries.ts";
import { SessionProvider } from "./data/session.tsx";
import { NotFound } from "./pages/not-found.tsx";
import { Overview } from "./pages/overview.tsx";
import { SetUp } from "./pages/set-up.tsx";
import { SingleSignOnReturn } from "./pages/sso.tsx";
import { SignIn } from "./pages/sign-in.tsx";

/** A page that is loaded when it is first looked at. */
const page = (load: () => Promise<ComponentType>) => lazy(async () => ({ default: await load() }));

const PAGES = [
  ["/devices", page(async () => (await import("./pages/devices.tsx")).Devices)],
  ["/devices/:device/:tab?", page(async () => (await import("./pages/device.tsx")).Device)],
  ["/charts/:tab?", page(async () => (await import("./pages/charts.tsx")).Charts)],
  ["/alerts", page(async () => (await import("./pages/alerts.tsx")).Alerts)],
  ["/alerts/:device/:policy", page(async () => (await import("./pages/alert.tsx")).Alert)],
  ["/policies/new", page(async () => (await import("./pages/new-policy.tsx")).NewPolicy)],
  ["/policies/one/:policy", page(async () => (await import("./pages/policy.tsx")).Policy)],
  ["/policies/:tab?", page(async () => (await import("./pages/policies.tsx")).Policies)],
  ["/jobs", page(async () => (await import("./pages/jobs.tsx")).Jobs)],
  ["/jobs/:job", page(async () => (await import("./pages/job.tsx")).Job)],
  ["/rollouts", page(async () => (await import("./pages/rollouts.tsx")).Rollouts)],
  ["/rollouts/new", page(async () => (await import("./pages/new-rollout.tsx")).NewRollout)],
  ["/rollouts/:rollout", page(async () => (await import("./pages/rollout.tsx")).Rollout)],
  ["/files", page(async () => (await import("./pages/files.tsx")).Files)],
  ["/events", page(async () => (await import("./pages/events.tsx")).Events)],
  ["/data/requests/:request", page(async () => (await import("./pages/data-request.tsx")).DataRequest)],
  ["/data/pieces/:piece", page(async () => (await import("./pages/data-piece.tsx")).DataPiece)],
  ["/data/:tab?", page(async () => (await import("./pages/data.tsx")).Data)],
  ["/access/:tab?", page(async () => (await import("./pages/access.tsx")).Access)],
  ["/operations", page(async () => (await import("./pages/operations.tsx")).Operations)],
  ["/actions/*?", page(async () => (await import("./pages/actions.tsx")).Actions)],
  ["/account", page(async () => (await import("./pages/account.tsx")).Account)],
  ["/about", page(async () => (await import("./pages/about.tsx")).About)],
] as const;

/** Who asks decides what is shown: set-up, sign-in, or the portal. */
export function App() {
  // Whoever proves anew who they are comes back here while still signed in.
  const isReturning = useLocation()[0] === "/sso";
  return isReturning ? <SingleSignOnReturn /> : <Asked />;
}

function Asked() {
  const who = useRead("ia/whoami", {});
  return (
    <Answer of={who} lines={0}>
      {(session) =>
        session.actor === "nobody" ? (
          <Outside />
        ) : (
          <SessionProvider session={session}>
            <LiveProvider>
              <Inside />
              <StepUp />
            </LiveProvider>
          </SessionProvider>
        )
      }
    </Answer>
  );
}

function Outside() {
  const status = useRead("ia/status", {});
  return (
    <Answer of={status} lines={0}>
      {({ isSetUp, hasSingleSignOn }) => (isSetUp ? <SignIn hasSingleSignOn={hasSingleSignOn} /> : <SetUp />)}
    </Answer>
  );
}

function Inside() {
  const [location] = useLocation();
  return (
    <Shell>
      <ErrorBoundary resetKey={location}>
        <Suspense fallback={<Loading lines={6} />}>
          <Switch>
            <Route path="/" component={Overview} />
            {PAGES.map(([path, Content]) => (
              <Route key={path} path={path}>
                <Content />
              </Route>
            ))}
            {/* Where one was sent to sign in; the work goes on where it was. */}
            <Route path="/signin">
              <Redirect to="/" replace />
            </Route>
            <Route path="/setup">
              <Redirect to="/" replace />
            </Route>
            <Route component={NotFound} />
          </Switch>
        </Suspense>
      </ErrorBoundary>
    </Shell>
  );
}
