/** What a FlowSchema and a PriorityLevelConfiguration may say. Source: kubernetes' pkg/apis/flowcontrol/validation. */

import {
  deepEqual,
  duplicate,
  type FieldError,
  type FieldPath,
  forbiddenField,
  invalidValue,
  isDNS1123Label,
  isDNS1123Subdomain,
  notSupported,
  path,
  pushAll,
  required,
} from "@kubets/apimachinery";
import type {
  FlowcontrolSubject,
  FlowSchema,
  LimitedPriorityLevelConfiguration,
  LimitResponse,
  NonResourcePolicyRule,
  PolicyRulesWithSubjects,
  PriorityLevelConfiguration,
  QueuingConfiguration,
  ResourcePolicyRule,
} from "../generated/types.ts";

const verbs = ["create", "delete", "deletecollection", "get", "list", "patch", "proxy", "update", "watch"];
const distinguishers = ["ByNamespace", "ByUser"];
const maxPrecedence = 10_000;
const maxQueues = 10_000_000;
const maxHashBits = 60;

const everyResource = { verbs: ["*"], apiGroups: ["*"], resources: ["*"], clusterScope: true, namespaces: ["*"] };
const everything = { resourceRules: [everyResource], nonResourceRules: [{ verbs: ["*"], nonResourceURLs: ["*"] }] };
const group = (name: string) => ({ kind: "Group", group: { name } });

/** Specs that are the same in every cluster. */
const mandatorySchemas: Readonly<Record<string, FlowSchema["spec"]>> = {
  exempt: {
    priorityLevelConfiguration: { name: "exempt" },
    matchingPrecedence: 1,
    rules: [{ subjects: [group("system:masters")], ...everything }],
  },
  "catch-all": {
    priorityLevelConfiguration: { name: "catch-all" },
    matchingPrecedence: maxPrecedence,
    distinguisherMethod: { type: "ByUser" },
    rules: [{ subjects: [group("system:unauthenticated"), group("system:authenticated")], ...everything }],
  },
};
const catchAllLevel: PriorityLevelConfiguration["spec"] = {
  type: "Limited",
  limited: { nominalConcurrencyShares: 5, lendablePercent: 0, limitResponse: { type: "Reject" } },
};

export function validateFlowSchema(schema: FlowSchema): FieldError[] {
  const { spec, status, metadata: { name = "" } = {} } = schema;
  const at = path("spec");
  const errors = validateSchemaSpec(name, spec, at);
  const mandatory = Object.hasOwn(mandatorySchemas, name) ? mandatorySchemas[name] : undefined;
  if (mandatory !== undefined && !deepEqual(spec, mandatory)) {
    errors.push(invalidValue(at, spec, `spec of '${name}' must equal the fixed value`));
  }
  return [...errors, ...validateConditions(status)];
}

/** Types are set, and each is there once. */
export function validateConditions(status: FlowSchema["status"]): FieldError[] {
  const seen = new Set<string>();
  const errors: FieldError[] = [];
  for (const [i, { type = "" }] of (status?.conditions ?? []).entries()) {
    const at = path("status.conditions").index(i).child("type");
    if (seen.has(type)) errors.push(duplicate(at, type));
    seen.add(type);
    if (type === "") errors.push(required(at, "must not be empty"));
  }
  return errors;
}

