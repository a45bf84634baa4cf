import type { FastifyInstance, RouteOptions } from "fastify";

declare module "fastify" {
  interface FastifyContextConfig {
    /** everyone: it says what this program is, and nothing of what an installation holds. dispatch: it only asks there. */
    readonly access?: "everyone" | "dispatch";
  }
}

/** For the routes of a plugin, which cannot say it themselves. */
export function openToEveryone(app: FastifyInstance): void {
  app.addHook("onRoute", (route) => {
    route.config = { ...route.config, access: "everyone" };
  });
}

/** A route that does not say who may ask it keeps the server from starting. */
export function refuseUndeclaredRoutes(app: FastifyInstance): void {
  const routes: RouteOptions[] = [];
  app.addHook("onRoute", (route) => void routes.push(route));
  app.addHook("onReady", async () => {
    const mute = routes.find(({ config }) => config?.access === undefined);
    if (mute !== undefined)
      throw new Error(`the route ${[mute.method].flat().join(", ")} ${mute.url} does not declare its access`);
  });
}
