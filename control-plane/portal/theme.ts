import { createTheme } from "@mantine/core";

/**
 * Colours stand in portal.css as variables: the content security policy refuses the style element that the
 * provider would write for a theme with colours of its own.
 */
export const theme = createTheme({
  primaryColor: "cyan",
  respectReducedMotion: true,
  cursorType: "pointer",
});
