// The pure functions of the pages' script, by node's own runner: nox -s web.
import assert from "node:assert/strict";
import { test } from "node:test";

import { compareNames, passes } from "../../packages/datatools/src/p2p_datatools/checks/findings.mjs";
import { nearestIndex, threeDigits, valueAt } from "../../packages/datatools/src/p2p_datatools/contract/pages/page.mjs";

test("the nearest entry is found, at the ends and between", () => {
  const sorted = [0, 10, 20, 50];
  assert.deepEqual([-5, 0, 4, 6, 36, 99].map((value) => nearestIndex(sorted, value)), [0, 0, 0, 1, 3, 3]);
  assert.equal(nearestIndex([7], 3), 0);
});

test("a place on an axis becomes its value, also where the axis counts downwards", () => {
  assert.equal(valueAt(199, [48, 350], [0, 100]), 50);
  assert.equal(valueAt(174, [174, 10], [0.5, 1.5]), 0.5);
  assert.equal(valueAt(10, [174, 10], [0.5, 1.5]), 1.5);
});

test("a value has three digits and no tail of zeros", () => {
  assert.deepEqual([0.123456, 12345, 0.5, 1e-5].map(threeDigits), ["0.123", "12300", "0.5", "0.00001"]);
});

test("a finding passes the filters that name its code and its severity, and empty ones", () => {
  const finding = { code: "dark", severity: "warning" };
  assert.ok(passes(finding, { code: "", severity: "" }));
  assert.ok(passes(finding, { code: "dark", severity: "warning" }));
  assert.ok(!passes(finding, { code: "light", severity: "" }));
  assert.ok(!passes(finding, { code: "dark", severity: "error" }));
});

test("names are in the order in which people count", () => {
  assert.deepEqual(["a10.png", "a9.png", "a1.png"].sort(compareNames), ["a1.png", "a9.png", "a10.png"]);
});
