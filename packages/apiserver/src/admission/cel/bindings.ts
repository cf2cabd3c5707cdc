/** The values of admission's CEL variables for one request. Source: apiserver's admission/plugin/cel/condition.go and activation.go. */

import type { ResourceDefinition } from "@kubets/api";
import type { KubeObject } from "@kubets/apimachinery";
import type { AuthorizationCheck, AuthorizeCheck } from "@kubets/cel";
import type { UserInfo } from "../../authentication/authenticator.ts";
import type { Authorizer } from "../../authorization/authorizer.ts";
import { namespaceOf } from "../matching/index.ts";
import { type AdmissionAttributes, kindOf } from "../plugin.ts";
import type { Cel } from "./environment.ts";

/** The objects in the version that an expression is to see. */
export interface PresentedObjects {
  readonly as: ResourceDefinition;
  readonly object: KubeObject | undefined;
  readonly oldObject: KubeObject | undefined;
}

/** `object`, `oldObject` and `request`. */
export function objectBindings(
  attributes: AdmissionAttributes,
  { as, object, oldObject }: PresentedObjects,
): Record<string, unknown> {
  return { object: object ?? null, oldObject: oldObject ?? null, request: requestValue(attributes, as) };
}

/** Everything but `namespaceObject`, `params` and `variables`. */
export function requestBindings(
  cel: Cel,
  authorizer: Authorizer,
  attributes: AdmissionAttributes,
  presented: PresentedObjects,
): Record<string, unknown> {
  const { definition, subresource, name, user } = attributes;
  const authorizerValue = new cel.AuthorizerValue(authorizeCheck(authorizer, user));
  const { group, plural } = definition;
  const asked = { subresource, namespace: namespaceOf(attributes), name };
  return {
    ...objectBindings(attributes, presented),
    authorizer: authorizerValue,
    "authorizer.requestResource": authorizerValue.resourceCheck(group, plural, asked),
  };
}

/** `request`: the AdmissionReview's, without the objects. */
export function requestValue(attributes: AdmissionAttributes, as: ResourceDefinition): object {
  const { definition, subresource, operation, name, options, user, dryRun } = attributes;
  return {
    kind: kindOf(attributes, as),
    resource: resourceOf(as),
    ...(subresource === "" ? {} : { subResource: subresource }),
    requestKind: kindOf(attributes, definition),
    requestResource: resourceOf(definition),
    ...(subresource === "" ? {} : { requestSubResource: subresource }),
    ...named("name", name),
    ...named("namespace", namespaceOf(attributes)),
    operation,
    userInfo: userInfoOf(user),
    dryRun,
    options: options ?? null,
  };
}

export function userInfoOf({ name, uid = "", groups, extra = {} }: UserInfo): object {
  return {
    ...named("username", name),
    ...named("uid", uid),
    ...(groups.length === 0 ? {} : { groups }),
    ...(Object.keys(extra).length === 0 ? {} : { extra }),
  };
}

function named(key: string, value: string): object {
  return value === "" ? {} : { [key]: value };
}

export function resourceOf({ group, version, plural }: ResourceDefinition) {
  return { group, version, resource: plural };
}

/** Asks the server's own authorizer about the request's user, or a service account. */
function authorizeCheck(authorizer: Authorizer, user: UserInfo): AuthorizeCheck {
  return (check) => {
    const decided = authorizer.authorize(attributesOf(check, user));
    const read = ({ decision, reason, error }: Awaited<typeof decided>) => ({
      allowed: decision === "Allow",
      reason,
      ...(error === undefined ? {} : { error }),
    });
    return decided instanceof Promise ? decided.then(read) : read(decided);
  };
}

function attributesOf(check: AuthorizationCheck, user: UserInfo) {
  const { serviceAccount, verb, path, group = "", resource = "", subresource = "", namespace = "", name = "" } = check;
  return {
    user: serviceAccount === undefined ? user : serviceAccountUser(serviceAccount),
    verb,
    isResourceRequest: path === undefined,
    namespace,
    apiGroup: group,
    apiVersion: path === undefined ? "*" : "",
    resource,
    subresource,
    name,
    path: path ?? "",
  };
}

function serviceAccountUser({ namespace, name }: { readonly namespace: string; readonly name: string }): UserInfo {
  return {
    name: `system:serviceaccount:${namespace}:${name}`,
    groups: ["system:serviceaccounts", `system:serviceaccounts:${namespace}`, "system:authenticated"],
  };
}
