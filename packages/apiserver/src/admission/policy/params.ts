/** The objects a binding gives its policy as parameters. Source: apiserver's admission/plugin/policy/generic/policy_dispatcher.go. */

import type { ParamKind, ParamRef } from "@kubets/api";
import {
  apiVersionOf,
  isNotFound,
  type KubeObject,
  parseFieldSelector,
  selectorFromLabelSelector,
} from "@kubets/apimachinery";
import { readList } from "../../registry/list.ts";
import { Selection } from "../../registry/selection.ts";
import { parseListOptions } from "../../request/list-options.ts";
import type { ResourceTable, ServedResource } from "../../server/resource-table.ts";

/** The binding cannot be evaluated: the policy's failurePolicy decides. */
class ConfigurationError extends Error {
  override readonly name = "ConfigurationError";
}

/** @throws ConfigurationError where no such kind is served */
export function paramResource(resources: ResourceTable, { apiVersion = "", kind = "" }: ParamKind): ServedResource {
  for (const served of resources.all()) {
    const { definition } = served;
    if (definition.kind === kind && apiVersionOf(definition) === apiVersion) return served;
  }
  const text = `${apiVersion.includes("/") ? apiVersion : `/${apiVersion}`}, Kind=${kind}`;
  throw new ConfigurationError(`failed to find resource referenced by paramKind: '${text}'`);
}

/**
 * One evaluation is done for each; `[null]` is one without.
 * @throws ConfigurationError
 */
export async function collectParams(
  served: ServedResource | undefined,
  ref: ParamRef | undefined,
  requestNamespace: string,
): Promise<readonly (KubeObject | null)[]> {
  if (served === undefined || ref === undefined) return [null];
  const { namespaced } = served.definition;
  if (ref.namespace && !namespaced) {
    throw new ConfigurationError("paramRef.namespace must not be provided for a cluster-scoped `paramKind`");
  }
  const namespace = namespaced ? ref.namespace || requestNamespace : "";
  if (namespaced && namespace === "") {
    const why = "cannot use namespaced paramRef in policy binding that matches cluster-scoped resources";
    throw new ConfigurationError(why);
  }
  const params = await find(served, ref, namespace);
  if (params.length === 0 && ref.parameterNotFoundAction === "Deny") {
    throw new ConfigurationError("no params found for policy binding with `Deny` parameterNotFoundAction");
  }
  return params;
}

async function find(
  { registry, definition }: ServedResource,
  ref: ParamRef,
  namespace: string,
): Promise<readonly KubeObject[]> {
  if (ref.name) {
    if (ref.selector !== undefined) {
      throw new ConfigurationError("paramRef.name and paramRef.selector are mutually exclusive");
    }
    try {
      return [(await registry.get(namespace, ref.name)).object];
    } catch (error) {
      if (isNotFound(error)) return [];
      throw error;
    }
  }
  if (ref.selector === undefined) throw new ConfigurationError("one of name or selector must be provided");
  const selection = new Selection(definition, selectorFromLabelSelector(ref.selector), parseFieldSelector(""));
  const { items } = await readList(registry, namespace, selection, parseListOptions(new URLSearchParams()));
  return items.map(({ object }) => object);
}
