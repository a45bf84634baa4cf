import { Anchor, Title } from "@mantine/core";
import { useEffect, type ReactNode } from "react";
import { Link } from "wouter";
import { visible } from "../data/hostile-text.ts";

interface PageProps {
  /** Names the page; may come from a device. */
  readonly title: string;
  /** The pages above this one. */
  readonly trail?: readonly { readonly label: string; readonly to: string }[];
  /** What stands beside the title, such as a state. */
  readonly badge?: ReactNode;
  /** Buttons. */
  readonly actions?: ReactNode;
  readonly children: ReactNode;
}

/** The frame of every page: trail, title, actions, content. */
export function Page({ title, trail = [], badge, actions, children }: PageProps) {
  const shown = visible(title);
  useEffect(() => {
    document.title = `${shown} · Edgemere`;
  }, [shown]);
  return (
    <div className="page">
      {trail.length > 0 && (
        <nav aria-label="Breadcrumbs" className="trail">
          {trail.map(({ label, to }, place) => (
            <span key={to}>
              {place > 0 && <span aria-hidden="true"> / </span>}
              <Anchor component={Link} href={to} size="sm">
                {label}
              </Anchor>
            </span>
          ))}
        </nav>
      )}
      <header className="page-head">
        <Title order={1} size="h2" className="page-title">
          <bdi>{shown}</bdi>
        </Title>
        {badge}
        <div className="page-actions">{actions}</div>
      </header>
      {children}
    </div>
  );
}
