import { Modal } from "@mantine/core";
import type { ReactNode } from "react";

/** A window over the page. The page behind stays scrollable: locking it would need an inline style. */
export const Dialog = ({
  title,
  isOpen,
  onClose,
  children,
}: {
  readonly title: string;
  readonly isOpen: boolean;
  readonly onClose: () => void;
  readonly children: ReactNode;
}) => (
  <Modal
    title={title}
    opened={isOpen}
    onClose={onClose}
    lockScroll={false}
    size="lg"
    closeButtonProps={{ "aria-label": "Close" }}
  >
    {children}
  </Modal>
);
