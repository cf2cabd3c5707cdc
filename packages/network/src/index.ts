export * from "./cni-config.ts";
export { CniWriter, type CniWriterOptions } from "./cni-writer.ts";
export { NodeRoutes, type NodeRoutesOptions, type RouteTable } from "./node-routes.ts";
