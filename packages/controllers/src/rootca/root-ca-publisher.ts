/** Every namespace has the cluster's CA in a ConfigMap, for pods to verify the API server with. Behaviour of upstream's pkg/controller/certificates/rootcacertpublisher. */

import { type ConfigMap, configMaps, type Namespace, namespaces } from "@kubets/api";
import { clone, deepEqual, isAlreadyExists, keyOf } from "@kubets/apimachinery";
import type { ControllerContext, ControllerDefinition } from "../runtime/context.ts";
import { Controller, isNamespaceTerminating, type Runnable } from "../runtime/controller.ts";

const rootCAConfigMap = "kube-root-ca.crt";
const descriptionAnnotation = "kubernetes.io/description";
const description =
  "Contains a CA bundle that can be used to verify the kube-apiserver when using internal endpoints such as the internal service IP or kubernetes.default.svc. " +
  "No other usage is guaranteed across distributions of Kubernetes clusters.";

function create(context: ControllerContext, rootCA: string): Runnable {
  const data = { "ca.crt": rootCA };
  const namespaceInformer = context.informers.informer(namespaces);
  const maps = context.informers.informer(configMaps, { fieldSelector: `metadata.name=${rootCAConfigMap}` });
  const controller = new Controller({
    name: "root-ca-certificate-publisher-controller",
    queueName: "root_ca_cert_publisher",
    clock: context.clock,
    logger: context.logger,
    meters: context.meters,
    async reconcile(key, signal) {
      const namespace = namespaceInformer.lister.getByKey(key);
      if (namespace === undefined || namespace.status?.phase === "Terminating") return undefined;
      const client = context.client.resource(configMaps).namespace(key);
      const current = maps.lister.get(key, rootCAConfigMap);
      if (current === undefined) {
        const metadata = {
          name: rootCAConfigMap,
          namespace: key,
          annotations: { [descriptionAnnotation]: description },
        };
        try {
          await client.create({ metadata, data }, { signal });
        } catch (error) {
          if (!isAlreadyExists(error) && !isNamespaceTerminating(error)) throw error;
        }
        return undefined;
      }
      if (deepEqual(current.data, data) && current.metadata?.annotations?.[descriptionAnnotation] !== undefined)
        return undefined;
      const next = clone(current);
      next.metadata = {
        ...next.metadata,
        annotations: { ...next.metadata?.annotations, [descriptionAnnotation]: description },
      };
      await client.update({ ...next, data }, { signal });
      return undefined;
    },
  });
  const enqueue = (namespace: Namespace) => controller.enqueue(keyOf(namespace));
  const repair = (map: ConfigMap) => controller.enqueue(map.metadata?.namespace ?? "");
  namespaceInformer.addHandler({ add: enqueue, update: (_, namespace) => enqueue(namespace) });
  maps.addHandler({ update: (_, map) => repair(map), delete: repair });
  return controller;
}

/** `rootCA` is PEM. */
export function rootCAPublisher(rootCA: string): ControllerDefinition {
  return {
    name: "root-ca-certificate-publisher-controller",
    serviceAccount: "root-ca-cert-publisher",
    create: (context) => create(context, rootCA),
  };
}
