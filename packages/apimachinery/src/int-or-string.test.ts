import assert from "node:assert/strict";
import { test } from "node:test";
import { percentOf, scaledValueFromIntOrPercent } from "./int-or-string.ts";

test("scales", () => {
  assert.equal(scaledValueFromIntOrPercent(3, 10, true), 3);
  assert.equal(scaledValueFromIntOrPercent("25%", 10, true), 3);
  assert.equal(scaledValueFromIntOrPercent("25%", 10, false), 2);
  assert.equal(scaledValueFromIntOrPercent("0%", 10, true), 0);
  assert.equal(percentOf("25%"), 25);
  assert.equal(percentOf(25), undefined);
  assert.throws(() => scaledValueFromIntOrPercent("3", 1, true), /invalid type: string is not a percentage$/);
  assert.throws(() => scaledValueFromIntOrPercent("x%", 1, true), {
    message: 'invalid value for IntOrString: invalid value "x%": strconv.Atoi: parsing "x": invalid syntax',
  });
});
