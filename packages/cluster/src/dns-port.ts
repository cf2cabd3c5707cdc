/** Where a node's DNS server listens; the Service `kube-dns` leads port 53 there, so that pods on the node's own network may have port 53. */
export const dnsPort = 10053;