function validateSchemaSpec(name: string, spec: FlowSchema["spec"], at: FieldPath): FieldError[] {
  const errors: FieldError[] = [];
  const { matchingPrecedence: precedence = 0, distinguisherMethod: method, rules = [] } = spec ?? {};
  const precedenceAt = at.child("matchingPrecedence");
  if (precedence <= 0) errors.push(invalidValue(precedenceAt, precedence, "must be a positive value"));
  if (precedence > maxPrecedence) {
    errors.push(invalidValue(precedenceAt, precedence, `must not be greater than ${maxPrecedence}`));
  }
  if (precedence === 1 && name !== "exempt") {
    const why = "only the schema named 'exempt' may have matchingPrecedence 1";
    errors.push(invalidValue(precedenceAt, precedence, why));
  }
  if (method !== undefined && !distinguishers.includes(method.type)) {
    errors.push(notSupported(at.child("distinguisherMethod", "type"), method, distinguishers));
  }
  const level = spec?.priorityLevelConfiguration?.name ?? "";
  const levelAt = at.child("priorityLevelConfiguration", "name");
  if (level === "") errors.push(required(levelAt, "must reference a priority level"));
  else for (const why of isDNS1123Subdomain(level)) errors.push(invalidValue(levelAt, level, why));
  return [...errors, ...rules.flatMap((rule, i) => validateRule(rule, at.child("rules").index(i)))];
}

function validateRule(rule: PolicyRulesWithSubjects, at: FieldPath): FieldError[] {
  const { subjects = [], resourceRules = [], nonResourceRules = [] } = rule;
  const errors = subjects.flatMap((subject, i) => validateSubject(subject, at.child("subjects").index(i)));
  if (subjects.length === 0) errors.push(required(at.child("subjects"), "subjects must contain at least one value"));
  if (resourceRules.length === 0 && nonResourceRules.length === 0) {
    errors.push(required(at, "at least one of resourceRules and nonResourceRules has to be non-empty"));
  }
  return [
    ...errors,
    ...resourceRules.flatMap((each, i) => validateResourceRule(each, at.child("resourceRules").index(i))),
    ...nonResourceRules.flatMap((each, i) => validatePathRule(each, at.child("nonResourceRules").index(i))),
  ];
}

const subjectFields = { ServiceAccount: "serviceAccount", User: "user", Group: "group" } as const;

function validateSubject(subject: FlowcontrolSubject, at: FieldPath): FieldError[] {
  const kind = subject.kind as keyof typeof subjectFields;
  if (!Object.hasOwn(subjectFields, kind)) {
    return [notSupported(at.child("kind"), subject.kind, ["Group", "ServiceAccount", "User"])];
  }
  const field = subjectFields[kind];
  const errors: FieldError[] = [];
  const value = subject[field];
  if (value === undefined)
    errors.push(required(at.child(field), `${field} is required when subject kind is '${kind}'`));
  else if (subject.serviceAccount !== undefined && kind === "ServiceAccount") {
    pushAll(errors, validateServiceAccount(subject.serviceAccount, at.child(field)));
  } else if (value.name === "") errors.push(required(at.child(field, "name")));
  const others = (["ServiceAccount", "User", "Group"] as const).filter((other) => other !== kind);
  for (const other of others) {
    const name = subjectFields[other];
    if (subject[name] === undefined) continue;
    errors.push(forbiddenField(at.child(name), `${name} is forbidden when subject kind is not '${other}'`));
  }
  return errors;
}

function validateServiceAccount(
  { name, namespace }: NonNullable<FlowcontrolSubject["serviceAccount"]>,
  at: FieldPath,
): FieldError[] {
  const errors: FieldError[] = [];
  if (name === "") errors.push(required(at.child("name")));
  else if (name !== "*") {
    for (const why of isDNS1123Subdomain(name)) errors.push(invalidValue(at.child("name"), name, why));
  }
  if (namespace === "") errors.push(required(at.child("namespace"), "must specify namespace for service account"));
  else for (const why of isDNS1123Label(namespace)) errors.push(invalidValue(at.child("namespace"), namespace, why));
  return errors;
}

function validateVerbs(list: readonly string[], at: FieldPath): FieldError[] {
  if (list.length === 0) return [required(at, "verbs must contain at least one value")];
  if (list.includes("*")) {
    return list.length > 1 ? [invalidValue(at, list, "if '*' is present, must not specify other verbs")] : [];
  }
  return list.every((verb) => verbs.includes(verb)) ? [] : [notSupported(at, list, verbs)];
}

