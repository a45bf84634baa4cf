import { getDefaultZIndex, Modal } from "@mantine/core";
import type { ReactNode } from "react";

/** A window over the page. The page behind stays scrollable: locking it would need an inline style. */
export const Dialog = ({
  title,
  isOpen,
  onClose,
  isAboveOthers = false,
  children,
}: {
  readonly title: string;
  readonly isOpen: boolean;
  readonly onClose: () => void;
  /** It may come while another one is open. */
  readonly isAboveOthers?: boolean;
  readonly children: ReactNode;
}) => (
  <Modal
    title={title}
    opened={isOpen}
    onClose={onClose}
    lockScroll={false}
    size="lg"
    zIndex={getDefaultZIndex(isAboveOthers ? "popover" : "modal")}
    closeButtonProps={{ "aria-label": "Close" }}
  >
    {children}
  </Modal>
);
