/** EndpointSlice: up to 1000 endpoints of one address family; the family never changes. */

import {
  duplicate,
  type FieldError,
  type FieldPath,
  invalidValue,
  isDNS1123Label,
  isDNS1123Subdomain,
  isQualifiedName,
  isValidLabelValue,
  nameIsDNSSubdomain,
  notSupported,
  path,
  pushAll,
  required,
  seenBefore,
  tooMany,
  validateImmutableField,
  validateLabels,
} from "@kubets/apimachinery";
import { ageColumn, column, nameColumn, upToThree } from "../columns.ts";
import { portProtocols } from "../core/endpoints.ts";
import { define } from "../define.ts";
import type { Strategy } from "../definition.ts";
import type { DiscoveryEndpointPort, Endpoint, EndpointHints, EndpointSlice } from "../generated/types.ts";
import { validateEndpointIP, validateIPv4, validateIPv6 } from "../ip.ts";
import { specStrategy } from "../strategy.ts";

const limits = { endpoints: 1000, addresses: 100, ports: 20000, topologyLabels: 16, hints: 8 };
const addressTypes = ["FQDN", "IPv4", "IPv6"];

const rules: Strategy<EndpointSlice> = {
  setDefaults(slice) {
    for (const port of slice.ports ?? []) {
      port.name ??= "";
      port.protocol ??= "TCP";
    }
  },
  validate,
  validateUpdate: (slice, old) => [
    ...validate(slice),
    ...validateImmutableField(slice.addressType, old.addressType, path("addressType")),
  ],
};

function validate(slice: EndpointSlice): FieldError[] {
  const { addressType = "", endpoints = [], ports = [] } = slice;
  const errors: FieldError[] = [];
  if (addressType === "") errors.push(required(path("addressType")));
  else if (!addressTypes.includes(addressType)) {
    errors.push(notSupported(path("addressType"), addressType, addressTypes));
  }
  if (endpoints.length > limits.endpoints) {
    errors.push(tooMany(path("endpoints"), endpoints.length, limits.endpoints));
  } else {
    pushAll(
      errors,
      endpoints.flatMap((e, i) => validateEndpoint(e, addressType, path("endpoints").index(i))),
    );
  }
  if (ports.length > limits.ports) return [...errors, tooMany(path("ports"), ports.length, limits.ports)];
  const seen = seenBefore<string>();
  return [...errors, ...ports.flatMap((port, i) => validatePort(port, seen(port.name ?? ""), path("ports").index(i)))];
}

function validateEndpoint(endpoint: Endpoint, addressType: string, at: FieldPath): FieldError[] {
  const { addresses = [], nodeName, hostname, deprecatedTopology = {}, hints } = endpoint;
  const where = at.child("addresses");
  const errors: FieldError[] = [];
  if (addresses.length === 0) errors.push(required(where, "must contain at least 1 address"));
  else if (addresses.length > limits.addresses) errors.push(tooMany(where, addresses.length, limits.addresses));
  pushAll(
    errors,
    addresses.flatMap((address, i) => validateAddress(address, addressType, where.index(i))),
  );
  if (nodeName !== undefined) {
    for (const why of nameIsDNSSubdomain(nodeName, false))
      errors.push(invalidValue(at.child("nodeName"), nodeName, why));
  }
  const topology = at.child("deprecatedTopology");
  const count = Object.keys(deprecatedTopology).length;
  if (count > limits.topologyLabels) errors.push(tooMany(topology, count, limits.topologyLabels));
  pushAll(errors, validateLabels(deprecatedTopology, topology));
  if (hostname !== undefined) {
    for (const why of isDNS1123Label(hostname)) errors.push(invalidValue(at.child("hostname"), hostname, why));
  }
  if (hints !== undefined) pushAll(errors, validateHints(hints, at.child("hints")));
  return errors;
}

function validateAddress(address: string, addressType: string, at: FieldPath): FieldError[] {
  switch (addressType) {
    case "IPv4":
      return [...validateIPv4(address, at), ...validateEndpointIP(address, at)];
    case "IPv6":
      return [...validateIPv6(address, at), ...validateEndpointIP(address, at)];
    case "FQDN":
      return validateFqdn(address, at);
    default:
      return [];
  }
}

function validateFqdn(name: string, at: FieldPath): FieldError[] {
  if (name === "") return [required(at)];
  const trimmed = name.endsWith(".") ? name.slice(0, -1) : name;
  const complaints = isDNS1123Subdomain(trimmed);
  if (complaints.length > 0) return [invalidValue(at, name, complaints.join(","))];
  if (trimmed.includes(".")) return [];
  return [invalidValue(at, name, "should be a domain with at least two segments separated by dots")];
}

function validateHints(hints: EndpointHints, at: FieldPath): FieldError[] {
  return (["forZones", "forNodes"] as const).flatMap((field) => {
    const list = hints[field] ?? [];
    const where = at.child(field);
    if (list.length > limits.hints) return [tooMany(where, list.length, limits.hints)];
    const seen = seenBefore<string>();
    return list.flatMap(({ name = "" }, i) => {
      const complaints = field === "forZones" ? isValidLabelValue(name) : nameIsDNSSubdomain(name, false);
      const errors = complaints.map((why) => invalidValue(where.index(i).child("name"), name, why));
      return seen(name) ? [duplicate(where.index(i).child("name"), name), ...errors] : errors;
    });
  });
}

function validatePort(port: DiscoveryEndpointPort, isRepeated: boolean, at: FieldPath): FieldError[] {
  const { name = "", protocol, appProtocol } = port;
  const errors: FieldError[] = [];
  if (name !== "") for (const why of isDNS1123Label(name)) errors.push(invalidValue(at.child("name"), name, why));
  if (isRepeated) errors.push(duplicate(at.child("name"), name));
  if (protocol === undefined) errors.push(required(at.child("protocol")));
  else if (!portProtocols.includes(protocol)) errors.push(notSupported(at.child("protocol"), protocol, portProtocols));
  if (appProtocol !== undefined) {
    for (const why of isQualifiedName(appProtocol))
      errors.push(invalidValue(at.child("appProtocol"), appProtocol, why));
  }
  return errors;
}

function portsText(slice: EndpointSlice): string {
  const texts = (slice.ports ?? []).map((port) => (port.port === undefined ? (port.name ?? "*") : String(port.port)));
  return upToThree(texts, "<unset>");
}

export const endpointSliceDefinition = define<EndpointSlice>("discovery.k8s.io", "v1", "endpointslices", {
  strategy: specStrategy(rules, {
    status: false,
    generationOf: ["addressType", "endpoints", "ports", "metadata.labels"],
  }),
  columns: [
    nameColumn,
    column("AddressType", (slice: EndpointSlice) => slice.addressType ?? ""),
    column("Ports", portsText),
    column("Endpoints", (slice: EndpointSlice) =>
      upToThree(
        (slice.endpoints ?? []).flatMap((endpoint) => endpoint.addresses),
        "<unset>",
      ),
    ),
    ageColumn,
  ],
});
