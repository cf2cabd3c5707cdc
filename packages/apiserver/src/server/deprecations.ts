/** What upstream warns about whenever it is used. */

import type { ResourceDefinition } from "@kubets/api";

const deprecated: Readonly<Record<string, string>> = {
  "/v1/endpoints": "v1 Endpoints is deprecated in v1.33+; use discovery.k8s.io/v1 EndpointSlice",
  "/v1/componentstatuses": "v1 ComponentStatus is deprecated in v1.19+",
};

/** The warning; undefined for what is not deprecated. */
export function deprecationOf({ deprecationWarning, group, version, plural }: ResourceDefinition): string | undefined {
  return deprecationWarning ?? deprecated[`${group}/${version}/${plural}`];
}
