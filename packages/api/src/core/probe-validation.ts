/** Probes, hooks and their handlers. Source: validateProbe, validateLifecycle, validateHandler. */

import {
  type FieldError,
  type FieldPath,
  forbiddenField,
  invalidValue,
  isHTTPHeaderName,
  notSupported,
  pushAll,
  required,
} from "@kubets/apimachinery";
import type { Container, HTTPGetAction, Lifecycle, LifecycleHandler, Probe, SleepAction } from "../generated/types.ts";
import { complaints, nonNegative, portNumber, portNumberOrName, present } from "./pod-field-checks.ts";

type Handler = Pick<Probe, "exec" | "httpGet" | "tcpSocket" | "grpc"> & Pick<LifecycleHandler, "sleep">;

/** Probes and hooks of a container that may have them. `gracePeriod` is the Pod's, in seconds. */
export function validateHandlers(container: Container, gracePeriod: number | undefined, at: FieldPath): FieldError[] {
  return [
    ...validateLifecycle(container.lifecycle, gracePeriod, at.child("lifecycle")),
    ...validateOnceProbe(container.livenessProbe, gracePeriod, at.child("livenessProbe")),
    ...validateReadinessProbe(container.readinessProbe, gracePeriod, at.child("readinessProbe")),
    ...validateOnceProbe(container.startupProbe, gracePeriod, at.child("startupProbe")),
  ];
}

/** Liveness and startup: one success is enough. */
function validateOnceProbe(probe: Probe | undefined, gracePeriod: number | undefined, at: FieldPath): FieldError[] {
  if (probe === undefined) return [];
  const errors = validateProbe(probe, gracePeriod, at);
  if (probe.successThreshold !== 1)
    errors.push(invalidValue(at.child("successThreshold"), probe.successThreshold ?? 0, "must be 1"));
  return errors;
}

function validateReadinessProbe(
  probe: Probe | undefined,
  gracePeriod: number | undefined,
  at: FieldPath,
): FieldError[] {
  if (probe === undefined) return [];
  const errors = validateProbe(probe, gracePeriod, at);
  if (probe.terminationGracePeriodSeconds !== undefined)
    errors.push(
      invalidValue(
        at.child("terminationGracePeriodSeconds"),
        probe.terminationGracePeriodSeconds,
        "must not be set for readinessProbes",
      ),
    );
  return errors;
}

function validateProbe(probe: Probe, gracePeriod: number | undefined, at: FieldPath): FieldError[] {
  const errors = validateHandler(probe, gracePeriod, at);
  pushAll(errors, [
    ...nonNegative(at.child("initialDelaySeconds"), probe.initialDelaySeconds),
    ...nonNegative(at.child("timeoutSeconds"), probe.timeoutSeconds),
    ...nonNegative(at.child("periodSeconds"), probe.periodSeconds),
    ...nonNegative(at.child("successThreshold"), probe.successThreshold),
    ...nonNegative(at.child("failureThreshold"), probe.failureThreshold),
  ]);
  const grace = probe.terminationGracePeriodSeconds;
  if (grace !== undefined && grace <= 0)
    errors.push(invalidValue(at.child("terminationGracePeriodSeconds"), grace, "must be greater than 0"));
  return errors;
}

function validateLifecycle(
  lifecycle: Lifecycle | undefined,
  gracePeriod: number | undefined,
  at: FieldPath,
): FieldError[] {
  const errors: FieldError[] = [];
  if (lifecycle?.postStart !== undefined)
    pushAll(errors, validateHandler(lifecycle.postStart, gracePeriod, at.child("postStart")));
  if (lifecycle?.preStop !== undefined)
    pushAll(errors, validateHandler(lifecycle.preStop, gracePeriod, at.child("preStop")));
  return errors;
}

function validateHandler(handler: Handler, gracePeriod: number | undefined, at: FieldPath): FieldError[] {
  const given: [keyof Handler, () => FieldError[]][] = [];
  const { exec, httpGet, tcpSocket, grpc, sleep } = handler;
  if (exec !== undefined) given.push(["exec", () => present(at.child("exec", "command"), exec.command)]);
  if (httpGet !== undefined) given.push(["httpGet", () => validateHTTPGet(httpGet, at.child("httpGet"))]);
  if (tcpSocket !== undefined)
    given.push(["tcpSocket", () => portNumberOrName(at.child("tcpSocket", "port"), tcpSocket.port)]);
  if (grpc !== undefined) given.push(["grpc", () => portNumber(at.child("grpc", "port"), grpc.port)]);
  if (sleep !== undefined) given.push(["sleep", () => validateSleep(sleep, gracePeriod, at.child("sleep"))]);

  const [first, ...others] = given;
  if (first === undefined) return [required(at, "must specify a handler type")];
  return [
    ...first[1](),
    ...others.map(([kind]) => forbiddenField(at.child(kind), "may not specify more than 1 handler type")),
  ];
}

function validateHTTPGet(action: HTTPGetAction, at: FieldPath): FieldError[] {
  const errors = [...present(at.child("path"), action.path), ...portNumberOrName(at.child("port"), action.port)];
  if (action.scheme !== "HTTP" && action.scheme !== "HTTPS")
    errors.push(notSupported(at.child("scheme"), action.scheme ?? "", ["HTTP", "HTTPS"]));
  for (const { name } of action.httpHeaders ?? [])
    pushAll(errors, complaints(at.child("httpHeaders"), name, isHTTPHeaderName(name)));
  return errors;
}

/** A missing grace period is refused elsewhere; one complaint is enough. */
function validateSleep({ seconds = 0 }: SleepAction, gracePeriod: number | undefined, at: FieldPath): FieldError[] {
  if (gracePeriod === undefined || (seconds >= 0 && seconds <= gracePeriod)) return [];
  const why = `must be non-negative and less than terminationGracePeriodSeconds (${gracePeriod})`;
  return [invalidValue(at, seconds, why)];
}
