/** Labels that EndpointSlices are found by. Source: LabelServiceName and LabelManagedBy of k8s.io/api/discovery/v1. */

/** The Service whose endpoints these are, by its name: all slices of the namespace with it together are all of them. */
export const serviceNameLabel = "kubernetes.io/service-name";
/** Who writes the slice, and who therefore leaves it alone. */
export const managedByLabel = "endpointslice.kubernetes.io/managed-by";
