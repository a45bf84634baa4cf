import "@mantine/core/styles.css";
import "@mantine/notifications/styles.css";
import "./portal.css";
import "./parts/shell.css";
import "./parts/blocks.css";
import "./parts/events.css";
import "./parts/table.css";
import { MantineProvider } from "@mantine/core";
import { Notifications } from "@mantine/notifications";
import { QueryClientProvider } from "@tanstack/react-query";
import { StrictMode } from "react";
import { createRoot } from "react-dom/client";
import { Router } from "wouter";
import { App } from "./app.tsx";
import { reloadWhenReplaced } from "./data/replaced.ts";
import { createQueries } from "./data/query-client.ts";
import { theme } from "./theme.ts";

const root = document.querySelector("#root");
if (root === null) throw new Error("index.html has no element #root to put the portal into");

reloadWhenReplaced(window);
createRoot(root).render(
  <StrictMode>
    <MantineProvider theme={theme} defaultColorScheme="auto" withCssVariables={false} withGlobalClasses={false}>
      <QueryClientProvider client={createQueries()}>
        <Notifications position="bottom-right" />
        <Router base={import.meta.env.BASE_URL.replace(/\/$/, "")}>
          <App />
        </Router>
      </QueryClientProvider>
    </MantineProvider>
  </StrictMode>,
);