function validateResourceRule(rule: ResourcePolicyRule, at: FieldPath): FieldError[] {
  const { apiGroups = [], resources = [], namespaces = [], clusterScope = false } = rule;
  const errors = validateVerbs(rule.verbs ?? [], at.child("verbs"));
  const checkList = (field: string, list: readonly string[], one: string, many: string) => {
    if (list.length === 0) errors.push(required(at.child(field), `resource rules must supply at least one ${one}`));
    else if (list.length > 1 && list.includes("*")) {
      errors.push(invalidValue(at.child(field), list, `if '*' is present, must not specify other ${many}`));
    }
  };
  checkList("apiGroups", apiGroups, "api group", "api groups");
  checkList("resources", resources, "resource", "resources");
  const namespacesAt = at.child("namespaces");
  if (namespaces.length === 0 && !clusterScope) {
    const why = "resource rules that are not cluster scoped must supply at least one namespace";
    errors.push(required(namespacesAt, why));
  } else if (namespaces.includes("*")) {
    if (namespaces.length > 1) {
      errors.push(invalidValue(namespacesAt, namespaces, "if '*' is present, must not specify other namespaces"));
    }
  } else {
    for (const [i, namespace] of namespaces.entries()) {
      for (const why of isDNS1123Label(namespace)) {
        const text = `each member of this list must be '*' or a DNS-1123 label; ${why}`;
        errors.push(invalidValue(namespacesAt.index(i), namespace, text));
      }
    }
  }
  return errors;
}

function validatePathRule(rule: NonResourcePolicyRule, at: FieldPath): FieldError[] {
  const { nonResourceURLs: urls = [] } = rule;
  const errors = validateVerbs(rule.verbs ?? [], at.child("verbs"));
  const urlsAt = at.child("nonResourceURLs");
  if (urls.length === 0) errors.push(required(urlsAt, "nonResourceURLs must contain at least one value"));
  else if (urls.includes("*")) {
    const why = "if '*' is present, must not specify other non-resource URLs";
    if (urls.length > 1) errors.push(invalidValue(urlsAt, urls, why));
  } else {
    for (const [i, url] of urls.entries()) {
      const why = urlProblem(url);
      if (why !== undefined) errors.push(invalidValue(urlsAt.index(i), url, why));
    }
  }
  return errors;
}

function urlProblem(url: string): string | undefined {
  if (url === "") return "must not be empty";
  if (url === "/") return undefined;
  if (!url.startsWith("/")) return "must start with slash";
  if (url.includes(" ")) return "must not contain white-space";
  if (url.includes("//")) return "must not contain double slash";
  const wildcards = url.split("*").length - 1;
  return wildcards > 1 || (wildcards === 1 && !url.endsWith("/*")) ? "wildcard can only do suffix matching" : undefined;
}

export function validatePriorityLevel(level: PriorityLevelConfiguration): FieldError[] {
  const { spec, status, metadata: { name = "" } = {} } = level;
  const at = path("spec");
  const errors = validateLevelSpec(name, spec, at);
  if (name === "catch-all" && !deepEqual(spec, catchAllLevel)) {
    errors.push(invalidValue(at, spec, `spec of '${name}' must equal the fixed value`));
  }
  if (name === "exempt" && !deepEqual({ ...spec, exempt: undefined }, { type: "Exempt", exempt: undefined })) {
    const why = `spec of '${name}' except the 'spec.exempt' field must equal the fixed value`;
    errors.push(invalidValue(at, spec, why));
  }
  return [...errors, ...validateConditions(status)];
}

