/** What an AuthenticationConfiguration must be. Source of rules and texts: apiserver's pkg/apis/apiserver/validation. */

import {
  duplicate,
  type FieldError,
  type FieldPath,
  invalidValue,
  messageOf,
  path,
  pushAll,
  required,
  tooMany,
} from "@kubets/apimachinery";
import { aggregate } from "../../configuration/config-object.ts";
import { parseCertificates } from "../client-certificates.ts";
import { isDomainPrefixedPath } from "../impersonation-modes.ts";
import { type CompiledExpressions, compileExpressions } from "./claim-expressions.ts";
import type {
  AuthenticationConfiguration,
  ClaimMappings,
  ClaimValidationRule,
  IssuerConfiguration,
  JwtAuthenticatorConfiguration,
  PrefixedClaimOrExpression,
} from "./configuration.ts";

const maxIssuers = 64;

export async function validateAuthenticationConfiguration(
  { jwt = [], anonymous }: AuthenticationConfiguration,
  disallowedIssuers: readonly string[],
): Promise<{ compiled: CompiledExpressions[]; problems?: string }> {
  const root = path("jwt");
  const errors: FieldError[] = jwt.length > maxIssuers ? [tooMany(root, jwt.length, maxIssuers)] : [];
  const compiled: CompiledExpressions[] = [];
  for (const [index, authenticator] of jwt.entries()) {
    const at = root.index(index);
    pushAll(errors, authenticatorErrors(authenticator, at, disallowedIssuers));
    const expressions = await compileExpressions(authenticator, at);
    pushAll(errors, expressions.errors);
    compiled.push(expressions.compiled);
  }
  pushAll(
    errors,
    duplicates(
      jwt.map(({ issuer }) => issuer?.url),
      (i) => root.index(i).child("issuer", "url"),
    ),
  );
  pushAll(
    errors,
    duplicates(
      jwt.map(({ issuer }) => issuer?.discoveryURL),
      (i) => root.index(i).child("issuer", "discoveryURL"),
    ),
  );
  if (anonymous !== undefined && anonymous.enabled !== true && (anonymous.conditions ?? []).length > 0) {
    const why = "enabled should be set to true when conditions are defined";
    errors.push(invalidValue(path("anonymous.conditions"), anonymous.conditions, why));
  }
  return errors.length === 0 ? { compiled } : { compiled, problems: aggregate(errors) };
}

function duplicates(values: readonly (string | undefined)[], at: (index: number) => FieldPath): FieldError[] {
  const seen = new Set<string>();
  return values.flatMap((value, index) => {
    if (!value) return [];
    if (seen.has(value)) return [duplicate(at(index), value)];
    seen.add(value);
    return [];
  });
}

function authenticatorErrors(
  authenticator: JwtAuthenticatorConfiguration,
  at: FieldPath,
  disallowed: readonly string[],
): FieldError[] {
  const { issuer = {}, claimValidationRules = [], claimMappings = {}, userValidationRules = [] } = authenticator;
  const rules = at.child("userValidationRules");
  const emailFlaw = emailError(authenticator, at.child("claimMappings", "username", "expression"));
  return [
    ...issuerErrors(issuer, at.child("issuer"), disallowed),
    ...claimRuleErrors(claimValidationRules, at.child("claimValidationRules")),
    ...mappingErrors(claimMappings, at.child("claimMappings")),
    ...(emailFlaw === undefined ? [] : [emailFlaw]),
    ...userValidationRules.flatMap(({ expression }, i) =>
      expression ? [] : [required(rules.index(i).child("expression"))],
    ),
    ...duplicates(
      userValidationRules.map(({ expression }) => expression),
      (i) => rules.index(i).child("expression"),
    ),
  ];
}

function issuerErrors(issuer: IssuerConfiguration, at: FieldPath, disallowed: readonly string[]): FieldError[] {
  const { url = "", discoveryURL = "", certificateAuthority = "", egressSelectorType = "" } = issuer;
  const errors = url === "" ? [required(at.child("url"))] : urlErrors(url, at.child("url"), disallowed);
  if (discoveryURL !== "") {
    const where = at.child("discoveryURL");
    if (url !== "" && url.replace(/\/+$/, "") === discoveryURL.replace(/\/+$/, ""))
      errors.push(invalidValue(where, discoveryURL, "discoveryURL must be different from URL"));
    pushAll(errors, urlErrors(discoveryURL, where, []));
  }
  pushAll(errors, audienceErrors(issuer, at));
  if (certificateAuthority !== "") {
    try {
      parseCertificates(certificateAuthority);
    } catch (error) {
      errors.push(invalidValue(at.child("certificateAuthority"), "<omitted>", messageOf(error)));
    }
  }
  if (egressSelectorType !== "" && !["controlplane", "cluster"].includes(egressSelectorType)) {
    const why = "egress selector must be either controlplane or cluster";
    errors.push(invalidValue(at.child("egressSelectorType"), egressSelectorType, why));
  }
  return errors;
}

function urlErrors(given: string, at: FieldPath, disallowed: readonly string[]): FieldError[] {
  const errors: FieldError[] = [];
  const fail = (why: string) => errors.push(invalidValue(at, given, why));
  if (disallowed.includes(given))
    fail(`URL must not overlap with disallowed issuers: [${[...disallowed].sort().join(" ")}]`);
  if (!URL.canParse(given)) {
    fail(given.includes("://") ? `parse ${JSON.stringify(given)}: invalid URL` : "URL scheme must be https");
    return errors;
  }
  const url = new URL(given);
  if (url.protocol !== "https:") fail("URL scheme must be https");
  if (url.username !== "" || url.password !== "") fail("URL must not contain a username or password");
  if (url.search.length > 1) fail("URL must not contain a query");
  if (url.hash.length > 1) fail("URL must not contain a fragment");
  return errors;
}

