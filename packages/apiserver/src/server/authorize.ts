/** The authorization step of the chain. */

import { type FieldSelector, parseFieldSelector } from "@kubets/apimachinery";
import type { UserInfo } from "../authentication/authenticator.ts";
import type { AuthorizationAttributes, Authorizer } from "../authorization/authorizer.ts";
import { forbiddenStatus } from "../authorization/forbidden.ts";
import type { RequestInfo } from "../request/request-info.ts";

/** @param query where a field selector is, by which nodes are allowed to list their pods */
export function attributesOf(user: UserInfo, info: RequestInfo, query: URLSearchParams): AuthorizationAttributes {
  const { verb, isResourceRequest, namespace, apiGroup, apiVersion, resource, subresource, name, path } = info;
  const attributes = {
    user,
    verb,
    isResourceRequest,
    namespace,
    apiGroup,
    apiVersion,
    resource,
    subresource,
    name,
    path,
  };
  const text = isResourceRequest && selectingVerbs.has(verb) ? query.get("fieldSelector") : null;
  const fieldSelector = text ? readSelector(text) : undefined;
  return fieldSelector === undefined ? attributes : { ...attributes, fieldSelector };
}

const selectingVerbs: ReadonlySet<string> = new Set(["list", "watch", "deletecollection"]);

/** Undefined for text that is no selector: the handler refuses it, in its own words. */
function readSelector(text: string): FieldSelector | undefined {
  try {
    return parseFieldSelector(text);
  } catch {
    return undefined;
  }
}

/** @throws StatusError 403 */
export async function authorize(authorizer: Authorizer, attributes: AuthorizationAttributes): Promise<void> {
  const { decision, reason } = await authorizer.authorize(attributes);
  if (decision !== "Allow") throw forbiddenStatus(attributes, reason);
}
