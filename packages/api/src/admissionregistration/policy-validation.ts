/** Validation of admission policies and their bindings. Source: pkg/apis/admissionregistration/validation. */

import {
  duplicate,
  type FieldError,
  type FieldPath,
  forbiddenField,
  invalidValue,
  isDNS1035Label,
  isDNS1123Subdomain,
  isQualifiedName,
  nameIsDNSSubdomain,
  nameIsPathSegment,
  notSupported,
  parseApiVersion,
  path,
  pushAll,
  required,
  validateLabelSelector,
} from "@kubets/apimachinery";
import { oneOf } from "../core/pod-field-checks.ts";
import type {
  AuditAnnotation,
  MatchResources,
  MutatingAdmissionPolicy,
  MutatingAdmissionPolicyBinding,
  Mutation,
  NamedRuleWithOperations,
  ParamKind,
  ParamRef,
  ValidatingAdmissionPolicy,
  ValidatingAdmissionPolicyBinding,
  Validation,
  Variable,
} from "../generated/types.ts";
import { validateMatchConditions } from "./match-conditions-validation.ts";
import { validateRule } from "./rule-validation.ts";

type ExpressionUse =
  | "matchCondition"
  | "variable"
  | "validation"
  | "message"
  | "auditAnnotation"
  | "JSONPatch"
  | "ApplyConfiguration";

/** What is wrong with an expression, in upstream's words. Variables are given in order, with their names; later expressions may use them. */
export type CompilePolicyExpression = (use: ExpressionUse, expression: string, variable?: string) => string | undefined;

const failurePolicies = ["Fail", "Ignore"];
const matchPolicies = ["Equivalent", "Exact"];
const reasons = ["Forbidden", "Invalid", "RequestEntityTooLarge"];
const actions = ["Audit", "Deny", "Warn"];
const reinvocationPolicies = ["IfNeeded", "Never"];
const patchTypes = ["ApplyConfiguration", "JSONPatch"];
const notFoundActions = ["Deny", "Allow"];
const maxAuditAnnotations = 20;
const maxValueExpressionBytes = 5 * 1024;

/** There is no object to change in a DELETE. */
const mutatingOperations = ["*", "CONNECT", "CREATE", "UPDATE"];

const unchecked: CompilePolicyExpression = () => undefined;

/** @param skipMatchConditions they are as they were when they were let in */
export function validateValidatingPolicy(
  { metadata, spec = {} }: ValidatingAdmissionPolicy,
  compile: CompilePolicyExpression = unchecked,
  skipMatchConditions = false,
): FieldError[] {
  const at = path("spec");
  const { validations = [], auditAnnotations = [], variables = [] } = spec;
  const errors = validateCommon(spec, compile, skipMatchConditions, at);
  pushAll(
    errors,
    variables.flatMap((each, i) => validateVariable(each, compile, at.child("variables").index(i))),
  );
  if (validations.length === 0 && auditAnnotations.length === 0) {
    const why = "validations or auditAnnotations must contain at least one item";
    return [...errors, required(at.child("validations"), why), required(at.child("auditAnnotations"), why)];
  }
  pushAll(
    errors,
    validations.flatMap((each, i) => validateOne(each, compile, at.child("validations").index(i))),
  );
  const where = at.child("auditAnnotations");
  if (auditAnnotations.length > maxAuditAnnotations) {
    const why = `must not have more than ${maxAuditAnnotations} auditAnnotations`;
    errors.push(invalidValue(where, auditAnnotations, why));
  }
  const keys = new Set<string>();
  for (const [i, annotation] of auditAnnotations.entries()) {
    pushAll(errors, validateAuditAnnotation(metadata?.name ?? "", annotation, compile, where.index(i)));
    if (keys.has(annotation.key)) errors.push(duplicate(where.index(i).child("key"), annotation.key));
    keys.add(annotation.key);
  }
  return errors;
}

