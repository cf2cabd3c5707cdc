/** A container in CRI's terms. Source: `generateContainerConfig` in pkg/kubelet/kuberuntime. */

import type { Container, Pod } from "@kubets/api";
import type * as cri from "@kubets/cri";
import { stopSignals } from "@kubets/cri";
import { expand } from "./expansion.ts";
import { containerAnnotations, containerLabels } from "./labels.ts";
import type { ResourceOptions } from "./resources.ts";
import { containerResources } from "./resources.ts";
import type { ImageUser } from "./security-context.ts";
import { containerSecurityContext } from "./security-context.ts";

export interface ContainerInput {
  readonly pod: Pod;
  readonly container: Container;
  /** The image as the runtime names it. */
  readonly imageRef: string;
  readonly imageUser: ImageUser;
  readonly restartCount: number;
  readonly environment: ReadonlyMap<string, string>;
  readonly mounts: readonly cri.Mount[];
  readonly resources: ResourceOptions;
  readonly seccompRoot: string;
  /** Of an ephemeral container: the container whose processes it sees. */
  readonly targetId?: string;
}

export function containerConfig(input: ContainerInput): cri.ContainerConfig {
  const { pod, container, environment, restartCount } = input;
  const lookup = (name: string) => environment.get(name);
  const signal = stopSignals.indexOf(container.lifecycle?.stopSignal ?? "");
  return {
    metadata: { name: container.name, attempt: restartCount },
    image: { image: input.imageRef, userSpecifiedImage: container.image ?? "" },
    command: (container.command ?? []).map((word) => expand(word, lookup)),
    args: (container.args ?? []).map((word) => expand(word, lookup)),
    workingDir: container.workingDir ?? "",
    envs: [...environment].map(([key, value]) => ({ key, value: Buffer.from(value, "utf8") })),
    mounts: input.mounts,
    labels: containerLabels(pod, container),
    annotations: containerAnnotations(pod, container, restartCount),
    logPath: `${container.name}/${restartCount}.log`,
    stdin: container.stdin === true,
    stdinOnce: container.stdinOnce === true,
    tty: container.tty === true,
    linux: {
      resources: containerResources(pod, container, input.resources),
      securityContext: containerSecurityContext(pod, container, input.imageUser, {
        seccompRoot: input.seccompRoot,
        ...(input.targetId === undefined ? {} : { targetId: input.targetId }),
      }),
    },
    ...(signal > 0 ? { stopSignal: signal } : {}),
  };
}
