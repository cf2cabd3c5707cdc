import type { ControllerDefinition } from "../runtime/context.ts";
import { ReplicaController } from "./replica-controller.ts";
import { replicaSetKind, replicationControllerKind } from "./replica-owner.ts";

export const replicaSetController: ControllerDefinition = {
  name: "replicaset-controller",
  serviceAccount: "replicaset-controller",
  create: (context) => new ReplicaController(context, replicaSetKind),
};

export const replicationController: ControllerDefinition = {
  name: "replicationcontroller-controller",
  serviceAccount: "replication-controller",
  create: (context) => new ReplicaController(context, replicationControllerKind),
};