/** @param skipMatchConditions they are as they were when they were let in */
export function validateMutatingPolicy(
  { spec = {} }: MutatingAdmissionPolicy,
  compile: CompilePolicyExpression = unchecked,
  skipMatchConditions = false,
): FieldError[] {
  const at = path("spec");
  const { mutations = [], variables = [], reinvocationPolicy } = spec;
  const errors = validateCommon(spec, compile, skipMatchConditions, at);
  pushAll(errors, mutable(spec.matchConstraints, at.child("matchConstraints")));
  pushAll(
    errors,
    variables.flatMap((each, i) => validateVariable(each, compile, at.child("variables").index(i))),
  );
  if (mutations.length === 0) {
    errors.push(required(at.child("mutations"), "mutations must contain at least one item"));
  }
  pushAll(
    errors,
    mutations.flatMap((each, i) => validateMutation(each, compile, at.child("mutations").index(i))),
  );
  return [...errors, ...oneOf(at.child("reinvocationPolicy"), reinvocationPolicy, reinvocationPolicies)];
}

type CommonSpec = NonNullable<ValidatingAdmissionPolicy["spec"]> | NonNullable<MutatingAdmissionPolicy["spec"]>;

function validateCommon(
  { failurePolicy, paramKind, matchConstraints, matchConditions }: CommonSpec,
  compile: CompilePolicyExpression,
  skipMatchConditions: boolean,
  at: FieldPath,
): FieldError[] {
  const errors = oneOf(at.child("failurePolicy"), failurePolicy, failurePolicies);
  if (paramKind !== undefined) pushAll(errors, validateParamKind(paramKind, at.child("paramKind")));
  const constraints = at.child("matchConstraints");
  if (matchConstraints === undefined) errors.push(required(constraints));
  else {
    pushAll(errors, validateMatchResources(matchConstraints, constraints));
    if (!matchConstraints.resourceRules?.length) errors.push(required(constraints.child("resourceRules")));
  }
  if (skipMatchConditions) return errors;
  const conditions = at.child("matchConditions");
  const compiled = (expression: string) => compile("matchCondition", expression);
  return [...errors, ...validateMatchConditions(matchConditions, conditions, compiled)];
}

function validateParamKind({ apiVersion = "", kind = "" }: ParamKind, at: FieldPath): FieldError[] {
  const errors = validateApiVersion(apiVersion, at.child("apiVersion"));
  const where = at.child("kind");
  if (kind === "") return [...errors, required(where)];
  const complaints = isDNS1035Label(kind.toLowerCase());
  if (complaints.length === 0) return errors;
  const why = `may have mixed case, but should otherwise match: ${complaints.join(",")}`;
  return [...errors, invalidValue(where, kind, why)];
}

function validateApiVersion(apiVersion: string, at: FieldPath): FieldError[] {
  if (apiVersion === "") return [required(at)];
  const parsed = apiVersion === "/" ? { group: "", version: "" } : parseApiVersion(apiVersion);
  if (parsed === undefined) return [invalidValue(at, apiVersion, `unexpected GroupVersion string: ${apiVersion}`)];
  const { group, version } = parsed;
  const errors: FieldError[] = [];
  const groupComplaints = group === "" ? [] : isDNS1123Subdomain(group);
  if (groupComplaints.length > 0) errors.push(invalidValue(at, group, groupComplaints.join(",")));
  if (version === "") return [...errors, invalidValue(at, apiVersion, "version must be specified")];
  const complaints = isDNS1035Label(version);
  return complaints.length === 0 ? errors : [...errors, invalidValue(at, version, complaints.join(","))];
}

function validateMatchResources(match: MatchResources | undefined, at: FieldPath): FieldError[] {
  if (match === undefined) return [];
  const errors = oneOf(at.child("matchPolicy"), match.matchPolicy, matchPolicies);
  for (const name of ["namespaceSelector", "objectSelector"] as const) {
    const selector = match[name];
    if (selector === undefined) errors.push(required(at.child(name)));
    else pushAll(errors, validateLabelSelector(selector, at.child(name)));
  }
  for (const name of ["resourceRules", "excludeResourceRules"] as const) {
    pushAll(
      errors,
      (match[name] ?? []).flatMap((rule, i) => validateNamedRule(rule, at.child(name).index(i))),
    );
  }
  return errors;
}

