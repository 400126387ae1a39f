// @ts-check
// The page with the server's engine; an export for static hosts has a start.mjs with an engine of its own.
// Nothing else may be here.
import { startPage } from "./app.mjs";
import { remoteEngine } from "./remote_engine.mjs";

startPage(remoteEngine(new URL("./", location.href)));
