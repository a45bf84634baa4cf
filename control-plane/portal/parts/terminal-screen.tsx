import "@xterm/xterm/css/xterm.css";
import { FitAddon } from "@xterm/addon-fit";
import { Terminal } from "@xterm/xterm";
import { useEffect, useRef } from "react";
import { openXterm } from "./open-xterm.ts";

interface Props {
  readonly label: string;
  /** Columns and rows; as many as there is room for when absent. */
  readonly size?: { readonly columns: number; readonly rows: number };
  /** Told once, with what is on the page; gives what is to be done when it leaves. */
  readonly onReady: (terminal: Terminal) => () => void;
  readonly onSize?: (size: { readonly columns: number; readonly rows: number }) => void;
}

/** A terminal on the page. Shift and Tab leave it for whoever works without a mouse. */
export function TerminalScreen({ label, size, onReady, onSize }: Props) {
  const box = useRef<HTMLDivElement>(null);
  useEffect(() => {
    if (box.current === null) return undefined;
    const terminal = new Terminal({
      fontFamily: "ui-monospace, monospace",
      fontSize: 13,
      scrollback: 5_000,
      screenReaderMode: true,
      ...(size && { cols: size.columns, rows: size.rows }),
    });
    terminal.attachCustomKeyEventHandler(({ key, shiftKey }) => !(key === "Tab" && shiftKey));
    openXterm(terminal, box.current);
    const fit = new FitAddon();
    terminal.loadAddon(fit);
    const fitted = () => {
      if (size !== undefined) return;
      fit.fit();
      onSize?.({ columns: terminal.cols, rows: terminal.rows });
    };
    const done = onReady(terminal);
    fitted();
    const watched = new ResizeObserver(fitted);
    watched.observe(box.current);
    return () => {
      watched.disconnect();
      done();
      terminal.dispose();
    };
    // eslint-disable-next-line react-hooks/exhaustive-deps -- a terminal is made once: what it shows would be lost with it
  }, []);
  return <div ref={box} className="terminal" role="region" aria-label={label} />;
}
