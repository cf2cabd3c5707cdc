/** Container ports. Source: validateContainerPorts, checkHostPortConflicts. */

import {
  duplicate,
  type FieldError,
  type FieldPath,
  invalidValue,
  isValidPortName,
  pushAll,
  required,
} from "@kubets/apimachinery";
import type { Container, ContainerPort } from "../generated/types.ts";
import { oneOf, portNumber } from "./pod-field-checks.ts";

export const portProtocols = ["SCTP", "TCP", "UDP"] as const;

export function validateContainerPorts(ports: readonly ContainerPort[] | undefined, at: FieldPath): FieldError[] {
  const errors: FieldError[] = [];
  const names = new Set<string>();
  for (const [i, port] of (ports ?? []).entries()) {
    const here = at.index(i);
    pushAll(errors, validatePortName(port.name, names, here.child("name")));
    if (!port.containerPort) errors.push(required(here.child("containerPort")));
    else pushAll(errors, portNumber(here.child("containerPort"), port.containerPort));
    if (port.hostPort) pushAll(errors, portNumber(here.child("hostPort"), port.hostPort));
    pushAll(errors, oneOf(here.child("protocol"), port.protocol, portProtocols));
  }
  return errors;
}

function validatePortName(name: string | undefined, taken: Set<string>, at: FieldPath): FieldError[] {
  if (!name) return [];
  const wrong = isValidPortName(name);
  if (wrong.length > 0) return wrong.map((text) => invalidValue(at, name, text));
  if (taken.has(name)) return [duplicate(at, name)];
  taken.add(name);
  return [];
}

/** Two containers that would take the same port of the node. */
export function hostPortConflicts(containers: readonly Container[], at: FieldPath): FieldError[] {
  const errors: FieldError[] = [];
  const taken = new Set<string>();
  for (const [c, container] of containers.entries())
    for (const [p, port] of (container.ports ?? []).entries()) {
      if (!port.hostPort) continue;
      const key = `${port.protocol ?? ""}/${port.hostIP ?? ""}/${port.hostPort}`;
      if (taken.has(key)) errors.push(duplicate(at.index(c).child("ports").index(p).child("hostPort"), key));
      taken.add(key);
    }
  return errors;
}
