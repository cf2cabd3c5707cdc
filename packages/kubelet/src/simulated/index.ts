export { SimulatedNodes, type SimulatedNodesOptions, type SimulatedResources } from "./simulated-nodes.ts";
export {
  noLatencies,
  type SimulatedBehaviour,
  type SimulatedLatencies,
  SimulatedRuntime,
  type SimulatedRuntimeOptions,
} from "./simulated-runtime.ts";
