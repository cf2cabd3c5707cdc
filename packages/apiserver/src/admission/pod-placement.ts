/** Plugins off by default that bound where pods may go: by anti-affinity, by their namespace's node selector, by the devices they ask for. */

import { type Namespace, namespaces, type Pod } from "@kubets/api";
import { forbidden, notFound, StatusError } from "@kubets/apimachinery";
import type { ObjectReader } from "../reader/object-reader.ts";
import { onlyAbout } from "./errors.ts";
import type { Lister } from "./lister.ts";
import type { AdmissionPlugin } from "./plugin.ts";

const podResource = { group: "", resource: "pods" };
const hostname = "kubernetes.io/hostname";

/** Source: kubernetes' plugin/pkg/admission/antiaffinity. */
export const limitPodHardAntiAffinityTopology: AdmissionPlugin = {
  name: "LimitPodHardAntiAffinityTopology",
  handles: (operation) => operation === "CREATE" || operation === "UPDATE",
  concerns: onlyAbout("", "pods"),
  validate({ object }) {
    const pod = object as Pod;
    const terms = pod.spec?.affinity?.podAntiAffinity?.requiredDuringSchedulingIgnoredDuringExecution ?? [];
    const other = terms.find(({ topologyKey }) => topologyKey !== hostname);
    if (other === undefined) return;
    const why = `affinity.PodAntiAffinity.RequiredDuringScheduling has TopologyKey ${other.topologyKey} but only key ${hostname} is allowed`;
    throw forbidden(podResource, pod.metadata?.name ?? "", why);
  },
};

/** Nodes with devices are tainted with the devices' name, and pods that ask for them tolerate it. Source: plugin/pkg/admission/extendedresourcetoleration. */
export const extendedResourceToleration: AdmissionPlugin = {
  name: "ExtendedResourceToleration",
  handles: (operation) => operation === "CREATE" || operation === "UPDATE",
  concerns: onlyAbout("", "pods"),
  mutate({ object }) {
    const { spec } = object as Pod;
    if (spec === undefined) return;
    const asked = new Set<string>();
    for (const { resources } of [...(spec.containers ?? []), ...(spec.initContainers ?? [])])
      for (const name of Object.keys(resources?.requests ?? {})) if (isExtendedResource(name)) asked.add(name);
    for (const key of [...asked].sort()) {
      const isThere = spec.tolerations?.some(
        (each) => each.key === key && each.effect === "NoSchedule" && each.operator === "Exists" && !each.value,
      );
      if (!isThere) spec.tolerations = [...(spec.tolerations ?? []), { key, operator: "Exists", effect: "NoSchedule" }];
    }
  },
};

function isExtendedResource(name: string): boolean {
  return name.includes("/") && !name.includes("kubernetes.io/") && !name.startsWith("requests.");
}

const selectorAnnotation = "scheduler.alpha.kubernetes.io/node-selector";
const clusterDefault = "clusterDefaultNodeSelector";
type Labels = Readonly<Record<string, string>>;

/**
 * A namespace's pods go to its nodes. Source: kubernetes' plugin/pkg/admission/podnodeselector.
 * @param selectors of `podNodeSelectorPluginConfig`: by namespace what its pods may ask for, and `clusterDefaultNodeSelector`
 */
export function podNodeSelector(
  lister: Lister<Namespace>,
  reader: ObjectReader,
  selectors: Labels = {},
): AdmissionPlugin {
  const selectorOf = ({ metadata }: Namespace) =>
    parseSelector(metadata?.annotations?.[selectorAnnotation] ?? selectors[clusterDefault] ?? "");
  const check = (pod: Pod, wanted: Labels, namespace: string) => {
    const own = pod.spec?.nodeSelector ?? {};
    const refuse = (why: string) => forbidden(podResource, pod.metadata?.name ?? "", why);
    if (conflict(wanted, own)) throw refuse("pod node label selector conflicts with its namespace node label selector");
    const allowed = parseSelector(selectors[namespace] ?? "");
    const isWithin = Object.keys(allowed).length === 0 || Object.entries(own).every(([key, v]) => allowed[key] === v);
    if (!isWithin) throw refuse("pod node label selector labels conflict with its namespace whitelist");
  };
  const withNamespace = (name: string, then: (namespace: Namespace) => void) => {
    const known = lister.get("", name);
    if (known !== undefined) return then(known);
    return reader.get(namespaces, "", name).then((found) => {
      if (found === undefined) throw notFound({ group: "", resource: "namespaces" }, name);
      then(found);
    });
  };
  return {
    name: "PodNodeSelector",
    handles: (operation) => operation === "CREATE",
    concerns: onlyAbout("", "pods"),
    mutate: ({ object, namespace }) =>
      withNamespace(namespace, (found) => {
        const pod = object as Pod;
        const wanted = selectorOf(found);
        if (conflict(wanted, pod.spec?.nodeSelector ?? {})) check(pod, wanted, namespace);
        if (pod.spec !== undefined && Object.keys(wanted).length > 0)
          pod.spec.nodeSelector = { ...wanted, ...pod.spec.nodeSelector };
        check(pod, wanted, namespace);
      }),
    validate: ({ object, namespace }) =>
      withNamespace(namespace, (found) => check(object as Pod, selectorOf(found), namespace)),
  };
}

function conflict(a: Labels, b: Labels): boolean {
  return Object.entries(a).some(([key, value]) => Object.hasOwn(b, key) && b[key] !== value);
}

/** `a=b,c=d`. Source: apimachinery's labels.ConvertSelectorToLabelsMap. */
function parseSelector(text: string): Labels {
  if (text === "") return {};
  return Object.fromEntries(
    text.split(",").map((part) => {
      const pair = part.split("=");
      if (pair.length !== 2) throw new StatusError(500, "Unknown", `invalid selector: ${part}`);
      return [pair[0]!.trim(), pair[1]!.trim()];
    }),
  );
}
