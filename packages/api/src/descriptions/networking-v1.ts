import type { Descriptions } from "./description.ts";

const ports = "On which ports. Empty or absent: on all.";

export const networkingV1: Descriptions = {
  HTTPIngressPath: {
    about: "Where requests with a certain path go.",
    fields: {
      backend: "Where they go.",
      path: "The path. It begins with /; for ImplementationSpecific it may be absent.",
      pathType:
        "Exact: the path is just this. Prefix: it begins with this, step by step. ImplementationSpecific: as the controller has it.",
    },
  },
  HTTPIngressRuleValue: {
    about: "Where requests go, by path.",
    fields: { paths: "The paths: the longest that fits counts, Exact before Prefix." },
  },
  IPAddress: { about: "An address that is given out from a ServiceCIDR. Its name is the address in its usual form." },
  IPAddressSpec: { about: "Who has an address.", fields: { parentRef: "The object that has it, such as a Service." } },
  IPBlock: {
    about: "A network whose addresses a policy is about.",
    fields: { cidr: "The network, such as 192.168.1.0/24.", except: "Networks within it that are left out." },
  },
  Ingress: {
    about:
      "Where requests from outside go that come in by HTTP: to which Service, by host name and path. It needs an ingress controller.",
  },
  IngressBackend: {
    about: "Where requests go: to a Service or to something else, one of the two.",
    fields: {
      resource: "Another object of the namespace that takes requests.",
      service: "A Service of the namespace.",
    },
  },
  IngressClass: { about: "A way of serving Ingresses, which they choose by its name." },
  IngressClassParametersReference: {
    about: "An object with the parameters of an IngressClass.",
    fields: {
      apiGroup: "Its group. Empty for the core group.",
      kind: "Its kind.",
      name: "Its name.",
      namespace: "Its namespace. Only for the scope Namespace.",
      scope: "Cluster (default) or Namespace.",
    },
  },
  IngressClassSpec: {
    about: "Who serves the Ingresses of a class, and how.",
    fields: {
      controller: "The controller, such as example.com/ingress-controller. Cannot be changed.",
      parameters: "An object with parameters for the controller.",
    },
  },
  IngressLoadBalancerIngress: {
    about: "One point at which an Ingress can be reached.",
    fields: { hostname: "Its host name.", ip: "Its address.", ports: "Its ports." },
  },
  IngressLoadBalancerStatus: { about: "Where an Ingress can be reached.", fields: { ingress: "The points." } },
  IngressPortStatus: {
    about: "A port at which an Ingress can be reached.",
    fields: {
      error: "What is wrong with it, in a word for machines.",
      port: "Its number.",
      protocol: "TCP, UDP or SCTP.",
    },
  },
  IngressRule: {
    about: "Where requests for one host go.",
    fields: {
      host: "The host name; it may begin with *. for one more step. Absent: any. Not an IP address.",
      http: "Where they go, by path. Absent: to the default backend.",
    },
  },
  IngressServiceBackend: {
    about: "A port of a Service.",
    fields: { name: "The name of the Service.", port: "The port, by name or by number." },
  },
  IngressSpec: {
    about: "Where requests go.",
    fields: {
      defaultBackend: "Where requests go that no rule is for. Required when there are no rules.",
      ingressClassName: "Which IngressClass serves it. By default the one that is marked as the default.",
      rules: "Where requests go, by host and path.",
      tls: "Which hosts are served with TLS, and with which certificate.",
    },
  },
  IngressStatus: {
    about: "Where an Ingress can be reached.",
    fields: { loadBalancer: "The points at which it can be reached." },
  },
  IngressTLS: {
    about: "The certificate for some hosts.",
    fields: {
      hosts: "The hosts; they must be those of the certificate.",
      secretName: "The Secret with the certificate and its key, of the type kubernetes.io/tls.",
    },
  },
  NetworkPolicy: { about: "Which traffic some pods may have. Pods that no policy selects may have any." },
  NetworkPolicyEgressRule: {
    about: "Traffic that the pods may send: to any of the peers, on any of the ports.",
    fields: { ports, to: "To whom. Empty or absent: to anyone." },
  },
  NetworkPolicyIngressRule: {
    about: "Traffic that the pods may be sent: by any of the peers, on any of the ports.",
    fields: { from: "By whom. Empty or absent: by anyone.", ports },
  },
  NetworkPolicyPeer: {
    about: "With whom traffic is allowed: pods by their labels and those of their namespaces, or a network.",
    fields: {
      ipBlock: "A network. Not together with the others.",
      namespaceSelector: "Namespaces. Empty: all. Without podSelector: all their pods.",
      podSelector: "Pods, of the policy's namespace unless namespaceSelector is given.",
    },
  },
  NetworkPolicyPort: {
    about: "A port, or a range of ports.",
    fields: {
      endPort: "The last port of a range that begins with port.",
      port: "The port, by number or name. Absent: all ports of the protocol.",
      protocol: "TCP (default), UDP or SCTP.",
    },
  },
  NetworkPolicySpec: {
    about: "Which pods a policy is for, and what it allows.",
    fields: {
      egress: "What they may send. Everything that any policy for a pod allows is allowed.",
      ingress: "What they may be sent. Everything that any policy for a pod allows is allowed.",
      podSelector: "The pods. Empty: all of the namespace.",
      policyTypes:
        "Which directions the policy is about: Ingress, Egress. By default Ingress, and Egress when there are egress rules.",
    },
  },
  ParentReference: {
    about: "The object that has an address.",
    fields: { group: "Its group.", name: "Its name.", namespace: "Its namespace.", resource: "Its resource." },
  },
  ServiceBackendPort: {
    about: "A port of a Service, by name or by number, one of the two.",
    fields: { name: "Its name.", number: "Its number." },
  },
  ServiceCIDR: { about: "A network from which Services are given their cluster IPs." },
  ServiceCIDRSpec: {
    about: "The network.",
    fields: { cidrs: "One network, or one of IPv4 and one of IPv6. Cannot be changed." },
  },
  ServiceCIDRStatus: { about: "Whether addresses can be given out." },
};