function audienceErrors(
  { audiences = [], audienceMatchPolicy = "" }: IssuerConfiguration,
  at: FieldPath,
): FieldError[] {
  const where = at.child("audiences");
  if (audiences.length === 0) return [required(where, `at least one ${where.toString()} is required`)];
  const errors = audiences.flatMap((audience, i) => (audience === "" ? [required(where.index(i))] : []));
  pushAll(
    errors,
    duplicates(audiences, (i) => where.index(i)),
  );
  const policyAt = at.child("audienceMatchPolicy");
  if (audiences.length > 1 && audienceMatchPolicy !== "MatchAny")
    errors.push(
      invalidValue(policyAt, audienceMatchPolicy, "audienceMatchPolicy must be MatchAny for multiple audiences"),
    );
  if (audiences.length === 1 && audienceMatchPolicy !== "" && audienceMatchPolicy !== "MatchAny") {
    const why = "audienceMatchPolicy must be empty or MatchAny for single audience";
    errors.push(invalidValue(policyAt, audienceMatchPolicy, why));
  }
  return errors;
}

function claimRuleErrors(rules: readonly ClaimValidationRule[], root: FieldPath): FieldError[] {
  const errors = rules.flatMap((rule, index): FieldError[] => {
    const { claim = "", expression = "", message = "", requiredValue = "" } = rule;
    const at = root.index(index);
    if (claim !== "" && expression !== "") return [invalidValue(at, claim, "claim and expression can't both be set")];
    if (claim === "" && expression === "") return [required(at, "claim or expression is required")];
    if (claim !== "" && message !== "")
      return [invalidValue(at.child("message"), message, "may not be specified when claim is set")];
    if (expression !== "" && requiredValue !== "")
      return [invalidValue(at.child("requiredValue"), requiredValue, "may not be specified when expression is set")];
    return [];
  });
  pushAll(
    errors,
    duplicates(
      rules.map(({ claim }) => claim),
      (i) => root.index(i).child("claim"),
    ),
  );
  pushAll(
    errors,
    duplicates(
      rules.map(({ expression }) => expression),
      (i) => root.index(i).child("expression"),
    ),
  );
  return errors;
}

function mappingErrors(
  { username = {}, groups = {}, uid = {}, extra = [] }: ClaimMappings,
  at: FieldPath,
): FieldError[] {
  const errors = [
    ...prefixedErrors(username, at.child("username"), true),
    ...prefixedErrors(groups, at.child("groups"), false),
  ];
  if (uid.claim && uid.expression)
    errors.push(invalidValue(at.child("uid"), "", "claim and expression can't both be set"));
  for (const [index, { key = "", valueExpression = "" }] of extra.entries()) {
    const where = at.child("extra").index(index);
    pushAll(errors, extraKeyErrors(key, where.child("key")));
    if (valueExpression === "") errors.push(required(where.child("valueExpression")));
  }
  pushAll(
    errors,
    duplicates(
      extra.map(({ key }) => key),
      (i) => at.child("extra").index(i).child("key"),
    ),
  );
  return errors;
}

function prefixedErrors(mapping: PrefixedClaimOrExpression, at: FieldPath, isRequired: boolean): FieldError[] {
  const { claim = "", expression = "", prefix } = mapping;
  if (claim !== "" && expression !== "") return [invalidValue(at, "", "claim and expression can't both be set")];
  if (expression !== "")
    return prefix === undefined
      ? []
      : [invalidValue(at.child("prefix"), prefix, "may not be specified when expression is set")];
  if (claim === "") return isRequired ? [required(at, "claim or expression is required")] : [];
  const why = "prefix is required when claim is set. It can be set to an empty string to disable prefixing";
  return prefix === undefined ? [required(at.child("prefix"), why)] : [];
}

function extraKeyErrors(key: string, at: FieldPath): FieldError[] {
  if (key === "") return [required(at)];
  const errors: FieldError[] = [];
  if (!isDomainPrefixedPath(key))
    errors.push(invalidValue(at, key, 'must be a domain-prefixed path (such as "acme.io/foo")'));
  if (key !== key.toLowerCase()) errors.push(invalidValue(at, key, "must be lowercase"));
  const domain = key.includes("/") ? key.slice(0, key.indexOf("/")) : "";
  if (/(^|\.)(kubernetes|k8s)\.io$/.test(domain)) {
    const why = "k8s.io, kubernetes.io and their subdomains are reserved for Kubernetes use";
    errors.push(invalidValue(at, key, why));
  }
  return errors;
}

const usesEmail = /\bclaims\s*\.\s*\??\s*email(?!\w)/;
const usesVerified = /\bclaims\s*\.\s*\??\s*email_verified(?!\w)/;

/** Nobody is to be an email address that was never shown to be theirs. */
function emailError(authenticator: JwtAuthenticatorConfiguration, at: FieldPath): FieldError | undefined {
  const { claimMappings = {}, claimValidationRules = [] } = authenticator;
  const expression = claimMappings.username?.expression ?? "";
  if (!usesEmail.test(expression)) return undefined;
  const others = [
    ...(claimMappings.extra ?? []).map(({ valueExpression }) => valueExpression ?? ""),
    ...claimValidationRules.map((rule) => rule.expression ?? ""),
  ];
  if ([expression, ...others].some((each) => usesVerified.test(each))) return undefined;
  return invalidValue(
    at,
    expression,
    "claims.email_verified must be used in claimMappings.username.expression or claimMappings.extra[*].valueExpression or claimValidationRules[*].expression when claims.email is used in claimMappings.username.expression",
  );
}
