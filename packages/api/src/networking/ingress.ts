/** Ingress and IngressClass. */

import { ageColumn, column, nameColumn } from "../columns.ts";
import { define } from "../define.ts";
import type { Ingress, IngressClass } from "../generated/types.ts";
import { specStrategy, statusStrategy } from "../strategy.ts";
import {
  validateIngress,
  validateIngressClass,
  validateIngressClassUpdate,
  validateIngressStatus,
  validateIngressUpdate,
} from "./ingress-validation.ts";

const group = "networking.k8s.io";
function hostsText(ingress: Ingress): string {
  const rules = ingress.spec?.rules ?? [];
  const hosts: string[] = [];
  let more = false;
  for (const { host } of rules) {
    if (hosts.length === 3) more = true;
    if (!more && host) hosts.push(host);
  }
  if (hosts.length === 0) return "*";
  return more ? `${hosts.join(",")} + ${rules.length - 3} more...` : hosts.join(",");
}

/** All addresses; upstream cuts the text at 16 characters without `-o wide`, which a cell cannot know of. */
function addressText(ingress: Ingress): string {
  const points = ingress.status?.loadBalancer?.ingress ?? [];
  const texts = points.map((point) => point.ip || point.hostname || "");
  return [...new Set(texts.filter((text) => text !== ""))].sort().join(",");
}

export const ingressDefinition = define<Ingress>(group, "v1", "ingresses", {
  shortNames: ["ing"],
  storagePath: "ingress",
  strategy: specStrategy<Ingress>({ validate: validateIngress, validateUpdate: validateIngressUpdate }),
  status: statusStrategy<Ingress>({ validate: validateIngressStatus }),
  columns: [
    nameColumn,
    column("Class", (ingress: Ingress) => ingress.spec?.ingressClassName ?? "<none>"),
    column("Hosts", hostsText),
    column("Address", addressText),
    column("Ports", (ingress: Ingress) => ((ingress.spec?.tls ?? []).length > 0 ? "80, 443" : "80")),
    ageColumn,
  ],
});

function parametersText(ingressClass: IngressClass): string {
  const parameters = ingressClass.spec?.parameters;
  if (parameters === undefined) return "<none>";
  const { apiGroup, kind, name } = parameters;
  return `${kind}${apiGroup === undefined ? "" : `.${apiGroup}`}/${name}`;
}

export const ingressClassDefinition = define<IngressClass>(group, "v1", "ingressclasses", {
  strategy: specStrategy<IngressClass>(
    {
      setDefaults({ spec }) {
        if (spec?.parameters !== undefined) spec.parameters.scope ??= "Cluster";
      },
      validate: validateIngressClass,
      validateUpdate: validateIngressClassUpdate,
    },
    { status: false },
  ),
  columns: [
    nameColumn,
    column("Controller", (ingressClass: IngressClass) => ingressClass.spec?.controller ?? ""),
    column("Parameters", parametersText),
    ageColumn,
  ],
});
