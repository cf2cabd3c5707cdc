/** Defaults of containers. Source: SetDefaults_Container and the generated SetObjectDefaults_*. */

import type { Container } from "../generated/types.ts";
import { defaultPullPolicy } from "./container-image.ts";
import { canonicalQuantity, canonicalResourceList } from "./container-quantities.ts";
import { setHandlersDefaults } from "./probe-defaults.ts";

function setEnvDefaults(container: Container): void {
  for (const { valueFrom } of container.env ?? []) {
    if (valueFrom?.fieldRef !== undefined) valueFrom.fieldRef.apiVersion ||= "v1";
    if (valueFrom?.resourceFieldRef !== undefined)
      valueFrom.resourceFieldRef.divisor = canonicalQuantity(valueFrom.resourceFieldRef.divisor ?? "0");
    if (valueFrom?.fileKeyRef !== undefined) valueFrom.fileKeyRef.optional ??= false;
  }
}

/** Defaults of one container of any kind, in a Pod or a template. */
export function setContainerDefaults(container: Container): void {
  container.imagePullPolicy ||= defaultPullPolicy(container.image ?? "");
  container.terminationMessagePath ||= "/dev/termination-log";
  container.terminationMessagePolicy ||= "File";
  container.resources ??= {};
  canonicalResourceList(container.resources.limits);
  canonicalResourceList(container.resources.requests);
  for (const port of container.ports ?? []) port.protocol ||= "TCP";
  setEnvDefaults(container);
  setHandlersDefaults(container);
}