function validateNamedRule(rule: NamedRuleWithOperations, at: FieldPath): FieldError[] {
  const errors: FieldError[] = [];
  const names = new Set<string>();
  for (const [i, name] of (rule.resourceNames ?? []).entries()) {
    const where = at.child("resourceNames").index(i);
    pushAll(
      errors,
      nameIsPathSegment(name, false).map((why) => invalidValue(where, name, why)),
    );
    if (names.has(name)) errors.push(duplicate(where, name));
    names.add(name);
  }
  return [...errors, ...validateRule(rule as Parameters<typeof validateRule>[0], at)];
}

const identifier = /^[_a-zA-Z][_a-zA-Z0-9]*$/;
const reservedWords = new Set(
  "true false null in as break const continue else for function if import let loop package namespace return var void while".split(
    " ",
  ),
);

function validateVariable({ name = "", expression = "" }: Variable, compile: CompilePolicyExpression, at: FieldPath) {
  const errors: FieldError[] = [];
  if (name.trim() === "") errors.push(required(at.child("name"), "name is not specified"));
  else if (!identifier.test(name) || reservedWords.has(name))
    errors.push(invalidValue(at.child("name"), name, "name is not a valid CEL identifier"));
  const where = at.child("expression");
  if (expression.trim() === "") return [...errors, required(where, "expression is not specified")];
  return [...errors, ...compiled(compile("variable", expression, name), expression, where)];
}

function compiled(complaint: string | undefined, expression: string, at: FieldPath): FieldError[] {
  return complaint === undefined ? [] : [invalidValue(at, expression, complaint)];
}

function validateOne(validation: Validation, compile: CompilePolicyExpression, at: FieldPath): FieldError[] {
  const { expression = "", message = "", messageExpression = "", reason } = validation;
  const errors: FieldError[] = [];
  const where = at.child("expression");
  if (expression.trim() === "") errors.push(required(where, "expression is not specified"));
  else pushAll(errors, compiled(compile("validation", expression), expression, where));
  const made = at.child("messageExpression");
  if (messageExpression !== "" && messageExpression.trim() === "")
    errors.push(invalidValue(made, messageExpression, "must be non-empty if specified"));
  else if (messageExpression !== "")
    pushAll(errors, compiled(compile("message", messageExpression), messageExpression, made));
  if (message !== "" && message.trim() === "")
    errors.push(invalidValue(at.child("message"), message, "message must be non-empty if specified"));
  else if (/[\n\r]/.test(message.trim()))
    errors.push(invalidValue(at.child("message"), message, "message must not contain line breaks"));
  if (reason !== undefined && !reasons.includes(reason)) errors.push(notSupported(at.child("reason"), reason, reasons));
  return errors;
}

function validateAuditAnnotation(
  policy: string,
  { key = "", valueExpression = "" }: AuditAnnotation,
  compile: CompilePolicyExpression,
  at: FieldPath,
): FieldError[] {
  const named = at.child("key");
  const errors =
    policy === ""
      ? [invalidValue(named, key, "requires metadata.name be non-empty")]
      : isQualifiedName(`${policy}/${key}`).map((why) => invalidValue(named, `${policy}/${key}`, why));
  const where = at.child("valueExpression");
  const trimmed = valueExpression.trim();
  if (trimmed === "") return [...errors, required(where, "valueExpression is not specified")];
  if (Buffer.byteLength(trimmed) > maxValueExpressionBytes)
    return [...errors, required(where, `must not exceed ${maxValueExpressionBytes} bytes in length`)];
  return [...errors, ...compiled(compile("auditAnnotation", trimmed), valueExpression, where)];
}

