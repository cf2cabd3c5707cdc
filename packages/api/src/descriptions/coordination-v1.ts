import type { Descriptions } from "./description.ts";

export const coordinationV1: Descriptions = {
  Lease: {
    about: "A claim to something that one holder has for a while and must renew: who leads, or that a node is alive.",
    fields: { spec: "Who holds the lease, since when and for how long." },
  },
  LeaseSpec: {
    about: "Who holds a lease, since when and for how long.",
    fields: {
      acquireTime: "When the present holder got the lease.",
      holderIdentity:
        "Who holds the lease. Empty when nobody does. With coordinated leader election it must be the name of a candidate.",
      leaseDurationSeconds:
        "How long others must wait, counted from renewTime, before they may take the lease over. Under coordinated leader election required, and above 0.",
      leaseTransitions: "How often the lease went from one holder to another.",
      preferredHolder:
        "Who should hold the lease instead; the present holder gives it up for them. Only with a strategy.",
      renewTime: "When the present holder last renewed the lease.",
      strategy: "How coordinated leader election chooses the holder. Without it clients settle among themselves.",
    },
  },
};
