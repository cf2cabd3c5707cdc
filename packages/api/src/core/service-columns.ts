/** How `kubectl get services` shows a Service. Source: printService in pkg/printers/internalversion. */

import { ageColumn, column, formatLabels, nameColumn } from "../columns.ts";
import type { Column } from "../definition.ts";
import type { Service } from "../generated/types.ts";

function loadBalancerAddresses(service: Service): string[] {
  const found = (service.status?.loadBalancer?.ingress ?? []).map(({ ip, hostname }) => ip || hostname || "");
  return [...new Set(found.filter((each) => each !== ""))].sort();
}

/** Where it is reached from outside. */
function externalAddress(service: Service): string {
  const { type, externalIPs = [], externalName = "" } = service.spec ?? {};
  switch (type) {
    case "ClusterIP":
    case "NodePort":
      return externalIPs.join(",") || "<none>";
    case "LoadBalancer":
      return [...loadBalancerAddresses(service), ...externalIPs].join(",") || "<pending>";
    case "ExternalName":
      return externalName;
    default:
      return "<unknown>";
  }
}

/** `80/TCP`, `80:30080/TCP`. */
function ports(service: Service): string {
  const list = (service.spec?.ports ?? []).map(({ port, nodePort, protocol }) =>
    nodePort ? `${port}:${nodePort}/${protocol}` : `${port}/${protocol}`,
  );
  return list.join(",") || "<none>";
}

export const serviceColumns: readonly Column<Service>[] = [
  nameColumn,
  column("Type", (service: Service) => service.spec?.type ?? ""),
  column("Cluster-IP", (service: Service) => service.spec?.clusterIPs?.[0] ?? "<none>"),
  column("External-IP", externalAddress),
  column("Port(s)", ports),
  ageColumn,
  column("Selector", (service: Service) => formatLabels(service.spec?.selector), { wide: true }),
];
