/** Ports of a Service. Source: validateServicePort and the checks for duplicates in ValidateService. */

import { duplicate, type FieldError, type FieldPath, forbiddenField, pushAll, required } from "@kubets/apimachinery";
import type { ServicePort, ServiceSpec } from "../generated/types.ts";
import { portProtocols } from "./container-ports-validation.ts";
import { dnsLabel, oneOf, portNumber, portNumberOrName, qualifiedName } from "./pod-field-checks.ts";

export function validateServicePorts({ type, ports = [] }: ServiceSpec, at: FieldPath): FieldError[] {
  const names = new Set<string>();
  return [
    ...ports.flatMap((port, i) => validatePort(port, ports.length > 1, names, at.index(i))),
    ...(type === "ClusterIP" ? nodePortsForbidden(ports, at) : []),
    ...duplicateNodePorts(ports, at),
    ...duplicatePorts(ports, at),
  ];
}

function validatePort(port: ServicePort, needsName: boolean, names: Set<string>, at: FieldPath): FieldError[] {
  const errors: FieldError[] = [];
  if (port.name) {
    pushAll(errors, dnsLabel(at.child("name"), port.name));
    if (names.has(port.name)) errors.push(duplicate(at.child("name"), port.name));
    names.add(port.name);
  } else if (needsName) {
    errors.push(required(at.child("name")));
  }
  return [
    ...errors,
    ...portNumber(at.child("port"), port.port),
    ...oneOf(at.child("protocol"), port.protocol, portProtocols),
    ...portNumberOrName(at.child("targetPort"), port.targetPort),
    ...(port.appProtocol === undefined ? [] : qualifiedName(at.child("appProtocol"), port.appProtocol)),
  ];
}

function nodePortsForbidden(ports: readonly ServicePort[], at: FieldPath): FieldError[] {
  return ports.flatMap(({ nodePort }, i) =>
    nodePort ? [forbiddenField(at.index(i).child("nodePort"), "may not be used when `type` is 'ClusterIP'")] : [],
  );
}

function duplicateNodePorts(ports: readonly ServicePort[], at: FieldPath): FieldError[] {
  const seen = new Set<string>();
  return ports.flatMap(({ protocol, nodePort }, i) => {
    if (!nodePort) return [];
    const key = `${protocol}/${nodePort}`;
    if (seen.has(key)) return [duplicate(at.index(i).child("nodePort"), nodePort)];
    seen.add(key);
    return [];
  });
}

function duplicatePorts(ports: readonly ServicePort[], at: FieldPath): FieldError[] {
  const seen = new Set<string>();
  return ports.flatMap(({ protocol, port }, i) => {
    const key = `${protocol}/${port}`;
    if (seen.has(key)) return [duplicate(at.index(i), { protocol, port })];
    seen.add(key);
    return [];
  });
}
