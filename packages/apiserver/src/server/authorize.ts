/** The authorization step of the chain. */

import type { UserInfo } from "../authentication/authenticator.ts";
import type { AuthorizationAttributes, Authorizer } from "../authorization/authorizer.ts";
import { forbiddenStatus } from "../authorization/forbidden.ts";
import type { RequestInfo } from "../request/request-info.ts";

export function attributesOf(user: UserInfo, info: RequestInfo): AuthorizationAttributes {
  const { verb, isResourceRequest, namespace, apiGroup, apiVersion, resource, subresource, name, path } = info;
  return { user, verb, isResourceRequest, namespace, apiGroup, apiVersion, resource, subresource, name, path };
}

/** @throws StatusError 403 */
export async function authorize(authorizer: Authorizer, attributes: AuthorizationAttributes): Promise<void> {
  const { decision, reason } = await authorizer.authorize(attributes);
  if (decision !== "Allow") throw forbiddenStatus(attributes, reason);
}
