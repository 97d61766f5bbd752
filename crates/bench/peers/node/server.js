// Node's socket.io under the load of the measurements. PORT comes from the environment; with RECOVERY set, the recovery of
// connection state is on.

import { createServer } from "node:http";
import { Server } from "socket.io";

const http = createServer();
const io = new Server(http, {
  serveClient: false,
  ...(process.env.RECOVERY && { connectionStateRecovery: {} }),
});

io.on("connection", (socket) => {
  socket.join("room");
  socket.on("say", (text) => io.to("room").emit("said", text));
  socket.on("echo", (text, acknowledge) => acknowledge(text));
});

http.listen(Number(process.env.PORT), "127.0.0.1");
