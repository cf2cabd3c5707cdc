import type { Descriptions } from "./description.ts";

export const discoveryV1: Descriptions = {
  Endpoint: {
    about: "One backend of a Service, such as a pod.",
    fields: {
      addresses: "Its addresses, of the slice's addressType. Consumers use the first; they mean the same.",
      conditions: "Whether it can be sent traffic.",
      deprecatedTopology: "Labels of its place, as the beta form had them.",
      hints: "Who should use it.",
      hostname: "Its name within the Service's domain.",
      nodeName: "The node it is on.",
      targetRef: "The object that it is, such as a pod.",
      zone: "The zone it is in.",
    },
  },
  EndpointConditions: {
    about: "Whether a backend can be sent traffic. What is not said is to be taken as so, terminating aside.",
    fields: {
      ready:
        "Whether it takes new connections: it serves and does not terminate, or the Service publishes those not ready too.",
      serving: "Whether it answers, also while it ends.",
      terminating: "Whether it is ending.",
    },
  },
  EndpointHints: {
    about: "Who should use a backend.",
    fields: { forNodes: "On which nodes. At most 8.", forZones: "In which zones. At most 8." },
  },
  EndpointPort: {
    about: "A port of all backends of a slice.",
    fields: {
      appProtocol: "The protocol on top, such as kubernetes.io/h2c or https.",
      name: "Its name, as in the Service. Empty only when it is the only one.",
      port: "Its number. Without it any port.",
      protocol: "TCP (default), UDP or SCTP.",
    },
  },
  EndpointSlice: {
    about:
      "Some of the backends of a Service. All slices labelled kubernetes.io/service-name with its name together are all of them.",
    fields: {
      addressType: "IPv4, IPv6 or FQDN. Cannot be changed.",
      endpoints: "The backends. At most 1000.",
      ports: "The ports that each of them has. At most 100.",
    },
  },
  ForNode: { about: "A node whose clients should use a backend.", fields: { name: "Its name." } },
  ForZone: { about: "A zone whose clients should use a backend.", fields: { name: "Its name." } },
};
