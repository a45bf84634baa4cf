import { ActionIcon, useMantineColorScheme } from "@mantine/core";
import { Icon } from "./icon.tsx";

const NEXT = { auto: "light", light: "dark", dark: "auto" } as const;
const ICONS = { auto: "system", light: "sun", dark: "moon" } as const;
const NAMES = { auto: "as the system", light: "light", dark: "dark" } as const;

/** Switches between light, dark, and what the system prefers; the choice is kept. */
export function ColorScheme() {
  const { colorScheme, setColorScheme } = useMantineColorScheme({ keepTransitions: true });
  const next = NEXT[colorScheme];
  const label = `Colours: ${NAMES[colorScheme]}. Change to ${NAMES[next]}`;
  return (
    <ActionIcon
      variant="subtle"
      color="gray"
      size="lg"
      aria-label={label}
      title={label}
      onClick={() => setColorScheme(next)}
    >
      <Icon name={ICONS[colorScheme]} />
    </ActionIcon>
  );
}
