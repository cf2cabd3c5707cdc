import assert from "node:assert/strict";
import { test } from "node:test";
import type { CustomResourceDefinition } from "@kubets/api";
import type { JSONSchemaProps } from "@kubets/api/apiextensions";
import { causesOf, crdsPath, customServer, specOf, widget, widgets, widgetsPath } from "../testing/custom-resources.ts";
import { send } from "../testing/server.ts";
import { turnsDuring } from "../testing/turns.ts";
import { prepareRules } from "./prepare-rules.ts";
import { compileRuleSet } from "./rule-compiler.ts";

const rules = (count: number) => Array.from({ length: count }, (_, i) => ({ rule: `self != 'x${i}'` }));

test("thousands of rules are compiled with others' turns in between, when they are written and when they are first used", async (t) => {
  const server = await customServer(t, {});
  const size = { type: "string", maxLength: 10, "x-kubernetes-validations": rules(6000) };
  const created = await turnsDuring(() => send(server, "POST", crdsPath, widgets(specOf({ size }))));
  assert.equal(created.result.status, 201);
  assert.ok(created.turns > 0, `${created.turns} turns`);
  await server.customResources.idle();
  const good = widget("good", { spec: { size: "y" } });
  const first = await turnsDuring(() => send(server, "POST", widgetsPath, good));
  assert.equal(first.result.status, 201);
  assert.ok(first.turns > 0, `${first.turns} turns`);
  const refused = await send(server, "POST", widgetsPath, widget("bad", { spec: { size: "x7" } }));
  assert.deepEqual(causesOf(refused), [`spec.size: Invalid value: "x7": failed rule: self != 'x7'`]);
});

test("what was compiled ahead is what is asked for, until it is forgotten; what makes no sense is left to validation", async () => {
  const below: JSONSchemaProps = { type: "string", "x-kubernetes-validations": rules(2) };
  const root: JSONSchemaProps = {
    type: "object",
    properties: { below },
    "x-kubernetes-validations": [{ rule: "has(self.below)" }],
  };
  const absurd = {
    type: "array",
    items: [below],
    "x-kubernetes-validations": [{ rule: 7 }],
  } as unknown as JSONSchemaProps;
  const crd = { spec: { versions: [root, absurd].map((openAPIV3Schema) => ({ schema: { openAPIV3Schema } })) } };
  const forget = await prepareRules(crd as unknown as CustomResourceDefinition);
  const compiled = compileRuleSet(root, true);
  assert.equal(compileRuleSet(root, true), compiled);
  assert.notEqual(compileRuleSet(root, false), compiled);
  assert.equal(compileRuleSet(below, false), compileRuleSet(below, false));
  forget();
  assert.notEqual(compileRuleSet(root, true), compiled);
});
