import { Button, CopyButton } from "@mantine/core";

/** Text to be taken along, with a button that does so. */
export const Copyable = ({ text, label }: { readonly text: string; readonly label: string }) => (
  <div className="copyable">
    <code aria-label={label}>{text}</code>
    <CopyButton value={text}>
      {({ copied, copy }) => (
        <Button size="xs" variant="default" onClick={copy}>
          {copied ? "Copied" : "Copy"}
        </Button>
      )}
    </CopyButton>
  </div>
);
