import { Button } from "@mantine/core";
import { Component, type ReactNode } from "react";
import { Empty } from "./answer.tsx";

interface Props {
  readonly children: ReactNode;
  /** A new value gives the content another try. */
  readonly resetKey: string;
}
interface Caught {
  readonly error: Error | undefined;
  readonly resetKey: string;
}

/** Keeps a fault of one page from taking the portal with it. */
export class ErrorBoundary extends Component<Props, Caught> {
  override state: Caught = { error: undefined, resetKey: this.props.resetKey };

  static getDerivedStateFromError(error: Error): Partial<Caught> {
    return { error };
  }

  static getDerivedStateFromProps({ resetKey }: Props, state: Caught): Caught | null {
    return resetKey === state.resetKey ? null : { error: undefined, resetKey };
  }

  override render() {
    const { error } = this.state;
    if (error === undefined) return this.props.children;
    return (
      <Empty
        title="This page has a fault"
        action={
          <Button mt="sm" onClick={() => window.location.reload()}>
            Load the page again
          </Button>
        }
      >
        {error.message}. Nothing was changed by it. If it comes back, please report it with this text.
      </Empty>
    );
  }
}
