export * from "./controller-manager.ts";
export { deploymentController } from "./deployment/deployment-controller.ts";
export { replicaSetController, replicationController } from "./replicaset/definition.ts";
export type * from "./runtime/context.ts";
export * from "./runtime/controller.ts";
