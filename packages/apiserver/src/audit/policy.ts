/** `--audit-policy-file`: which requests are audited, and how much of them. Source: apiserver's pkg/audit/policy and pkg/apis/audit. */

import {
  type FieldError,
  type FieldPath,
  invalidValue,
  isDNS1123Subdomain,
  type Logger,
  messageOf,
  notSupported,
  path,
  required,
} from "@kubets/apimachinery";
import {
  aggregate,
  type ConfigKind,
  decodeConfig,
  flag,
  listOf,
  object,
  text,
} from "../configuration/config-object.ts";

/** How much of a request is recorded; each includes those before it. */
export const levels = ["None", "Metadata", "Request", "RequestResponse"] as const;
export type Level = (typeof levels)[number];

/** When an event is made. */
export const stages = ["RequestReceived", "ResponseStarted", "ResponseComplete", "Panic"] as const;
export type Stage = (typeof stages)[number];

export interface Policy {
  readonly rules?: readonly PolicyRule[];
  readonly omitStages?: readonly Stage[];
  readonly omitManagedFields?: boolean;
}

export interface PolicyRule {
  readonly level: Level;
  readonly users?: readonly string[];
  readonly userGroups?: readonly string[];
  readonly verbs?: readonly string[];
  readonly resources?: readonly GroupResources[];
  readonly namespaces?: readonly string[];
  readonly nonResourceURLs?: readonly string[];
  readonly omitStages?: readonly Stage[];
  readonly omitManagedFields?: boolean;
}

export interface GroupResources {
  readonly group?: string;
  /** `pods`, `pods/log`, `pods/*`, `*`, `*` + `/scale` */
  readonly resources?: readonly string[];
  readonly resourceNames?: readonly string[];
}

const policyKind: ConfigKind = {
  group: "audit.k8s.io",
  kind: "Policy",
  versions: ["v1"],
  fields: {
    metadata: { type: "object", "x-kubernetes-preserve-unknown-fields": true },
    omitStages: listOf(text),
    omitManagedFields: flag,
    rules: listOf(
      object({
        level: text,
        users: listOf(text),
        userGroups: listOf(text),
        verbs: listOf(text),
        resources: listOf(object({ group: text, resources: listOf(text), resourceNames: listOf(text) })),
        namespaces: listOf(text),
        nonResourceURLs: listOf(text),
        omitStages: listOf(text),
        omitManagedFields: flag,
      }),
    ),
  },
};

/**
 * Unknown and repeated fields are warned about and left out, as upstream does.
 * @param file its name, for messages
 * @throws Error for text that is no Policy, or not a valid one
 */
export async function readPolicy(content: string, file: string, logger: Logger): Promise<Policy> {
  try {
    const policy = await decode(content, logger);
    const problems = validatePolicy(policy);
    if (problems.length > 0) throw new Error(aggregate(problems));
    if ((policy.rules ?? []).length === 0) throw new Error("loaded illegal policy with 0 rules");
    return policy;
  } catch (cause) {
    throw new Error(`loading audit policy file: ${messageOf(cause)}: from file ${file}`, { cause });
  }
}

async function decode(content: string, logger: Logger): Promise<Policy> {
  const warn = (problem: string) =>
    logger.warn(`Audit policy contains errors, falling back to lenient decoding: ${problem}`);
  try {
    return await decodeConfig<Policy>(content, policyKind, warn);
  } catch (cause) {
    throw new Error(`failed decoding: ${messageOf(cause)}`, { cause });
  }
}

export function validatePolicy({ omitStages, rules = [] }: Policy): FieldError[] {
  return [
    ...validateStages(omitStages, path("omitStages")),
    ...rules.flatMap((rule, i) => validateRule(rule, path("rules").index(i))),
  ];
}

function validateRule(rule: PolicyRule, at: FieldPath): FieldError[] {
  const { nonResourceURLs = [], resources = [], namespaces = [] } = rule;
  const errors = [
    ...validateLevel(rule.level, at.child("level")),
    ...validateUrls(nonResourceURLs, at.child("nonResourceURLs")),
    ...validateResources(resources, at.child("resources")),
    ...validateStages(rule.omitStages, at.child("omitStages")),
  ];
  if (nonResourceURLs.length > 0 && (resources.length > 0 || namespaces.length > 0)) {
    const problem = "rules cannot apply to both regular resources and non-resource URLs";
    errors.push(invalidValue(at.child("nonResourceURLs"), nonResourceURLs, problem));
  }
  return errors;
}

function validateLevel(level: Level | "" | undefined, at: FieldPath): FieldError[] {
  if (!level) return [required(at)];
  return levels.includes(level) ? [] : [notSupported(at, level, levels)];
}

function validateUrls(urls: readonly string[], at: FieldPath): FieldError[] {
  const errors: FieldError[] = [];
  for (const [i, url] of urls.entries()) {
    if (url === "*") continue;
    if (!url.startsWith("/"))
      errors.push(invalidValue(at.index(i), url, "non-resource URL rules must begin with a '/' character"));
    if (url.slice(0, -1).includes("*"))
      errors.push(
        invalidValue(at.index(i), url, "non-resource URL wildcards '*' must be the final character of the rule"),
      );
  }
  return errors;
}

/** Upstream names no index here. */
function validateResources(resources: readonly GroupResources[], at: FieldPath): FieldError[] {
  const errors: FieldError[] = [];
  for (const { group = "", resources: names = [], resourceNames = [] } of resources) {
    const problems = group === "" || group === "*" ? [] : isDNS1123Subdomain(group);
    if (problems.length > 0) errors.push(invalidValue(at.child("group"), group, problems.join(",")));
    if (resourceNames.length > 0 && names.length === 0)
      errors.push(
        invalidValue(at.child("resourceNames"), resourceNames, "using resourceNames requires at least one resource"),
      );
  }
  return errors;
}

function validateStages(omitted: readonly Stage[] = [], at: FieldPath): FieldError[] {
  return omitted.flatMap((stage, i) =>
    stages.includes(stage) ? [] : [invalidValue(at.index(i), stage, `allowed stages are ${stages.join(",")}`)],
  );
}
