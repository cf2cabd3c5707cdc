/** Attribute-based access control: `--authorization-policy-file`, one policy in JSON on each line. Source: kubernetes' auth/authorizer/abac. */

import { messageOf } from "@kubets/apimachinery";
import type { UserInfo } from "../authentication/authenticator.ts";
import { allAuthenticated } from "../authentication/users.ts";
import type { AuthorizationAttributes, Authorizer, NonResourceRule, ResourceRule } from "./authorizer.ts";
import { urlMatches } from "./url-pattern.ts";

interface Policy {
  readonly user: string;
  readonly group: string;
  readonly readonly: boolean;
  readonly apiGroup: string;
  readonly resource: string;
  readonly namespace: string;
  readonly nonResourcePath: string;
}

const apiVersion = "abac.authorization.kubernetes.io/v1beta1";
const readVerbs = ["get", "list", "watch"];

/**
 * @param path only for messages
 * @param warn told of lines in the old form
 * @throws Error naming the line that cannot be read
 */
export function abacAuthorizer(text: string, path: string, warn: (message: string) => void = () => {}): Authorizer {
  const policies = parsePolicies(text, path, warn);
  return {
    authorize(attributes) {
      if (policies.some((policy) => matches(policy, attributes))) return { decision: "Allow", reason: "" };
      return { decision: "NoOpinion", reason: "No policy matched." };
    },
    rulesFor: (user, namespace) => rulesOf(policies, user, namespace),
  };
}

function parsePolicies(text: string, path: string, warn: (message: string) => void): Policy[] {
  const policies: Policy[] = [];
  let unversioned = 0;
  for (const [index, line] of text.split("\n").entries()) {
    const trimmed = line.trim();
    if (trimmed === "" || trimmed.startsWith("#")) continue;
    try {
      const given: unknown = JSON.parse(trimmed);
      if (typeof given !== "object" || given === null || Array.isArray(given)) throw new Error("not an object");
      const { apiVersion: version, kind, spec } = given as Record<string, unknown>;
      const isVersioned = version === apiVersion && kind === "Policy";
      if (!isVersioned) unversioned++;
      policies.push(isVersioned ? policyOf(spec ?? {}) : oldPolicyOf(given));
    } catch (error) {
      throw new Error(`error reading policy file ${path}, line ${index + 1}: ${trimmed}: ${messageOf(error)}`);
    }
  }
  if (unversioned > 0)
    warn(
      `Policy file ${path} contained unversioned rules. See docs/admin/authorization.md#abac-mode for ABAC file format details.`,
    );
  return policies;
}

/** @throws Error for a field of another type */
function fieldsOf(given: object): Policy {
  const fields = given as Record<string, unknown>;
  const text = (name: string): string => {
    const value = Object.hasOwn(fields, name) ? (fields[name] ?? "") : "";
    if (typeof value !== "string") throw new Error(`${name} must be a string`);
    return value;
  };
  const readonly = fields["readonly"] ?? false;
  if (typeof readonly !== "boolean") throw new Error("readonly must be true or false");
  return {
    user: text("user"),
    group: text("group"),
    readonly,
    apiGroup: text("apiGroup"),
    resource: text("resource"),
    namespace: text("namespace"),
    nonResourcePath: text("nonResourcePath"),
  };
}

/** Every subject means every authenticated one: anonymous requests are not meant by `*`. */
function policyOf(spec: object): Policy {
  const policy = fieldsOf(spec);
  const isForAll = policy.user === "*" || policy.group === "*";
  return isForAll ? { ...policy, user: "", group: allAuthenticated } : policy;
}

/** The form without a version: what it leaves out, it allows. */
function oldPolicyOf(given: object): Policy {
  const { user, group, readonly, resource, namespace } = fieldsOf(given);
  const isForAll = (user === "" && group === "") || user === "*" || group === "*";
  return {
    user: isForAll ? "" : user,
    group: isForAll ? allAuthenticated : group,
    readonly,
    apiGroup: "*",
    resource: resource || "*",
    namespace: namespace || "*",
    nonResourcePath: namespace === "" && resource === "" ? "*" : "",
  };
}

function matches(policy: Policy, attributes: AuthorizationAttributes): boolean {
  if (!subjectMatches(policy, attributes.user)) return false;
  if (policy.readonly && !readVerbs.includes(attributes.verb)) return false;
  return attributes.isResourceRequest
    ? resourceMatches(policy, attributes)
    : urlMatches(policy.nonResourcePath, attributes.path);
}

function subjectMatches({ user, group }: Policy, { name, groups }: UserInfo): boolean {
  if (user === "" && group === "") return false;
  return (user === "" || user === name) && (group === "" || groups.includes(group));
}

function resourceMatches(policy: Policy, { namespace, resource, apiGroup }: AuthorizationAttributes): boolean {
  const matchesOne = (wanted: string, given: string) => wanted === "*" || wanted === given;
  return (
    matchesOne(policy.namespace, namespace) &&
    matchesOne(policy.resource, resource) &&
    matchesOne(policy.apiGroup, apiGroup)
  );
}

function rulesOf(policies: readonly Policy[], user: UserInfo, namespace: string) {
  const resourceRules: ResourceRule[] = [];
  const nonResourceRules: NonResourceRule[] = [];
  for (const policy of policies) {
    if (!subjectMatches(policy, user)) continue;
    if (policy.namespace !== "*" && policy.namespace !== namespace) continue;
    const verbs = policy.readonly ? readVerbs : ["*"];
    if (policy.resource !== "")
      resourceRules.push({ verbs, apiGroups: [policy.apiGroup], resources: [policy.resource] });
    if (policy.nonResourcePath !== "") nonResourceRules.push({ verbs, nonResourceURLs: [policy.nonResourcePath] });
  }
  return { resourceRules, nonResourceRules, incomplete: false };
}
