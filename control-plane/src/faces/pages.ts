import { createHash } from "node:crypto";
import type { FastifyReply } from "fastify";

const style = "body { font: 1rem/1.6 system-ui, sans-serif; max-width: 40rem; margin: 3rem auto; padding: 0 1rem }";
/** What the content security policy must name, for the pages carry their style in themselves. */
export const pageStyleSource = `'sha256-${createHash("sha256").update(style).digest("base64")}'`;

/** A page of plain text in the browser's own look. What is given must not come from outside: it is not escaped. */
export const sendPage = (reply: FastifyReply, title: string, body: string): FastifyReply =>
  reply.type("text/html; charset=utf-8").send(pageOf(title, body));

const pageOf = (title: string, body: string): string => `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<meta name="color-scheme" content="light dark">
<link rel="icon" href="data:,">
<title>${title} – Edgemere</title>
<style>${style}</style>
</head>
<body>
<main>
<h1>${title}</h1>
${body}
</main>
</body>
</html>
`;
