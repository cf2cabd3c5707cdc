import assert from "node:assert/strict";
import { test } from "node:test";
import { clone } from "@kubets/apimachinery";
import type { DaemonSet, DaemonSetSpec } from "../generated/types.ts";
import { daemonSetDefinition, templateGenerationAnnotation } from "./daemon-set.ts";
import { rowOf, selector, templateOf, testContext, texts, withDefaults } from "./workload-test-objects.ts";

const { strategy } = daemonSetDefinition;

const setOf = (spec: Partial<DaemonSetSpec> = {}): DaemonSet =>
  withDefaults(daemonSetDefinition, { spec: { selector, template: templateOf(), ...spec } });

test("defaults and validation", () => {
  const set = setOf();
  assert.deepEqual(set.spec?.updateStrategy, {
    type: "RollingUpdate",
    rollingUpdate: { maxUnavailable: 1, maxSurge: 0 },
  });
  const cases: [string, Partial<DaemonSetSpec>, string[]][] = [
    ["as it should be", {}, []],
    [
      "both surge and unavailable",
      { updateStrategy: { rollingUpdate: { maxSurge: 1, maxUnavailable: 1 } } },
      ["spec.updateStrategy.rollingUpdate.maxSurge: Invalid value: 1: may not be set when maxUnavailable is non-zero"],
    ],
    [
      "neither",
      { updateStrategy: { rollingUpdate: { maxUnavailable: 0 } } },
      ["spec.updateStrategy.rollingUpdate.maxUnavailable: Required value: cannot be 0 when maxSurge is 0"],
    ],
    [
      "an empty selector",
      { selector: {} },
      ["spec.selector: Invalid value: {}: empty selector is invalid for daemonset"],
    ],
    [
      "no selector",
      { selector: undefined as unknown as DaemonSetSpec["selector"] },
      ['spec.template.metadata.labels: Invalid value: {"app":"web"}: `selector` does not match template `labels`'],
    ],
    [
      "strategy",
      { updateStrategy: { type: "Magic" } },
      ['spec.updateStrategy: Unsupported value: {"type":"Magic"}: supported values: "RollingUpdate", "OnDelete"'],
    ],
  ];
  for (const [name, spec, expected] of cases)
    assert.deepEqual(texts(strategy.validate?.(setOf(spec)) ?? []), expected, name);
});

test("the template's generation counts its changes only", () => {
  const old = setOf();
  strategy.prepareForCreate?.(old, testContext);
  const generations = (set: DaemonSet) => [
    set.metadata?.generation,
    set.metadata?.annotations?.[templateGenerationAnnotation],
  ];
  assert.deepEqual(generations(old), [1, "1"]);

  const limited = clone(old);
  if (limited.spec) limited.spec.revisionHistoryLimit = 3;
  strategy.prepareForUpdate?.(limited, old, testContext);
  assert.deepEqual(generations(limited), [2, "1"]);

  const changed = clone(old);
  if (changed.spec) changed.spec.template = templateOf({ hostname: "x" });
  strategy.prepareForUpdate?.(changed, old, testContext);
  assert.deepEqual(generations(changed), [2, "2"]);
});

test("columns", () => {
  const set = setOf({ template: templateOf({ nodeSelector: { disk: "ssd" } }) });
  set.status = { desiredNumberScheduled: 3, currentNumberScheduled: 2, numberReady: 1, numberMisscheduled: 0 };
  assert.deepEqual(rowOf(daemonSetDefinition, set), {
    Name: "web",
    Desired: 3,
    Current: 2,
    Ready: 1,
    "Up-to-date": 0,
    Available: 0,
    "Node Selector": "disk=ssd",
    Age: "<unknown>",
    Containers: "app",
    Images: "nginx:1",
    Selector: "app=web",
  });
});
