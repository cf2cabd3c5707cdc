import assert from "node:assert/strict";
import { test } from "node:test";
import type { AdmissionAttributes, AdmissionPlugin } from "../admission/plugin.ts";
import { configMaps, pods } from "../testing/definitions.ts";
import { AdmissionChain } from "./admission-chain.ts";

const about = (definition: object, operation = "CREATE") =>
  ({ definition, operation, subresource: "", namespace: "ns", name: "x" }) as unknown as AdmissionAttributes;

test("a plugin is asked once per kind of request, and the others cost nothing", async () => {
  const seen: string[] = [];
  let asked = 0;
  const onlyPods: AdmissionPlugin = {
    name: "OnlyPods",
    handles: (operation) => operation === "CREATE",
    concerns(definition) {
      asked++;
      return definition.plural === "pods";
    },
    mutate: () => void seen.push("mutate"),
    validate: () => void seen.push("validate"),
  };
  const chain = new AdmissionChain([onlyPods]);
  for (let i = 0; i < 3; i++) {
    assert.equal(chain.mutate(about(configMaps)), undefined);
    assert.equal(chain.mutate(about(pods)), undefined);
    assert.equal(chain.validate(about(pods)), undefined);
    assert.equal(chain.mutate(about(pods, "DELETE")), undefined);
  }
  assert.equal(asked, 2);
  assert.equal(seen.length, 6);
});

test("order holds whether or not a plugin waits, and a refusal ends it", async () => {
  const seen: string[] = [];
  const plugin = (name: string, wait: boolean, fails = false): AdmissionPlugin => ({
    name,
    handles: () => true,
    mutate() {
      seen.push(name);
      if (fails) throw new Error(name);
      return wait ? Promise.resolve() : undefined;
    },
  });
  await new AdmissionChain([plugin("a", false), plugin("b", true), plugin("c", false)]).mutate(about(pods));
  assert.deepEqual(seen.splice(0), ["a", "b", "c"]);
  const refusing = new AdmissionChain([plugin("a", true), plugin("b", false, true), plugin("c", false)]);
  await assert.rejects(async () => refusing.mutate(about(pods)), /b/);
  assert.deepEqual(seen, ["a", "b"]);
});

test("a second pass is made when a plugin asks, once", async () => {
  const seen: string[] = [];
  const first: AdmissionPlugin = { name: "first", handles: () => true, mutate: () => void seen.push("first") };
  const asks: AdmissionPlugin = {
    name: "asks",
    handles: () => true,
    mutate(_attributes, pass) {
      seen.push(`${pass.isReinvocation} ${pass.memory.get("asks")}`);
      pass.memory.set("asks", 1);
      pass.requestReinvocation();
    },
  };
  await new AdmissionChain([first, asks]).mutate(about(pods));
  assert.deepEqual(seen, ["first", "false undefined", "first", "true 1"]);
});
