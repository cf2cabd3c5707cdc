/** Refusals, as apiserver's admission.NewForbidden words them. */

import { forbidden, type StatusError } from "@kubets/apimachinery";
import type { AdmissionAttributes, AdmissionPlugin } from "./plugin.ts";

/** 403: `pods "web" is forbidden: WHY`. A name that is yet to be generated is shown as its prefix. */
export function refuse(attributes: AdmissionAttributes, why: string): StatusError {
  const { definition, object } = attributes;
  const name = attributes.name || object?.metadata?.name || object?.metadata?.generateName || "";
  return forbidden({ group: definition.group, resource: definition.plural }, name, why);
}

/** Whether the request is about the resource itself, or one of its subresources. */
export function isAbout(attributes: AdmissionAttributes, group: string, plural: string, subresource = ""): boolean {
  const { definition } = attributes;
  return definition.group === group && definition.plural === plural && attributes.subresource === subresource;
}

/** A plugin's `concerns` for one resource: the resource itself, or the subresources that are named. */
export function onlyAbout(
  group: string,
  plural: string,
  subresources: readonly string[] = [""],
): NonNullable<AdmissionPlugin["concerns"]> {
  return (definition, _operation, subresource) =>
    definition.plural === plural && definition.group === group && subresources.includes(subresource);
}

/** As Go prints several errors that are one: each once, in brackets when there are more. */
export function aggregateText(problems: readonly string[]): string {
  const distinct = [...new Set(problems)];
  return distinct.length === 1 ? distinct[0]! : `[${distinct.join(", ")}]`;
}
