/** The pod and container in a path: `/exec/{namespace}/{pod}/{container}`, with the pod's uid before the container when the caller gives it. */

export interface ContainerPath {
  readonly namespace: string;
  readonly pod: string;
  readonly uid: string | undefined;
  /** "" for paths that name none. */
  readonly container: string;
}

/** @param wantsContainer false for `/portForward`. Undefined when the path does not fit. */
export function parseContainerPath(parts: readonly string[], wantsContainer: boolean): ContainerPath | undefined {
  const [namespace, pod, third, fourth] = parts;
  if (!namespace || !pod) return undefined;
  if (!wantsContainer) return parts.length > 3 ? undefined : { namespace, pod, uid: third, container: "" };
  if (third === undefined || parts.length > 4) return undefined;
  return fourth === undefined
    ? { namespace, pod, uid: undefined, container: third }
    : { namespace, pod, uid: third, container: fourth };
}
