import type { AddressInfo } from "node:net";
import type { FastifyInstance } from "fastify";

export interface Listening extends AsyncDisposable {
  /** `http://127.0.0.1:3000` */
  readonly address: string;
  readonly port: number;
}

/** Opens the port; what was made for it is closed again when that fails. */
export async function listen(
  app: FastifyInstance,
  { host, port }: { readonly host: string; readonly port: number },
): Promise<Listening> {
  try {
    const address = await app.listen({ host, port });
    return {
      address,
      port: (app.server.address() as AddressInfo).port,
      [Symbol.asyncDispose]: () => app.close(),
    };
  } catch (error) {
    await app.close();
    throw error;
  }
}
