/** Refusals, as apiserver's admission.NewForbidden words them. */

import { forbidden, type StatusError } from "@kubets/apimachinery";
import type { AdmissionAttributes } from "./plugin.ts";

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
