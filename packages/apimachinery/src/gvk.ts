/** Group, version and kind (or resource): the two ways to name a type of object. The core group is "". */

/** One version of an API group; `apiVersion` of an object is its text ({@link apiVersionOf}). */
export interface GroupVersion {
  readonly group: string;
  readonly version: string;
}

/** What an object says of itself: `apps/v1, Deployment`. */
export interface GroupVersionKind extends GroupVersion {
  readonly kind: string;
}

/** What a URL names: `apps/v1, deployments`. `resource` is the plural, in lower case. */
export interface GroupVersionResource extends GroupVersion {
  readonly resource: string;
}

/** `v1` for the core group, else `group/version`. */
export function apiVersionOf({ group, version }: GroupVersion): string {
  return group === "" ? version : `${group}/${version}`;
}

/** The inverse of {@link apiVersionOf}; undefined for text with more than one slash or nothing in it. */
export function parseApiVersion(apiVersion: string): GroupVersion | undefined {
  const parts = apiVersion.split("/");
  if (parts.length === 1 && parts[0]) return { group: "", version: parts[0] };
  if (parts.length === 2 && parts[0] && parts[1]) return { group: parts[0], version: parts[1] };
  return undefined;
}
