/** The authorization step of the chain. */

import {
  type FieldSelector,
  type LabelRequirement,
  messageOf,
  parseFieldSelector,
  parseSelector,
} from "@kubets/apimachinery";
import type { UserInfo } from "../authentication/authenticator.ts";
import type { AuthorizationAttributes, Authorizer } from "../authorization/authorizer.ts";
import { forbiddenStatus } from "../authorization/forbidden.ts";
import type { RequestInfo } from "../request/request-info.ts";

/** @param query where the selectors are: nodes are allowed to list the pods of one node, and webhooks may go by any */
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
  if (!isResourceRequest || !selectingVerbs.has(verb)) return attributes;
  const fieldSelector = readFields(query.get("fieldSelector"));
  const labelSelector = readLabels(query.get("labelSelector"));
  if (fieldSelector === undefined && labelSelector === undefined) return attributes;
  return {
    ...attributes,
    ...(fieldSelector === undefined ? {} : { fieldSelector }),
    ...(labelSelector === undefined ? {} : { labelSelector }),
  };
}

const selectingVerbs: ReadonlySet<string> = new Set(["list", "watch", "deletecollection"]);

/** Undefined for text that is no selector: the handler refuses it, in its own words. */
function readFields(text: string | null): FieldSelector | undefined {
  if (!text) return undefined;
  try {
    const selector = parseFieldSelector(text);
    return selector.empty ? undefined : selector;
  } catch {
    return undefined;
  }
}

function readLabels(text: string | null): readonly LabelRequirement[] | undefined {
  if (!text) return undefined;
  try {
    const { requirements } = parseSelector(text);
    return requirements.length === 0 ? undefined : requirements;
  } catch {
    return undefined;
  }
}

/** An authorizer that might have allowed it could not be asked. */
export class UndecidedError extends Error {
  constructor(cause: unknown) {
    super(messageOf(cause), { cause });
  }
}

const decisionKey = "authorization.k8s.io/decision";
const reasonKey = "authorization.k8s.io/reason";

/**
 * @param annotate adds to the audit event what was decided, and why
 * @throws StatusError 403
 * @throws UndecidedError when an authorizer that might have allowed it could not be asked
 */
export async function authorize(
  authorizer: Authorizer,
  attributes: AuthorizationAttributes,
  annotate: (key: string, value: string) => void = () => {},
): Promise<void> {
  const answer = authorizer.authorize(attributes);
  const { decision, reason, error } = answer instanceof Promise ? await answer : answer;
  if (decision === "Allow") {
    annotate(decisionKey, "allow");
    annotate(reasonKey, reason);
    return;
  }
  if (error !== undefined) {
    annotate(reasonKey, "internal error");
    throw new UndecidedError(error);
  }
  annotate(decisionKey, "forbid");
  annotate(reasonKey, reason);
  throw forbiddenStatus(attributes, reason);
}
