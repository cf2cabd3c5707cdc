/** The 403 of a request that no authorizer allowed, worded as apiserver's responsewriters words it. */

import { forbidden, type StatusError } from "@kubets/apimachinery";
import type { AuthorizationAttributes } from "./authorizer.ts";

export function forbiddenMessage(attributes: AuthorizationAttributes): string {
  const { user, verb, isResourceRequest, path, namespace, apiGroup, resource, subresource } = attributes;
  const who = `User ${JSON.stringify(user.name)} cannot ${verb}`;
  if (!isResourceRequest) return `${who} path ${JSON.stringify(path)}`;
  const what = subresource === "" ? resource : `${resource}/${subresource}`;
  const where = namespace === "" ? "at the cluster scope" : `in the namespace ${JSON.stringify(namespace)}`;
  return `${who} resource ${JSON.stringify(what)} in API group ${JSON.stringify(apiGroup)} ${where}`;
}

/** @param reason what the authorizer had to say; appended when there is any */
export function forbiddenStatus(attributes: AuthorizationAttributes, reason: string): StatusError {
  const message = forbiddenMessage(attributes).replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;");
  const resource = { group: attributes.apiGroup, resource: attributes.resource };
  return forbidden(resource, attributes.name, reason === "" ? message : `${message}: ${reason}`);
}
