import { Paper, Text, Title } from "@mantine/core";
import { useEffect, type ReactNode } from "react";
import { ColorScheme } from "./color-scheme.tsx";

/** The frame of the pages before one is signed in. */
export function Entrance({
  title,
  intro,
  children,
}: {
  readonly title: string;
  readonly intro: ReactNode;
  readonly children: ReactNode;
}) {
  useEffect(() => {
    document.title = `${title} · Edgemere`;
  }, [title]);
  return (
    <main className="entrance">
      <div className="entrance-corner">
        <ColorScheme />
      </div>
      <Paper withBorder shadow="sm" p="xl" radius="md" className="entrance-box">
        <div className="brand">
          <img src={`${import.meta.env.BASE_URL}icon.svg`} alt="" width={30} height={30} />
          Edgemere
        </div>
        <Title order={1} size="h3" mt="lg">
          {title}
        </Title>
        <Text size="sm" c="dimmed" mt={4} mb="md" component="div">
          {intro}
        </Text>
        {children}
      </Paper>
    </main>
  );
}
