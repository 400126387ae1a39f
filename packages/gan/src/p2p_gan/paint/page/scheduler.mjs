// @ts-check
// Which picture is asked for next: one is being painted, one waits, what is older is dropped, the last is always shown.
// Nothing here may know how a picture is asked for or shown; time is given.

/**
 * One picture that is wanted.
 * @template T
 * @typedef {object} Work
 * @property {(coarse: boolean, signal: AbortSignal) => Promise<T>} paint
 * @property {(picture: T, coarse: boolean) => void} show
 * @property {(error: unknown) => void} fail  it could not be painted, and is not asked for again
 * @property {(picture: T) => void} discard  it came too late, and is not shown
 */

/**
 * @typedef {object} Surroundings
 * @property {() => number} now  milliseconds
 * @property {(action: () => void, milliseconds: number) => () => void} later  gives what cancels it
 * @property {(error: unknown) => "drop" | "again" | "wait"} fail  drop it, ask once more soon, or keep it until `resume`
 * @property {() => boolean} hasCoarse  whether a coarse picture can be had
 * @property {() => void} rested  the hand rests and its last picture is shown: time for `whileResting`
 */

/** @template T @typedef {{ work: Work<T>, coarse: boolean, resting: boolean }} Job */

/** Milliseconds of a picture above which the hand is followed by coarse ones: fewer than 8 pictures a second. */
export const SLOW = 125;
/** Milliseconds without a stroke after which the hand rests. */
export const REST = 300;
const AGAIN = 250;
/** A coarse picture that takes more than this part of a fine one is not worth it. */
const WORTH = 0.7;

/**
 * One at a time: what follows the hand, then what is done while it rests (the fine picture after a coarse one, variants).
 * @template T
 */
export class Scheduler {
  /** @param {Surroundings} surroundings */
  constructor(surroundings) {
    this.surroundings = surroundings;
    /** @type {Job<T> | null} */
    this.current = null;
    /** @type {Job<T> | null} */
    this.waiting = null;
    /** @type {Job<T> | null} */
    this.fine = null; // for when the hand rests
    /** @type {Job<T>[]} */
    this.later = [];
    this.controller = new AbortController();
    this.paused = false;
    this.handRests = true;
    this.saidRested = true;
    /** @type {{ fine: number | null, coarse: number | null }} */
    this.cost = { fine: null, coarse: null };
    this.cancelRest = () => {};
    this.cancelAgain = () => {};
  }

  /** The hand drew: this picture is wanted, and none that was wanted before. @param {Work<T>} work */
  request(work) {
    [this.later, this.fine] = [[], null];
    [this.handRests, this.saidRested] = [false, false];
    this.waiting = { work, coarse: this.isSlow(), resting: false };
    // What follows the hand is never stopped, or a quick hand would see nothing at all.
    if (this.current?.resting) this.drop();
    this.cancelRest();
    this.cancelRest = this.surroundings.later(() => this.rest(), REST);
    this.start();
  }

  /** Pictures for while the hand rests, in this order; a stroke drops those that are left. @param {readonly Work<T>[]} works */
  whileResting(works) {
    this.later = works.map((work) => ({ work, coarse: false, resting: true }));
    if (this.current && this.handRests && this.saidRested) this.drop();
    this.start();
  }

  /** Nothing is wanted any more, and nothing that comes is shown. */
  clear() {
    [this.later, this.waiting, this.fine] = [[], null, null];
    [this.handRests, this.saidRested] = [true, true];
    this.cancelRest();
    this.cancelAgain();
    this.drop();
  }

  /** Ask again for what could not be painted. */
  resume() {
    this.paused = false;
    this.start();
  }

  /** What pictures cost is measured anew, as for another model, of which it may be known. @param {number | null} [milliseconds] */
  forget(milliseconds = null) {
    this.cost = { fine: milliseconds, coarse: null };
  }

  /** Whether the hand is followed by coarse pictures: fine ones are too slow, and coarse ones quicker. */
  isSlow() {
    const { fine, coarse } = this.cost;
    if (fine === null || fine <= SLOW || !this.surroundings.hasCoarse()) return false;
    return coarse === null || coarse < WORTH * fine;
  }

  /** Milliseconds of the pictures that follow the hand, with the way there and back; null before the first. */
  pace() {
    return this.isSlow() ? (this.cost.coarse ?? this.cost.fine) : this.cost.fine;
  }

  /** Whether the picture of the last stroke is still to come; those for while the hand rests do not count. */
  isBusy() {
    return Boolean(this.waiting ?? this.fine) || (this.current !== null && !this.saidRested);
  }

  drop() {
    this.controller.abort();
    this.current = null;
  }

  rest() {
    this.handRests = true;
    this.waiting ??= this.fine;
    this.fine = null;
    this.start();
  }

  start() {
    if (this.current || this.paused) return;
    const job = this.waiting ?? this.later.shift();
    this.waiting = null;
    if (job) {
      this.current = job;
      this.controller = new AbortController();
      void this.run(job, this.controller.signal);
    } else if (this.handRests && !this.saidRested) {
      this.saidRested = true;
      this.surroundings.rested();
    }
  }

  /** @param {Job<T>} job @param {AbortSignal} signal */
  async run(job, signal) {
    const began = this.surroundings.now();
    try {
      const picture = await job.work.paint(job.coarse, signal);
      if (this.current !== job) return job.work.discard(picture);
      this.current = null;
      this.measure(job, this.surroundings.now() - began);
      job.work.show(picture, job.coarse);
      if (job.coarse && !this.waiting) this.refine(job.work);
    } catch (error) {
      if (this.current !== job) return;
      this.current = null;
      this.settle(job, error);
    }
    this.start();
  }

  /** The last picture was a coarse one. @param {Work<T>} work */
  refine(work) {
    const job = { work, coarse: false, resting: true };
    if (this.handRests) this.waiting = job;
    else this.fine = job;
  }

  /** @param {Job<T>} job @param {unknown} error */
  settle(job, error) {
    const answer = this.surroundings.fail(error);
    if (answer === "drop") return this.giveUp(job, error);
    // A newer one is worth more than the same again.
    if (!this.waiting) this.waiting = job;
    this.paused = true;
    this.cancelAgain();
    if (answer === "again") this.cancelAgain = this.surroundings.later(() => this.resume(), AGAIN);
  }

  /** It is not shown, so that nothing can be made of it while the hand rests. @param {Job<T>} job @param {unknown} error */
  giveUp(job, error) {
    if (!this.waiting) this.saidRested = true;
    job.work.fail(error);
  }

  /** @param {Job<T>} job @param {number} milliseconds */
  measure(job, milliseconds) {
    const kind = job.coarse ? "coarse" : "fine";
    const before = this.cost[kind];
    // The first picture of a model may take long by itself; each later one weighs as much as all before it.
    this.cost[kind] = before === null ? milliseconds : (before + milliseconds) / 2;
  }
}
