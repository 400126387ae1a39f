// @ts-check
// While the engine is away: it is said, looked for again, and what waited goes on when it is back.
// Nothing here may ask for a picture.

/** @typedef {import("./engine.mjs").Engine} Engine */

import { isAway } from "./engine.mjs";
import { note, showState } from "./messages.mjs";

const LOOK_AGAIN = [500, 1000, 2000, 3000]; // milliseconds between looks; the last for all further ones

export class Absence {
  /** @param {Engine} engine @param {() => Promise<void>} goOn */
  constructor(engine, goOn) {
    this.engine = engine;
    this.goOn = goOn;
    this.isLooking = false;
  }

  /** Wait for the engine; nothing more where that is being done. */
  async wait() {
    if (this.isLooking) return;
    this.isLooking = true;
    const end = showState("The server does not answer. Your drawing is kept; this page goes on when it is back.");
    for (let look = 0; !(await this.isBack(look)); look++);
    this.isLooking = false;
    end();
    note("The server is back.");
    await this.goOn();
  }

  /** @param {number} look */
  async isBack(look) {
    const pause = LOOK_AGAIN[Math.min(look, LOOK_AGAIN.length - 1)];
    await new Promise((resolve) => setTimeout(resolve, pause));
    return this.engine.models().then(
      () => true,
      (error) => !isAway(error),
    );
  }
}
