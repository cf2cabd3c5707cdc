export {
  type Answer,
  ClusterZone,
  type RecordType,
  type ResourceRecord,
  type ServiceDirectory,
} from "./cluster-zone.ts";
export { InformerDirectory } from "./directory.ts";
export { DnsServer, type DnsServerOptions } from "./dns-server.ts";
export { createForwarder, type Forwarder, noForwarder, resolversOf } from "./forwarder.ts";
export { Responder } from "./responder.ts";
