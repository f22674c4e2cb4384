import { createServer } from "./server.js";

const { app, functions } = await createServer();
const server = app.listen(3001, "127.0.0.1", () => console.log("http://127.0.0.1:3001"));

process.once("SIGTERM", () => {
  // The functions first: until they are done, the port stays open to their sidecar.
  void functions.close().then(() => server.close());
});
