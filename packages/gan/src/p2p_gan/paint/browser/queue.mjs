// @ts-check
// Work for one worker: one job at a time, and of those that wait the newest of each channel.
// Nothing here may know what the work is.

/** @typedef {{ run: () => Promise<unknown>, resolve: (value: any) => void, reject: (error: unknown) => void }} Job */

export class Queue {
  /** @param {() => Error} superseded  makes the error for what nobody waits for any more */
  constructor(superseded) {
    this.superseded = superseded;
    /** @type {Map<string, Job>} */
    this.waiting = new Map();
    this.busy = false;
  }

  /**
   * What `run` gives, once it is its turn; a newer call of the same channel, or its signal, ends the waiting.
   * @template T
   * @param {string} channel @param {AbortSignal} signal @param {() => Promise<T>} run
   * @returns {Promise<T>}
   */
  add(channel, signal, run) {
    return new Promise((resolve, reject) => {
      if (signal.aborted) return reject(signal.reason);
      const job = { run, resolve, reject };
      this.waiting.get(channel)?.reject(this.superseded());
      this.waiting.set(channel, job);
      signal.addEventListener("abort", () => {
        if (this.waiting.get(channel) === job) this.waiting.delete(channel);
        reject(signal.reason);
      });
      void this.#work();
    });
  }

  async #work() {
    if (this.busy) return;
    this.busy = true;
    for (let next = this.#take(); next; next = this.#take()) {
      await next.run().then(next.resolve, next.reject);
    }
    this.busy = false;
  }

  #take() {
    const [first] = this.waiting;
    if (!first) return null;
    this.waiting.delete(first[0]);
    return first[1];
  }
}
