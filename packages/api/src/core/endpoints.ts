/** Endpoints, the older form of EndpointSlices. */

import {
  type FieldError,
  type FieldPath,
  invalidValue,
  isDNS1123Label,
  isQualifiedName,
  isValidPortNum,
  nameIsDNSSubdomain,
  notSupported,
  path,
  pushAll,
  required,
  validateIpLegacy,
} from "@kubets/apimachinery";
import { ageColumn, column, nameColumn, upToThree } from "../columns.ts";
import { define } from "../define.ts";
import type { EndpointAddress, EndpointPort, EndpointSubset, Endpoints } from "../generated/types.ts";
import { validateEndpointIP } from "../ip.ts";

/** Protocols that a port may have, as upstream lists them in messages. */
export const portProtocols: readonly string[] = ["SCTP", "TCP", "UDP"];

function setDefaults(endpoints: Endpoints): void {
  for (const subset of endpoints.subsets ?? []) for (const port of subset.ports ?? []) port.protocol ||= "TCP";
}

function validate(endpoints: Endpoints): FieldError[] {
  return (endpoints.subsets ?? []).flatMap((subset, index) => validateSubset(subset, path("subsets").index(index)));
}

function validateSubset(subset: EndpointSubset, at: FieldPath): FieldError[] {
  const { addresses = [], notReadyAddresses = [], ports = [] } = subset;
  const errors: FieldError[] = [];
  if (addresses.length === 0 && notReadyAddresses.length === 0) {
    errors.push(required(at, "must specify `addresses` or `notReadyAddresses`"));
  }
  pushAll(
    errors,
    addresses.flatMap((a, i) => validateAddress(a, at.child("addresses").index(i))),
  );
  pushAll(
    errors,
    notReadyAddresses.flatMap((a, i) => validateAddress(a, at.child("notReadyAddresses").index(i))),
  );
  pushAll(
    errors,
    ports.flatMap((port, i) => validatePort(port, ports.length > 1, at.child("ports").index(i))),
  );
  return errors;
}

function validateAddress(address: EndpointAddress, at: FieldPath): FieldError[] {
  const { ip, hostname, nodeName } = address;
  const complain = (field: string, value: string, complaints: string[]) =>
    complaints.map((why) => invalidValue(at.child(field), value, why));
  return [
    ...validateIpLegacy(ip ?? "", at.child("ip")),
    ...(hostname ? complain("hostname", hostname, isDNS1123Label(hostname)) : []),
    ...(nodeName === undefined ? [] : complain("nodeName", nodeName, nameIsDNSSubdomain(nodeName, false))),
    ...validateEndpointIP(ip ?? "", at.child("ip")),
  ];
}

function validatePort(port: EndpointPort, needsName: boolean, at: FieldPath): FieldError[] {
  const { name, protocol, appProtocol } = port;
  const errors: FieldError[] = [];
  if (name)
    pushAll(
      errors,
      isDNS1123Label(name).map((why) => invalidValue(at.child("name"), name, why)),
    );
  else if (needsName) errors.push(required(at.child("name")));
  for (const why of isValidPortNum(port.port)) errors.push(invalidValue(at.child("port"), port.port, why));
  if (!protocol) errors.push(required(at.child("protocol")));
  else if (!portProtocols.includes(protocol)) errors.push(notSupported(at.child("protocol"), protocol, portProtocols));
  if (appProtocol !== undefined) {
    for (const why of isQualifiedName(appProtocol))
      errors.push(invalidValue(at.child("appProtocol"), appProtocol, why));
  }
  return errors;
}

function endpointsText(endpoints: Endpoints): string {
  const subsets = endpoints.subsets ?? [];
  if (subsets.length === 0) return "<none>";
  const all = subsets.flatMap(({ addresses = [], ports = [] }) => {
    const hosts = addresses.map(({ ip = "" }) => ip);
    if (ports.length === 0) return hosts;
    return ports.flatMap(({ port }) => hosts.map((ip) => (ip.includes(":") ? `[${ip}]:${port}` : `${ip}:${port}`)));
  });
  return upToThree(all, "");
}

export const endpointsDefinition = define<Endpoints>("", "v1", "endpoints", {
  shortNames: ["ep"],
  storagePath: "services/endpoints",
  strategy: {
    setDefaults,
    validate,
    validateUpdate: validate,
    warnings: () => ["v1 Endpoints is deprecated in v1.33+; use discovery.k8s.io/v1 EndpointSlice"],
    allowCreateOnUpdate: true,
  },
  columns: [nameColumn, column("Endpoints", endpointsText), ageColumn],
});
