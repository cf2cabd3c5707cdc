/**
 * `--feature-gates`: what upstream would refuse is refused in its words. Nothing here hangs on a gate: every feature is as it is by default, and who asks
 * for something else is told so. Source: component-base's featuregate/feature_gate.go and compatibility/registry.go.
 */

import type { NumberFamily } from "../metrics/families.ts";
import { type FeatureGate, knownGates } from "./known-gates.ts";

/** Go's ParseBool. */
const booleans: Readonly<Record<string, boolean>> = {
  ...{ "1": true, t: true, T: true, true: true, TRUE: true, True: true },
  ...{ "0": false, f: false, F: false, false: false, FALSE: false, False: false },
};

/** What `--feature-gates` said, and what is wrong with it, in upstream's words. */
export interface GateSettings {
  /** By gate, in the order in which they were first named. */
  readonly set: ReadonlyMap<FeatureGate, boolean>;
  readonly problems: readonly string[];
}

/** @param pairs `[kube:]GATE=BOOLEAN` each */
export function gateSettings(pairs: readonly string[]): GateSettings {
  const values = new Map<string, boolean>();
  const set = new Map<FeatureGate, boolean>();
  const problem = malformed(pairs, values);
  if (problem !== undefined) return { set, problems: [problem] };
  const problems: string[] = [];
  for (const [name, value] of values) {
    const gate = knownGates().get(name);
    if (gate === undefined) return { set, problems: [...problems, `unrecognized feature gate: ${name}`] };
    if (gate.locked && gate.enabled !== value)
      problems.push(`cannot set feature gate ${name} to ${value}, feature is locked to ${gate.enabled}`);
    else set.set(gate, value);
  }
  return { set, problems };
}

/** Reads the pairs into `values`. @returns what is wrong with one */
function malformed(pairs: readonly string[], values: Map<string, boolean>): string | undefined {
  const components = new Set<string>();
  for (const pair of pairs) {
    if (pair === "") continue;
    const colon = pair.indexOf(":");
    const component = colon < 0 ? "" : pair.slice(0, colon).trim();
    components.add(component);
    if (!["", "kube"].includes(component)) return `component not registered: ${component}`;
    if (components.size > 1)
      return "set kube feature gates with default empty prefix or kube: prefix consistently, do not mix use";
    const [name = "", ...rest] = pair.slice(colon + 1).split("=");
    if (rest.length === 0) return `missing bool value for ${name.trim()}`;
    const text = rest.join("=").trim();
    const value = Object.hasOwn(booleans, text) ? booleans[text] : undefined;
    if (value === undefined)
      return `invalid value of ${name.trim()}=${text}, err: strconv.ParseBool: parsing ${JSON.stringify(text)}: invalid syntax`;
    values.set(name.trim(), value);
  }
  return undefined;
}

/** What upstream says of gates that will go, and that those which ask for something else than the default have no effect. */
export function gateWarnings({ set }: GateSettings): string[] {
  return [...set].flatMap(([{ name, stage, enabled }, value]) => [
    ...(stage === "GA" || stage === "Deprecated"
      ? [
          `Warning: setting ${stage === "GA" ? "GA" : "deprecated"} feature gate. It will be removed in a future release. featureGate=${name} value=${value}`,
        ]
      : []),
    ...(value === enabled ? [] : [`Feature gate ${name}=${value} has no effect: ${whyNot(name, value)}`]),
  ]);
}

function whyNot(name: string, value: boolean): string {
  if (name === "AllAlpha" || name === "AllBeta") return "features are as they are by default, gate or no gate";
  return value ? "the feature is not there, or not to be switched on" : "the feature cannot be switched off";
}

/** Into `family`, with the labels name and stage: 1 for what is on. */
export function tellGates(family: NumberFamily): void {
  for (const { name, stage, enabled } of knownGates().values())
    family.with(name, stage === "GA" ? "" : stage.toUpperCase()).value = enabled ? 1 : 0;
}