function validateMutation(mutation: Mutation, compile: CompilePolicyExpression, at: FieldPath): FieldError[] {
  const { patchType, jsonPatch, applyConfiguration } = mutation;
  if (!patchType) return [required(at.child("patchType"))];
  if (!patchTypes.includes(patchType)) return [notSupported(at.child("patchType"), patchType, patchTypes)];
  const isPatch = patchType === "JSONPatch";
  const [wanted, other] = isPatch ? ["jsonPatch", "applyConfiguration"] : ["applyConfiguration", "jsonPatch"];
  const [given, stray] = isPatch ? [jsonPatch, applyConfiguration] : [applyConfiguration, jsonPatch];
  const errors: FieldError[] = [];
  if (given === undefined) {
    errors.push(required(at.child(wanted!), `must be specified when patchType is ${patchType}`));
  } else {
    const expression = (given.expression ?? "").trim();
    const where = at.child(wanted!).child("expression");
    if (expression === "") errors.push(required(where, "expression is not specified"));
    else pushAll(errors, compiled(compile(patchType as ExpressionUse, expression), expression, where));
  }
  if (stray !== undefined) {
    const why = `must not be specified when patchType is ${patchType}`;
    errors.push(invalidValue(at.child(other!), `{${other}}`, why));
  }
  return errors;
}

export function validateValidatingPolicyBinding({ spec }: ValidatingAdmissionPolicyBinding): FieldError[] {
  const at = path("spec");
  const errors = validateBinding(spec, at);
  return [...errors, ...validateActions(spec?.validationActions ?? [], at.child("validationActions"))];
}

export function validateMutatingPolicyBinding({ spec }: MutatingAdmissionPolicyBinding): FieldError[] {
  const at = path("spec");
  return [...validateBinding(spec, at), ...mutable(spec?.matchResources, at.child("matchResouces"))];
}

function mutable(match: MatchResources | undefined, at: FieldPath): FieldError[] {
  const { resourceRules = [] } = match ?? {};
  const where = at.child("resourceRules").child("operations");
  const operations = resourceRules.flatMap((rule) => rule.operations ?? []);
  return operations
    .filter((operation) => !mutatingOperations.includes(operation))
    .map((operation) => notSupported(where, operation, mutatingOperations));
}

type BindingSpec = ValidatingAdmissionPolicyBinding["spec"] | MutatingAdmissionPolicyBinding["spec"];

function validateBinding(spec: BindingSpec, at: FieldPath): FieldError[] {
  const { policyName = "", paramRef, matchResources } = spec ?? {};
  const named = at.child("policyName");
  const errors =
    policyName === ""
      ? [required(named)]
      : nameIsDNSSubdomain(policyName, false).map((why) => invalidValue(named, policyName, why));
  if (paramRef !== undefined) pushAll(errors, validateParamRef(paramRef, at.child("paramRef")));
  // The path is upstream's, misspelt as it is.
  return [...errors, ...validateMatchResources(matchResources, at.child("matchResouces"))];
}

function validateParamRef({ name = "", selector, parameterNotFoundAction }: ParamRef, at: FieldPath): FieldError[] {
  const errors: FieldError[] = [];
  const exclusive = "name and selector are mutually exclusive";
  if (name !== "") {
    pushAll(
      errors,
      nameIsPathSegment(name, false).map((why) => invalidValue(at.child("name"), name, why)),
    );
    if (selector !== undefined) errors.push(forbiddenField(at.child("name"), exclusive));
  }
  if (selector !== undefined) {
    pushAll(errors, validateLabelSelector(selector, at.child("selector")));
    if (name !== "") errors.push(forbiddenField(at.child("selector"), exclusive));
  }
  if (name === "" && selector === undefined) errors.push(required(at, "one of name or selector must be specified"));
  return [...errors, ...oneOf(at.child("parameterNotFoundAction"), parameterNotFoundAction, notFoundActions)];
}

function validateActions(given: readonly string[], at: FieldPath): FieldError[] {
  const errors: FieldError[] = [];
  const seen = new Set<string>();
  for (const [i, action] of given.entries()) {
    if (!actions.includes(action)) errors.push(notSupported(at.index(i), action, actions));
    if (seen.has(action)) errors.push(duplicate(at.index(i), action));
    seen.add(action);
  }
  if (seen.has("Deny") && seen.has("Warn")) {
    const why =
      "must not contain both Deny and Warn (repeating the same validation failure information in the API response and headers serves no purpose)";
    errors.push(invalidValue(at, given, why));
  }
  if (seen.size === 0) errors.push(required(at, "at least one validation action is required"));
  return errors;
}
