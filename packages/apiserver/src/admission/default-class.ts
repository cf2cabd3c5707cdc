/** The class that an object gets whose author named none: storage classes for claims, ingress classes for ingresses. */

import type { Ingress, IngressClass, PersistentVolumeClaim, StorageClass } from "@kubets/api";
import { type KubeObject, parseTime } from "@kubets/apimachinery";
import { onlyAbout } from "./errors.ts";
import type { Lister } from "./lister.ts";
import type { AdmissionPlugin } from "./plugin.ts";

const storageClassDefaults = [
  "storageclass.kubernetes.io/is-default-class",
  "storageclass.beta.kubernetes.io/is-default-class",
];
const ingressClassDefaults = ["ingressclass.kubernetes.io/is-default-class"];
/** The class of a claim before there was a field for it. */
export const storageClassAnnotation = "volume.beta.kubernetes.io/storage-class";
const ingressClassAnnotation = "kubernetes.io/ingress.class";

/** Source: kubernetes' plugin/pkg/admission/storage/storageclass/setdefault. */
export function defaultStorageClass(classes: Lister<StorageClass>): AdmissionPlugin {
  return {
    name: "DefaultStorageClass",
    handles: (operation) => operation === "CREATE",
    concerns: onlyAbout("", "persistentvolumeclaims"),
    mutate({ object }) {
      const { spec, metadata } = object as PersistentVolumeClaim;
      if (spec === undefined || spec.storageClassName !== undefined) return;
      if (Object.hasOwn(metadata?.annotations ?? {}, storageClassAnnotation)) return;
      const found = newestDefault(classes, storageClassDefaults);
      if (found !== undefined) spec.storageClassName = found;
    },
  };
}

/** Source: kubernetes' plugin/pkg/admission/network/defaultingressclass. */
export function defaultIngressClass(classes: Lister<IngressClass>): AdmissionPlugin {
  return {
    name: "DefaultIngressClass",
    handles: (operation) => operation === "CREATE",
    concerns: onlyAbout("networking.k8s.io", "ingresses"),
    mutate({ object }) {
      const ingress = object as Ingress;
      if (ingress.spec?.ingressClassName !== undefined) return;
      if (Object.hasOwn(ingress.metadata?.annotations ?? {}, ingressClassAnnotation)) return;
      const found = newestDefault(classes, ingressClassDefaults);
      if (found !== undefined) ingress.spec = { ...ingress.spec, ingressClassName: found };
    },
  };
}

/** Of several defaults the newest, so that one can be replaced without a gap; of the same second the first by name. */
function newestDefault(classes: Lister<KubeObject>, annotations: readonly string[]): string | undefined {
  const defaults = [...classes.in("").values()].filter(({ metadata }) =>
    annotations.some((annotation) => metadata?.annotations?.[annotation] === "true"),
  );
  const madeAt = ({ metadata }: KubeObject) => parseTime(metadata?.creationTimestamp ?? "1970-01-01T00:00:00Z");
  const nameOf = ({ metadata }: KubeObject) => metadata?.name ?? "";
  defaults.sort((a, b) => madeAt(b) - madeAt(a) || (nameOf(a) < nameOf(b) ? -1 : 1));
  return defaults[0]?.metadata?.name;
}
