/** Every namespace has a service account named default. Behaviour of upstream's pkg/controller/serviceaccount. */

import { type Namespace, namespaces, serviceAccounts } from "@kubets/api";
import { isAlreadyExists, keyOf } from "@kubets/apimachinery";
import type { ControllerContext, ControllerDefinition } from "../runtime/context.ts";
import { Controller, isNamespaceTerminating, type Runnable } from "../runtime/controller.ts";

const accountNames = ["default"];

function create(context: ControllerContext): Runnable {
  const namespaceInformer = context.informers.informer(namespaces);
  const accounts = context.informers.informer(serviceAccounts);
  const controller = new Controller({
    name: "serviceaccount-controller",
    queueName: "serviceaccount",
    clock: context.clock,
    logger: context.logger,
    meters: context.meters,
    async reconcile(key, signal) {
      const namespace = namespaceInformer.lister.getByKey(key);
      if (namespace === undefined || namespace.status?.phase === "Terminating") return undefined;
      for (const name of accountNames) {
        if (accounts.lister.get(key, name) !== undefined) continue;
        try {
          await context.client
            .resource(serviceAccounts)
            .namespace(key)
            .create({ metadata: { name, namespace: key } }, { signal });
        } catch (error) {
          if (!isAlreadyExists(error) && !isNamespaceTerminating(error)) throw error;
        }
      }
      return undefined;
    },
  });
  const enqueue = (namespace: Namespace) => controller.enqueue(keyOf(namespace));
  namespaceInformer.addHandler({ add: enqueue, update: (_, namespace) => enqueue(namespace) });
  accounts.addHandler({ delete: (account) => controller.enqueue(account.metadata?.namespace ?? "") });
  return controller;
}

export const serviceAccountController: ControllerDefinition = {
  name: "serviceaccount-controller",
  serviceAccount: "service-account-controller",
  create,
};
