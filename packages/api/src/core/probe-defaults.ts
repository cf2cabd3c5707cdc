/** Defaults of probes and handlers. Source: SetDefaults_Probe and SetDefaults_HTTPGetAction. */

import type { Container, HTTPGetAction, LifecycleHandler, Probe } from "../generated/types.ts";

function setHTTPGetDefaults(action: HTTPGetAction | undefined): void {
  if (action === undefined) return;
  action.path ||= "/";
  action.scheme ||= "HTTP";
}

/** Zero stands for "not given" in every number of a probe, as upstream has it. */
function setProbeDefaults(probe: Probe | undefined): void {
  if (probe === undefined) return;
  probe.timeoutSeconds ||= 1;
  probe.periodSeconds ||= 10;
  probe.successThreshold ||= 1;
  probe.failureThreshold ||= 3;
  setHTTPGetDefaults(probe.httpGet);
  if (probe.grpc !== undefined) probe.grpc.service ??= "";
}

function setHandlerDefaults(handler: LifecycleHandler | undefined): void {
  setHTTPGetDefaults(handler?.httpGet);
}

/** Defaults of a container's three probes and two hooks. */
export function setHandlersDefaults(container: Container): void {
  setProbeDefaults(container.livenessProbe);
  setProbeDefaults(container.readinessProbe);
  setProbeDefaults(container.startupProbe);
  setHandlerDefaults(container.lifecycle?.postStart);
  setHandlerDefaults(container.lifecycle?.preStop);
}
