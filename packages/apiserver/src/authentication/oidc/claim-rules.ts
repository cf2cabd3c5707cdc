/** From a verified token's claims to a user: claims named directly, or CEL over them. Source: apiserver's authenticator/token/oidc and authentication/cel. */

import { messageOf } from "@kubets/apimachinery";
import type { CelValue, Program } from "@kubets/cel";
import type { UserInfo } from "../authenticator.ts";
import { credentialIdKey } from "../users.ts";
import type { CompiledExpressions } from "./claim-expressions.ts";
import type { ClaimMappings, JwtAuthenticatorConfiguration } from "./configuration.ts";

export type Claims = Readonly<Record<string, unknown>>;

export interface ClaimRules {
  /** @throws Error that says why these claims make no user */
  userOf(claims: Claims): UserInfo;
}

export function claimRules(config: JwtAuthenticatorConfiguration, compiled: CompiledExpressions): ClaimRules {
  const { claimMappings = {}, claimValidationRules = [] } = config;
  const required = claimValidationRules.flatMap(({ claim, requiredValue = "" }) =>
    claim ? [{ claim, requiredValue }] : [],
  );
  return {
    userOf(claims) {
      const user = mappedUser(claims, claimMappings, compiled);
      for (const { claim, requiredValue } of required) checkRequired(claims, claim, requiredValue);
      for (const { program, message } of compiled.claimValidations)
        check(program, { claims }, message, "claim validation expression");
      for (const { program, message } of compiled.userValidations)
        check(program, { user: celUserOf(user) }, message, "user info validation rule");
      return user;
    },
  };
}

function mappedUser(claims: Claims, mappings: ClaimMappings, compiled: CompiledExpressions): UserInfo {
  const uid = uidOf(claims, mappings, compiled);
  const extra = extraOf(claims, compiled);
  return {
    name: usernameOf(claims, mappings, compiled),
    groups: groupsOf(claims, mappings, compiled),
    ...(uid === "" ? {} : { uid }),
    ...(Object.keys(extra).length === 0 ? {} : { extra }),
  };
}

function usernameOf(claims: Claims, { username = {} }: ClaimMappings, compiled: CompiledExpressions): string {
  if (compiled.username !== undefined) {
    const value = evaluate(compiled.username, { claims }, "username claim expression");
    if (typeof value !== "string")
      throw new Error(
        "oidc: error evaluating username claim expression: username claim expression must return a string",
      );
    if (value === "") throw new Error("oidc: empty username via CEL expression is not allowed");
    return value;
  }
  const { claim = "", prefix = "" } = username;
  const value = textClaim(claims, claim, (why) => `oidc: parse username claims ${JSON.stringify(claim)}: ${why}`);
  if (claim === "email" && Object.hasOwn(claims, "email_verified")) {
    const verified = claims["email_verified"];
    if (typeof verified !== "boolean") throw new Error("oidc: parse 'email_verified' claim: it is not a boolean");
    if (!verified) throw new Error("oidc: email not verified");
  }
  return prefix + value;
}

function groupsOf(claims: Claims, { groups = {} }: ClaimMappings, compiled: CompiledExpressions): string[] {
  const { claim = "", prefix = "" } = groups;
  if (claim !== "" && Object.hasOwn(claims, claim)) {
    const value = claims[claim];
    const list = value === null ? [] : typeof value === "string" ? [value] : value;
    if (!Array.isArray(list) || !list.every((each) => typeof each === "string"))
      throw new Error(`oidc: parse groups claim ${JSON.stringify(claim)}: it is not a string or a list of strings`);
    return list.map((group: string) => prefix + group);
  }
  if (compiled.groups === undefined) return [];
  return textsOf(evaluate(compiled.groups, { claims }, "group claim expression"), "group claim expression");
}

function uidOf(claims: Claims, { uid = {} }: ClaimMappings, compiled: CompiledExpressions): string {
  const { claim = "" } = uid;
  if (claim !== "") return textClaim(claims, claim, (why) => `oidc: parse uid claim ${JSON.stringify(claim)}: ${why}`);
  if (compiled.uid === undefined) return "";
  const value = evaluate(compiled.uid, { claims }, "uid claim expression");
  if (typeof value !== "string")
    throw new Error("oidc: error evaluating uid claim expression: uid claim expression must return a string");
  return value;
}

function extraOf(claims: Claims, { extra }: CompiledExpressions): Record<string, string[]> {
  const result: Record<string, string[]> = {};
  const { jti } = claims as { jti?: unknown };
  if (typeof jti === "string" && jti !== "") result[credentialIdKey] = [`JTI=${jti}`];
  for (const { key, program } of extra) {
    const values = textsOf(evaluate(program, { claims }, "extra claim expression"), "extra claim expression");
    if (values.length > 0) result[key] = values;
  }
  return result;
}

function checkRequired(claims: Claims, claim: string, wanted: string): void {
  if (!Object.hasOwn(claims, claim)) throw new Error(`oidc: required claim ${claim} not present in ID token`);
  const value = textClaim(claims, claim, (why) => `oidc: parse claim ${claim}: ${why}`);
  if (value !== wanted)
    throw new Error(`oidc: required claim ${claim} value does not match. Got = ${value}, want = ${wanted}`);
}

function textClaim(claims: Claims, claim: string, message: (why: string) => string): string {
  if (!Object.hasOwn(claims, claim)) throw new Error(message("claim not present"));
  const value = claims[claim];
  if (value === null) return "";
  if (typeof value !== "string") throw new Error(message("it is not a string"));
  return value;
}

function check(program: Program, bindings: Record<string, unknown>, message: string, what: string): void {
  const value = evaluate(program, bindings, what);
  if (typeof value !== "boolean")
    throw new Error(`oidc: error evaluating ${what}: validation expression must return a boolean`);
  if (!value)
    throw new Error(`oidc: error evaluating ${what}: validation expression '${program.source}' failed: ${message}`);
}

function evaluate(program: Program, bindings: Record<string, unknown>, what: string): CelValue {
  const { value, error } = program.evaluate(bindings);
  if (error !== undefined) {
    const why = `expression '${program.source}' resulted in error: ${error.message}`;
    throw new Error(`oidc: error evaluating ${what}: ${why}`);
  }
  return value as CelValue;
}

/** Nothing, one text, or a list of them; empty ones do not count. */
function textsOf(value: CelValue, what: string): string[] {
  if (value === null || value === "") return [];
  if (typeof value === "string") return [value];
  const fail = () => new Error(`oidc: error evaluating ${what}: expression must return a string or a list of strings`);
  // A list, and nothing else that can be gone through.
  if (typeof value !== "object" || !("at" in value) || value instanceof Uint8Array) throw fail();
  try {
    return [...(value as Iterable<CelValue>)].flatMap((each) => {
      if (typeof each !== "string") throw fail();
      return each === "" ? [] : [each];
    });
  } catch (error) {
    throw new Error(messageOf(error), { cause: error });
  }
}

function celUserOf({ name, uid = "", groups, extra = {} }: UserInfo): object {
  return { username: name, uid, groups, extra };
}