function validateLevelSpec(name: string, spec: PriorityLevelConfiguration["spec"], at: FieldPath): FieldError[] {
  const { type = "", exempt, limited } = spec ?? {};
  const errors: FieldError[] = [];
  if ((name === "exempt") !== (type === "Exempt")) {
    errors.push(invalidValue(at.child("type"), type, "type must be 'Exempt' if and only if name is 'exempt'"));
  }
  if (type === "Exempt") {
    if (limited !== undefined) {
      errors.push(forbiddenField(at.child("limited"), "must be nil if the type is not Limited"));
    }
    if (exempt !== undefined) pushAll(errors, validateShares(exempt, at.child("exempt")));
  } else if (type === "Limited") {
    if (exempt !== undefined) errors.push(forbiddenField(at.child("exempt"), "must be nil if the type is Limited"));
    if (limited === undefined) errors.push(required(at.child("limited"), "must not be empty when type is Limited"));
    else pushAll(errors, validateLimited(limited, at.child("limited")));
  } else errors.push(notSupported(at.child("type"), type, ["Exempt", "Limited"]));
  return errors;
}

interface Shares {
  readonly nominalConcurrencyShares?: number;
  readonly lendablePercent?: number;
}

function validateShares({ nominalConcurrencyShares: shares = 0, lendablePercent: percent = 0 }: Shares, at: FieldPath) {
  const errors: FieldError[] = [];
  if (shares < 0) {
    errors.push(invalidValue(at.child("nominalConcurrencyShares"), shares, "must be a non-negative integer"));
  }
  if (percent < 0 || percent > 100) {
    errors.push(invalidValue(at.child("lendablePercent"), percent, "must be between 0 and 100, inclusive"));
  }
  return errors;
}

function validateLimited(limited: LimitedPriorityLevelConfiguration, at: FieldPath): FieldError[] {
  const { nominalConcurrencyShares, lendablePercent, borrowingLimitPercent: borrowing, limitResponse } = limited;
  const shares = nominalConcurrencyShares === undefined ? {} : { nominalConcurrencyShares };
  const errors = [
    ...validateShares(shares, at),
    ...validateLimitResponse(limitResponse ?? { type: "" }, at.child("limitResponse")),
    ...validateShares(lendablePercent === undefined ? {} : { lendablePercent }, at),
  ];
  if (borrowing !== undefined && borrowing < 0) {
    const why = "if specified, must be a non-negative integer";
    errors.push(invalidValue(at.child("borrowingLimitPercent"), borrowing, why));
  }
  return errors;
}

function validateLimitResponse({ type, queuing }: LimitResponse, at: FieldPath): FieldError[] {
  const queuingAt = at.child("queuing");
  if (type === "Reject") {
    const why = "must be nil if limited.limitResponse.type is not Limited";
    return queuing === undefined ? [] : [forbiddenField(queuingAt, why)];
  }
  if (type !== "Queue") return [notSupported(at.child("type"), type, ["Queue", "Reject"])];
  if (queuing === undefined) {
    return [required(queuingAt, "must not be empty if limited.limitResponse.type is Limited")];
  }
  return validateQueuing(queuing, queuingAt);
}

function validateQueuing(queuing: QueuingConfiguration, at: FieldPath): FieldError[] {
  const { queues = 0, handSize = 0, queueLengthLimit = 0 } = queuing;
  const errors: FieldError[] = [];
  const complain = (field: string, value: number, why: string) =>
    void errors.push(invalidValue(at.child(field), value, why));
  if (queueLengthLimit <= 0) complain("queueLengthLimit", queueLengthLimit, "must be positive");
  if (queues <= 0) complain("queues", queues, "must be positive");
  else if (queues > maxQueues) complain("queues", queues, `must not be greater than ${maxQueues}`);
  if (handSize <= 0) complain("handSize", handSize, "must be positive");
  else if (handSize > queues) complain("handSize", handSize, `should not be greater than queues (${queues})`);
  else if (entropyBits(queues, handSize) > maxHashBits) {
    const what = `required entropy bits of deckSize ${queues} and handSize ${handSize}`;
    complain("handSize", handSize, `${what} should not be greater than ${maxHashBits}`);
  }
  return errors;
}

/** What choosing `handSize` of `queues` needs of a hash. */
function entropyBits(queues: number, handSize: number): number {
  return Math.ceil(Math.log2(queues) * handSize);
}
