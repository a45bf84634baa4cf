import react from "@vitejs/plugin-react";
import { defineConfig } from "vite";

export default defineConfig({
  root: import.meta.dirname,
  base: "/admin/",
  plugins: [react()],
  build: {
    outDir: "../dist/pages",
    emptyOutDir: true,
    target: "es2022",
    // The content security policy allows neither data: nor inline parts.
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
  },
});
