import swagger from "@fastify/swagger";
import swaggerUi from "@fastify/swagger-ui";
import type { FastifyInstance } from "fastify";
import { openToEveryone } from "./access.ts";
import { catalogueOf } from "./catalogue.ts";
import type { FaceParts } from "./face.ts";
import { openApiOf } from "./openapi.ts";

/**
 * The catalogue, the OpenAPI document and a page to read it. Open to everyone: they say what this program can do, as its
 * source does, and nothing of what an installation holds; and a client needs them to ask for credentials.
 */
export async function serveDocuments(app: FastifyInstance, parts: FaceParts): Promise<void> {
  const openApi = JSON.stringify(openApiOf(parts));
  const catalogue = JSON.stringify(catalogueOf(parts));
  openToEveryone(app);
  app.get("/edgemere/openapi.json", (_, reply) => reply.type("application/json").send(openApi));
  app.get("/edgemere/catalogue.json", (_, reply) => reply.type("application/json").send(catalogue));

  await app.register(swagger, {
    mode: "static",
    // The page's own copy, free of what only the compiler sees in a schema.
    specification: { document: JSON.parse(openApi) as never },
  });
  await app.register(swaggerUi, {
    routePrefix: "/edgemere/docs",
    theme: { title: "Edgemere actions" },
    uiConfig: {
      // Without the bar on top: it is for choosing another document, and there is one.
      layout: "BaseLayout",
      docExpansion: "none",
      filter: true,
      deepLinking: true,
      displayRequestDuration: true,
      validatorUrl: null,
    },
  });
}
