/** Which container of a pod a request is about. Source of the rules: pkg/registry/core/pod/strategy.go. */

import type { Pod } from "@kubets/api";
import { badRequest } from "@kubets/apimachinery";

/** @throws StatusError 400 when it is not clear, or not there */
export function containerOf(pod: Pod, asked: string): string {
  const { containers = [], initContainers = [], ephemeralContainers = [] } = pod.spec ?? {};
  const name = pod.metadata?.name ?? "";
  if (asked !== "") {
    const all = [...containers, ...initContainers, ...ephemeralContainers];
    if (!all.some((container) => container.name === asked)) {
      throw badRequest(`container ${asked} is not valid for pod ${name}`);
    }
    return asked;
  }
  if (containers.length === 1) return containers[0]!.name;
  if (containers.length === 0) throw badRequest(`a container name must be specified for pod ${name}`);
  let message = `a container name must be specified for pod ${name}, choose one of: ${namesOf(containers)}`;
  if (initContainers.length > 0) message += ` or one of the init containers: ${namesOf(initContainers)}`;
  if (ephemeralContainers.length > 0) message += ` or one of the ephemeral containers: ${namesOf(ephemeralContainers)}`;
  throw badRequest(message);
}

/** As Go prints a slice of strings. */
function namesOf(containers: readonly { name: string }[]): string {
  return `[${containers.map(({ name }) => name).join(" ")}]`;
}
