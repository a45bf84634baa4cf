import { notifications } from "@mantine/notifications";

/** Tells, in passing, that something was done. */
export const saved = (message: string): void => {
  notifications.show({ message, color: "teal", closeButtonProps: { "aria-label": "Close" } });
};
