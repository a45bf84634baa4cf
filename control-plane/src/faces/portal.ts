import { existsSync } from "node:fs";
import { join, sep } from "node:path";
import fastifyStatic from "@fastify/static";
import type { FastifyInstance } from "fastify";
import { Problem } from "../platform/problem.ts";
import { openToEveryone } from "./access.ts";
import { pathOf } from "./http.ts";
import { sendPage } from "./pages.ts";

/** The web pages at `/admin/`, from the folder where they were built. */
export async function servePortal(app: FastifyInstance, folder: string | undefined): Promise<void> {
  openToEveryone(app);
  app.get("/", (_, reply) => reply.redirect("/admin/"));
  if (folder === undefined || !existsSync(join(folder, "index.html"))) return serveAbsence(app);

  app.get("/admin", (_, reply) => reply.redirect("/admin/"));
  await app.register(
    async (admin) => {
      await admin.register(fastifyStatic, {
        root: folder,
        prefix: "/",
        cacheControl: false,
        // A built file has its content's hash in its name; only the page that names them can change.
        setHeaders: (reply, path) =>
          void reply.header(
            "cache-control",
            path.includes(`${sep}assets${sep}`) ? "public, max-age=31536000, immutable" : "no-cache",
          ),
      });
      // Addresses inside the portal are its own affair: all of them are the one page. A missing file is missing.
      admin.setNotFoundHandler((request, reply) => {
        if (request.method !== "GET" || pathOf(request).includes("/assets/"))
          throw new Problem(
            "not-found",
            "there is no such file in the portal; reload the page, it may be a newer one now",
          );
        return reply.header("cache-control", "no-cache").sendFile("index.html");
      });
    },
    { prefix: "/admin" },
  );
}

function serveAbsence(app: FastifyInstance): void {
  const body = `<p>The web pages are not built. Run <code>npm run build</code> where the control plane is installed and start it again.</p>
<p>Everything they do can be done without them: see the <a href="/edgemere/docs">reference of all actions</a> or <code>edgemere --help</code>.</p>`;
  for (const url of ["/admin", "/admin/*"])
    app.get(url, (_, reply) => sendPage(reply.code(503), "The portal is not there", body));
}
