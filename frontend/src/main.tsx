import "@fontsource-variable/inter/wght.css";
import "@mantine/core/styles.css";
import "@mantine/notifications/styles.css";
import "./app/global.css";
import { StrictMode } from "react";
import { createRoot } from "react-dom/client";
import { App } from "./app/App";
import { fetchPagesWhenIdle } from "./app/lazyPage";
import { router } from "./app/router";

const root = document.getElementById("root");
if (!root) throw new Error("index.html has no element with id root.");
createRoot(root).render(
  <StrictMode>
    <App router={router} />
  </StrictMode>,
);
fetchPagesWhenIdle();
