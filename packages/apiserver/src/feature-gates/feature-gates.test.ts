import assert from "node:assert/strict";
import { test } from "node:test";
import { MetricsRegistry } from "../metrics/families.ts";
import { gateSettings, gateWarnings, tellGates } from "./feature-gates.ts";
import { knownGates } from "./known-gates.ts";

const problems = (...pairs: string[]) => gateSettings(pairs).problems;
const warnings = (...pairs: string[]) => gateWarnings(gateSettings(pairs));

test("no gate is in two lists, and there are as many as upstream has", () => {
  const { size } = knownGates();
  assert.ok(size > 240, `${size}`);
  for (const name of knownGates().keys()) assert.match(name, /^[A-Z][A-Za-z0-9]+$/);
  const registry = new MetricsRegistry();
  const family = registry.gauge("kubernetes_feature_enabled", "BETA", "x", ["name", "stage"]);
  tellGates(family);
  const lines = registry.lines();
  assert.equal(lines.length, size + 2);
  assert.ok(lines.includes('kubernetes_feature_enabled{name="WatchList",stage="BETA"} 1'));
  assert.ok(lines.includes('kubernetes_feature_enabled{name="DeclarativeValidation",stage=""} 1'));
  assert.ok(lines.includes('kubernetes_feature_enabled{name="KMSv1",stage="DEPRECATED"} 0'));
});

test("what upstream refuses is refused in its words", () => {
  assert.deepEqual(problems("Odd=true"), ["unrecognized feature gate: Odd"]);
  assert.deepEqual(problems("WatchList"), ["missing bool value for WatchList"]);
  assert.deepEqual(problems("WatchList=maybe"), [
    'invalid value of WatchList=maybe, err: strconv.ParseBool: parsing "maybe": invalid syntax',
  ]);
  assert.deepEqual(problems("wardle:A=true"), ["component not registered: wardle"]);
  assert.match(problems("kube:WatchList=true", "CBORServingAndStorage=true")[0] ?? "", /do not mix use$/);
  assert.deepEqual(problems("DeclarativeValidation=false", "SeparateCacheWatchRPC=true", "AllAlpha=false"), [
    "cannot set feature gate DeclarativeValidation to false, feature is locked to true",
    "cannot set feature gate SeparateCacheWatchRPC to true, feature is locked to false",
  ]);
  assert.deepEqual(problems("kube: WatchList = T", "", "kube:AllBeta=0"), []);
});

test("what is the default is taken in silence, all else is told to have no effect", () => {
  assert.deepEqual(warnings("WatchList=true", "CBORServingAndStorage=false", "AllAlpha=false"), []);
  assert.deepEqual(warnings("WatchList=true", "WatchList=false"), [
    "Feature gate WatchList=false has no effect: the feature cannot be switched off",
  ]);
  assert.deepEqual(warnings("CBORServingAndStorage=1", "ImageVolume=true"), [
    "Feature gate CBORServingAndStorage=true has no effect: the feature is not there, or not to be switched on",
    "Warning: setting GA feature gate. It will be removed in a future release. featureGate=ImageVolume value=true",
  ]);
  assert.match(warnings("AllBeta=true")[0] ?? "", /features are as they are by default/);
});
