/** Which of its own labels a node may change. Source: kubelet's pkg/apis/well_known_labels.go, KEP-279. */

const allowedLabels = new Set([
  "kubernetes.io/hostname",
  "kubernetes.io/arch",
  "kubernetes.io/os",
  "beta.kubernetes.io/arch",
  "beta.kubernetes.io/os",
  "beta.kubernetes.io/instance-type",
  "node.kubernetes.io/instance-type",
  "failure-domain.beta.kubernetes.io/zone",
  "failure-domain.beta.kubernetes.io/region",
  "failure-domain.kubernetes.io/zone",
  "failure-domain.kubernetes.io/region",
  "topology.kubernetes.io/zone",
  "topology.kubernetes.io/region",
  "node.kubernetes.io/windows-build",
]);

const allowedNamespaces = ["kubelet.kubernetes.io", "node.kubernetes.io"];
const restricted = "node-restriction.kubernetes.io";

type Labels = Readonly<Record<string, string>>;

/** Labels that differ and that a node may not set, sorted: those of Kubernetes it does not own, and those kept from nodes. */
export function forbiddenNodeLabels(labels: Labels, old: Labels): string[] {
  const keys = new Set([...Object.keys(labels), ...Object.keys(old)]);
  return [...keys].filter((key) => labels[key] !== old[key] && isForbidden(key)).sort();
}

function isForbidden(key: string): boolean {
  const slash = key.indexOf("/");
  const namespace = slash < 0 ? "" : key.slice(0, slash);
  if (isIn(namespace, restricted)) return true;
  const isKubernetes = isIn(namespace, "kubernetes.io") || isIn(namespace, "k8s.io");
  const isKubelets = allowedLabels.has(key) || allowedNamespaces.some((allowed) => isIn(namespace, allowed));
  return isKubernetes && !isKubelets;
}

function isIn(namespace: string, parent: string): boolean {
  return namespace === parent || namespace.endsWith(`.${parent}`);
}
