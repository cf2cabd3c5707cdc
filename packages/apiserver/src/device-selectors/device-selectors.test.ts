import assert from "node:assert/strict";
import { test } from "node:test";
import * as cel from "@kubets/cel";
import { causesOf } from "../testing/custom-resources.ts";
import { realServer } from "../testing/real-server.ts";
import { send } from "../testing/server.ts";
import { turnsDuring } from "../testing/turns.ts";
import { compileSelector, deviceEnvironment } from "./compile-selector.ts";
import { deviceSelectorHooks } from "./selector-hooks.ts";

const environment = deviceEnvironment(cel);
const attribute = 'device.attributes["dra.example.com"]';
const capacity = 'device.capacity["dra.example.com"]';
const ten = "[1, 2, 3, 4, 5, 6, 7, 8, 9, 10]";
const expensive = ["x", "y", "z", "z2", "z3", "z4", "z5"].reduceRight(
  (inner, name) => `${ten}.all(${name}, ${inner})`,
  "int('1'.find('[0-9]*')) < 100",
);

test("the estimated cost of selectors is upstream's", () => {
  const table: [string, number][] = [
    ["true", 0],
    ['"dra.example.com" in device.attributes', 3],
    ['device.driver == ""', 2],
    ['device.driver == "dra.example.com"', 4],
    [`${attribute}.name`, 4],
    [`${attribute}["name"]`, 4],
    [`cel.bind(dra, ${attribute}, dra.name)`, 15],
    [`${attribute}.name > 0`, 5],
    [`${attribute}.name == "fish"`, 5],
    [`${attribute}.name.isGreaterThan(semver("0.0.1"))`, 6],
    [`${attribute}.name.isGreaterThan(semver("v0.0.1", true)) && isSemver("v1.0.0", true)`, 7],
    [`${capacity}.name.isGreaterThan(quantity("1Ki"))`, 6],
    [`"name" in ${capacity} && ${capacity}.name.isGreaterThan(quantity("1Ki"))`, 10],
    [`!("name" in ${capacity}) || ${capacity}.name.isGreaterThan(quantity("1Ki"))`, 11],
    [`${attribute}.a && ${attribute}.b && ${attribute}.c`, 12],
    ['device.attributes.exists_one(x, x == "dra.example.com")', 164],
    [`${attribute}.exists_one(x, x == "services")`, 133],
    [`${attribute}.services.split("example").size() >= 2`, 19],
    [`${attribute}.services.matches("[^a]?sym")`, 18],
    ['device.capacity.exists_one(x, x == "dra.example.com")', 164],
    [`${capacity}.exists_one(x, x == "memory")`, 133],
    ["device.allowMultipleAllocations == true", 3],
    [expensive, 85555551],
  ];
  for (const [expression, cost] of table) {
    const program = compileSelector(cel, environment, expression);
    assert.ok(typeof program !== "string", String(program));
    assert.equal(program.estimateCost().max, cost, expression);
  }
});

test("what does not compile, or says neither yes nor no", () => {
  const table: [string, RegExp][] = [
    ["?!", /^compilation failed: ERROR: <input>:1:1: Syntax error/],
    ["1", /^must evaluate to bool or the unknown type, not int$/],
    ["dyn(true)", /^must evaluate to bool or the unknown type, not dyn$/],
    ["device.nothing", /undefined field 'nothing'/],
    [`${attribute}.name.includes("fish")`, /undeclared reference to 'includes'/],
    [`${attribute}.name.exists(x, x > 0)`, /expression of type 'any' cannot be range of a comprehension/],
  ];
  for (const [expression, want] of table) assert.match(String(compileSelector(cel, environment, expression)), want);
});

const classes = "/apis/resource.k8s.io/v1/deviceclasses";
const selector = (expression: string) => ({ cel: { expression } });

test("device classes, claims and templates with bad selectors are refused", async () => {
  const server = realServer({ hooks: deviceSelectorHooks });
  const deviceClass = (...selectors: object[]) => ({ metadata: { name: "c" }, spec: { selectors } });
  assert.equal((await send(server, "POST", classes, deviceClass(selector(`${attribute}.fast`)))).status, 201);
  const bad = await send(
    server,
    "PUT",
    `${classes}/c`,
    deviceClass(selector("true"), selector("1"), selector(expensive)),
  );
  assert.deepEqual(causesOf(bad), [
    'spec.selectors[1].cel.expression: Invalid value: "1": must evaluate to bool or the unknown type, not int',
    "spec.selectors[2].cel.expression: Forbidden: too complex, exceeds cost limit",
  ]);

  await send(server, "POST", "/api/v1/namespaces", { metadata: { name: "default" } });
  const exactly = { deviceClassName: "c", selectors: [selector("nothing")], allocationMode: "Some" };
  const spec = {
    devices: {
      requests: [
        { name: "r", exactly },
        { name: "s", firstAvailable: [{ name: "a", ...exactly }] },
      ],
    },
  };
  const claim = await send(server, "POST", "/apis/resource.k8s.io/v1/namespaces/default/resourceclaims", {
    metadata: { name: "c" },
    spec,
  });
  const fields = (reply: typeof claim) => causesOf(reply).map((cause) => cause.split(": ")[0]);
  assert.deepEqual(fields(claim), [
    "spec.devices.requests[0].exactly.selectors[0].cel.expression",
    "spec.devices.requests[0].exactly.allocationMode",
    "spec.devices.requests[1].firstAvailable[0].selectors[0].cel.expression",
    "spec.devices.requests[1].firstAvailable[0].allocationMode",
  ]);
  const template = await send(server, "POST", "/apis/resource.k8s.io/v1/namespaces/default/resourceclaimtemplates", {
    metadata: { name: "c" },
    spec: { spec },
  });
  assert.equal(fields(template)[0], "spec.spec.devices.requests[0].exactly.selectors[0].cel.expression");
});

test("a claim of a thousand long selectors is compiled with others' turns in between", async () => {
  const server = realServer({ hooks: deviceSelectorHooks });
  await send(server, "POST", "/api/v1/namespaces", { metadata: { name: "default" } });
  const long = (i: number) => Array.from({ length: 30 }, (_, j) => `device.driver == "d${i}-${j}"`).join(" || ");
  const requests = Array.from({ length: 32 }, (_, r) => {
    const selectors = Array.from({ length: 32 }, (_, s) => selector(long(32 * r + s)));
    return { name: `r${r}`, exactly: { deviceClassName: "c", selectors } };
  });
  const claim = { metadata: { name: "long" }, spec: { devices: { requests } } };
  const url = "/apis/resource.k8s.io/v1/namespaces/default/resourceclaims";
  const { turns, result } = await turnsDuring(() => send(server, "POST", url, claim));
  assert.equal(result.status, 201);
  assert.ok(turns > 0, `${turns} turns`);
});
