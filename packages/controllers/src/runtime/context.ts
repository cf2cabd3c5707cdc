/** What a controller is given to work with. */

import type { Clock, Logger, Random, WorkQueueMeters } from "@kubets/apimachinery";
import type { Client, EventRecorder, InformerFactory } from "@kubets/client";
import type { Runnable } from "./controller.ts";

export interface ControllerContext {
  /** Acts as the controller's own service account. */
  readonly client: Client;
  /** Shared by all controllers. Read caches, never the API, for decisions. */
  readonly informers: InformerFactory;
  readonly clock: Clock;
  readonly random: Random;
  readonly logger: Logger;
  /** Undefined where nothing is measured. */
  readonly meters: WorkQueueMeters | undefined;
  /** Events as `source.component`. */
  recorder(component: string): EventRecorder;
}

export interface ControllerDefinition {
  /** Upstream's name, as in `--controllers`: `deployment-controller`. */
  readonly name: string;
  /** The service account in kube-system it acts as, which the bootstrap roles are bound to. Without one it acts as the manager itself. */
  readonly serviceAccount?: string;
  /** Registers informers and handlers; nothing runs before the caches are full. */
  create(context: ControllerContext): Runnable;
}
