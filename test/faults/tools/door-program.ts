// The inner side of a door into a network namespace: what comes in at a path goes to a port of the loopback there.
import { createConnection, createServer } from "node:net";

const [path = "", port = ""] = process.argv.slice(2);

createServer((socket) => {
  const onward = createConnection(Number(port), "127.0.0.1");
  socket.pipe(onward).pipe(socket);
  socket.on("error", () => onward.destroy());
  onward.on("error", () => socket.destroy());
  onward.on("close", () => socket.destroy());
}).listen(path, () => process.send?.({ type: "ready" }));
