import { createHandler, type HandlerOptions, type RequestHandler } from "dapr-functions";
import express, { type Express } from "express";
import { Quotes } from "./quotes.js";

/** An Express application with a page and an API of its own, and the functions beside them. */
export async function createServer(options?: HandlerOptions): Promise<{ app: Express; functions: RequestHandler }> {
  const functions = await createHandler([Quotes], options);
  const app = express();
  // Before any body parser: the functions read their bodies themselves. What is none of theirs goes on to the next.
  app.use(functions);
  app.use(express.json());
  app.get("/", (_request, response) => void response.type("html").send("<h1>Quotes</h1>"));
  app.post("/echo", (request, response) => void response.json(request.body));
  return { app, functions };
}
