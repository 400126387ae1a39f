// @ts-check
// The page with the engine in the browser: what an export for static hosts starts with.
// Nothing else may be here.

import { startPage } from "../page/app.mjs";
import { isolate } from "./isolation.mjs";
import { localEngine } from "./local_engine.mjs";

const base = new URL("../", import.meta.url);
await isolate(base);
startPage(localEngine(base));
