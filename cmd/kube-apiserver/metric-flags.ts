/** `--disabled-metrics` and what is beside it. Source: component-base's metrics/api/v1/config.go. */

import { decodeYaml, invalidValue, path } from "@kubets/apimachinery";
import { gitVersion, type MetricRules } from "@kubets/apiserver";
import { textOf } from "./files.ts";
import type { KubeApiServerFlags } from "./flags/index.ts";

const label = "[a-zA-Z_][a-zA-Z0-9_]*";
const metric = "[a-zA-Z_:][a-zA-Z0-9_:]*";

type AllowList = Readonly<Record<string, string>>;

export function metricProblems(flags: KubeApiServerFlags): string[] {
  const at = path("metrics");
  const shown = flags["show-hidden-metrics-for-version"];
  const disabled = flags["disabled-metrics"];
  const allowed = flags["allow-metric-labels"];
  const manifest = flags["allow-metric-labels-manifest"];
  const [major, minor] = gitVersion.slice(1).split(".").map(Number) as [number, number];
  const previous = `${major}.${minor - 1}`;
  const wrong = disabled.find((name) => !new RegExp(`^${metric}$`).test(name));
  const problems = [
    ...(shown === undefined || shown === "" || shown === previous
      ? []
      : [
          invalidValue(
            at.child("showHiddenMetricsForVersion"),
            shown,
            `must be omitted or have the value '${previous}'; only the previous minor version is allowed`,
          ),
        ]),
    ...(wrong === undefined
      ? []
      : [
          invalidValue(
            at.child("disabledMetrics"),
            disabled,
            `must be fully qualified metric names matching "^${metric}$", got ${JSON.stringify(wrong)}`,
          ),
        ]),
    ...(allowed === undefined || isAllowList(allowed)
      ? []
      : [invalidValue(at.child("allowListMapping"), allowed, allowListForm)]),
    ...(allowed !== undefined && manifest
      ? [
          invalidValue(
            at,
            { allowListMapping: allowed, allowListMappingManifest: manifest },
            "cannot specify both allowListMapping and allowListMappingManifest",
          ),
        ]
      : []),
  ];
  return problems.map(({ field, message }) => `${field}: ${message}`);
}

const allowListForm = `must have keys with format \`metricName,labelName\` where metricName matches "${metric}" and labelName matches "${label}"`;

function isAllowList(mapping: AllowList): boolean {
  const key = new RegExp(`^${metric},${label}$`);
  return Object.keys(mapping).every((each) => key.test(each));
}

/** @returns undefined when nothing is said. @throws Error for a manifest that cannot be used */
export async function metricRules(flags: KubeApiServerFlags): Promise<MetricRules | undefined> {
  const file = flags["allow-metric-labels-manifest"];
  const mapping = flags["allow-metric-labels"] ?? (file ? await allowListOf(file) : {});
  const disabled = new Set(flags["disabled-metrics"]);
  if (disabled.size === 0 && Object.keys(mapping).length === 0) return undefined;
  const allowed = new Map<string, Map<string, ReadonlySet<string>>>();
  for (const [key, values] of Object.entries(mapping)) {
    const [name = "", of = ""] = key.split(",");
    const labels = allowed.get(name) ?? new Map<string, ReadonlySet<string>>();
    allowed.set(name, labels.set(of, new Set(values.split(","))));
  }
  return { disabled, allowed };
}

async function allowListOf(file: string): Promise<AllowList> {
  const flag = "allow-metric-labels-manifest";
  const { value } = await decodeYaml(textOf(flag, file));
  const isMap = typeof value === "object" && value !== null && !Array.isArray(value);
  const mapping = (isMap ? value : {}) as Readonly<Record<string, unknown>>;
  if (!isMap || !Object.values(mapping).every((each) => typeof each === "string"))
    throw new Error(`--${flag} ${file}: failed to parse allow list manifest: want METRIC,LABEL: "VALUE,VALUE"`);
  if (!isAllowList(mapping as AllowList))
    throw new Error(`--${flag} ${file}: invalid allow list mapping in manifest: ${allowListForm}`);
  return mapping as AllowList;
}
