import S3rver from "@20minutes/s3rver";
import { temporaryFolder } from "./temporary-folder.ts";

/** A server that speaks S3, with the bucket "samples"; it knows the access key S3RVER with the secret S3RVER. */
export async function startObjectServer(): Promise<AsyncDisposable & { readonly endpoint: string }> {
  const folder = await temporaryFolder("objects");
  const server = new S3rver({
    address: "127.0.0.1",
    port: 0,
    directory: folder.path,
    silent: true,
    configureBuckets: [{ name: "samples" }],
  });
  const { port } = await server.run();
  return {
    endpoint: `http://127.0.0.1:${port}`,
    [Symbol.asyncDispose]: async () => {
      await server.close();
      await folder[Symbol.asyncDispose]();
    },
  };
}
