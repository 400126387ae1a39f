// Which picture the painting page asks for next, with a clock and a painter of the test: by node's own runner.
import assert from "node:assert/strict";
import { test } from "node:test";

import { REST, Scheduler } from "../../packages/gan/src/p2p_gan/paint/page/scheduler.mjs";

/** A scheduler, a clock, and a painter that takes `fine` or `coarse` milliseconds and works on one picture at a time. */
function studio({ fine = 40, coarse = null, fail = () => "drop" } = {}) {
  let time = 0;
  let timers = [];
  const seen = { asked: [], shown: [], failed: [], discarded: [], rested: 0, atOnce: 0, most: 0, stopped: 0 };
  const later = (action, milliseconds) => {
    const timer = { at: time + milliseconds, action };
    timers.push(timer);
    return () => (timers = timers.filter((each) => each !== timer));
  };
  const scheduler = new Scheduler({ now: () => time, later, fail, hasCoarse: () => coarse !== null, rested: () => seen.rested++ });
  const work = (name, breaks = () => null) => ({
    paint: (isCoarse, signal) => {
      seen.asked.push(name);
      seen.most = Math.max(seen.most, ++seen.atOnce);
      return new Promise((resolve, reject) => {
        later(() => {
          seen.atOnce--;
          const error = breaks();
          if (error) reject(error);
          else resolve(name);
        }, isCoarse ? coarse : fine);
        signal.addEventListener("abort", () => {
          seen.stopped++;
          seen.atOnce--;
          reject(new DOMException("stopped", "AbortError"));
        });
      });
    },
    show: (picture, isCoarse) => seen.shown.push(isCoarse ? `${picture} coarse` : picture),
    fail: (error) => seen.failed.push(error.message),
    discard: (picture) => seen.discarded.push(picture),
  });
  const wait = async (milliseconds) => {
    const end = time + milliseconds;
    for (;;) {
      for (let turn = 0; turn < 5; turn++) await Promise.resolve();
      const [next] = timers.filter((each) => each.at <= end).sort((one, other) => one.at - other.at);
      if (!next) break;
      timers = timers.filter((each) => each !== next);
      time = next.at;
      next.action();
    }
    time = end;
  };
  return { scheduler, work, wait, seen };
}

test("of fifty quick requests one is painted at a time, old ones are dropped, and the last is shown", async () => {
  const { scheduler, work, wait, seen } = studio();
  for (let stroke = 1; stroke <= 50; stroke++) {
    scheduler.request(work(`stroke ${stroke}`));
    await wait(10);
  }
  await wait(200);
  assert.equal(seen.most, 1);
  assert.equal(seen.shown.at(-1), "stroke 50");
  assert.ok(seen.asked.length < 20, `${seen.asked.length} requests`);
  assert.deepEqual(seen.shown, seen.asked);
});

test("a quick hand sees a picture even when each takes longer than a stroke", async () => {
  const { scheduler, work, wait, seen } = studio({ fine: 500 });
  for (let stroke = 1; stroke <= 100; stroke++) {
    scheduler.request(work(String(stroke)));
    await wait(20);
  }
  assert.ok(seen.shown.length >= 3);
  assert.equal(seen.stopped, 0);
});

test("where the model is slow the hand is followed by coarse pictures, and a fine one comes when it rests", async () => {
  const { scheduler, work, wait, seen } = studio({ fine: 600, coarse: 100 });
  scheduler.request(work("first"));
  await wait(1000);
  for (let stroke = 1; stroke <= 10; stroke++) {
    scheduler.request(work(`stroke ${stroke}`));
    await wait(100);
  }
  assert.ok(seen.shown.includes("stroke 9 coarse"));
  await wait(REST + 1000);
  assert.deepEqual(seen.shown.slice(-2), ["stroke 10 coarse", "stroke 10"]);
  assert.ok(scheduler.pace() >= 99 && scheduler.pace() <= 101);
});

test("a coarse picture that is hardly quicker is not used", async () => {
  const { scheduler, work, wait, seen } = studio({ fine: 600, coarse: 500 });
  for (let stroke = 1; stroke <= 6; stroke++) {
    scheduler.request(work(`stroke ${stroke}`));
    await wait(1500);
  }
  assert.equal(seen.shown.filter((each) => each.endsWith("coarse")).length, 1);
});

test("variants are painted while the hand rests, once, and a stroke stops them", async () => {
  const { scheduler, work, wait, seen } = studio();
  scheduler.request(work("drawn"));
  await wait(REST + 50);
  assert.equal(seen.rested, 1);
  scheduler.whileResting(["one", "two", "three"].map((each) => work(each)));
  await wait(50);
  scheduler.request(work("again"));
  await wait(1000);
  assert.deepEqual(seen.shown, ["drawn", "one", "again"]);
  assert.equal(seen.stopped, 1);
  assert.equal(seen.rested, 2);
});

test("while the painter is away the last picture is kept, and asked for when it is back", async () => {
  let away = true;
  const { scheduler, work, wait, seen } = studio({ fail: () => "wait" });
  const breaks = () => (away ? new Error("away") : null);
  scheduler.request(work("old", breaks));
  await wait(100);
  scheduler.request(work("new", breaks));
  await wait(5000);
  assert.deepEqual(seen.shown, []);
  assert.deepEqual(seen.asked, ["old"]);
  away = false;
  scheduler.resume();
  await wait(100);
  assert.deepEqual(seen.shown, ["new"]);
});

test("a busy painter is asked again, and a request that cannot be painted is not", async () => {
  let refusals = 2;
  const busy = studio({ fail: () => "again" });
  busy.scheduler.request(busy.work("drawn", () => (refusals-- > 0 ? new Error("busy") : null)));
  await busy.wait(2000);
  assert.deepEqual(busy.seen.shown, ["drawn"]);
  const wrong = studio({ fail: () => "drop" });
  wrong.scheduler.request(wrong.work("drawn", () => new Error("wrong")));
  await wrong.wait(2000);
  assert.deepEqual(wrong.seen.asked, ["drawn"]);
});

test("after clear nothing is asked for and nothing that comes is shown", async () => {
  const { scheduler, work, wait, seen } = studio();
  scheduler.request(work("one"));
  scheduler.request(work("two"));
  scheduler.clear();
  await wait(1000);
  assert.deepEqual([seen.shown, seen.asked, seen.rested], [[], ["one"], 0]);
});

test("where the last picture failed nothing is made of it while the hand rests, and after the next one it is", async () => {
  const { scheduler, work, wait, seen } = studio();
  scheduler.request(work("drawn", () => new Error("wrong")));
  await wait(REST + 100);
  assert.deepEqual([seen.failed, seen.rested], [["wrong"], 0]);
  scheduler.request(work("again"));
  await wait(REST + 100);
  assert.deepEqual([seen.shown, seen.rested], [["again"], 1]);
});

test("a variant that fails is told to its tile alone, and the next ones are painted", async () => {
  const { scheduler, work, wait, seen } = studio();
  scheduler.request(work("drawn"));
  await wait(REST + 50);
  scheduler.whileResting([work("one", () => new Error("wrong")), work("two")]);
  await wait(200);
  assert.deepEqual([seen.shown, seen.failed], [["drawn", "two"], ["wrong"]]);
});

test("a picture that comes after it was dropped is given back, so that its memory is freed", async () => {
  const { scheduler, work, wait, seen } = studio();
  const deaf = { ...work("deaf"), paint: () => Promise.resolve("deaf") };
  scheduler.request(deaf);
  scheduler.clear();
  await wait(100);
  assert.deepEqual([seen.shown, seen.discarded], [[], ["deaf"]]);
});
