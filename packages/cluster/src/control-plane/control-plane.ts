/**
 * A control plane in one process: the API server, the controllers and the scheduler, which speak to it without sockets.
 * The API answers first; the rest is loaded while it does.
 */

import { aborted, type Clock, type Component, type Health, type Logger, type Random } from "@kubets/apimachinery";
import type {
  ApiServer,
  ClusterCertificates,
  KubeApiServerOptions,
  OpenedStore,
  ServiceAccountIssuer,
  UserInfo,
} from "@kubets/apiserver";
import type { Client } from "@kubets/client";
import { runTogether } from "../components.ts";

export interface ControlPlaneOptions extends OpenedStore {
  readonly certificates: ClusterCertificates;
  readonly serviceCIDR: string;
  readonly podCIDR: string;
  readonly clusterDomain: string;
  readonly advertiseAddress: string;
  readonly listen?: NonNullable<KubeApiServerOptions["listen"]>;
  readonly tokenFile?: NonNullable<KubeApiServerOptions["tokenFile"]>;
  /** What the API server takes beyond that, or instead. */
  readonly apiServer?: ApiServerFlags;
  /** What else runs on this control plane, given the means: routes, DNS endpoints, simulated nodes. */
  readonly extras?: (means: ControlPlaneMeans) => Promise<readonly Component[]>;
  readonly clock: Clock;
  readonly random: Random;
  readonly logger: Logger;
}

export type ApiServerFlags = Omit<
  KubeApiServerOptions,
  keyof OpenedStore | "certificates" | "clock" | "random" | "logger"
>;

export interface ControlPlaneMeans {
  /** In this process, as the user of this name; `system:masters` and the like are given by group. */
  clientFor(name: string, groups?: readonly string[]): Client;
  readonly clock: Clock;
  readonly random: Random;
  readonly logger: Logger;
}

export class ControlPlane implements Component {
  readonly name = "control-plane";
  readonly #options: ControlPlaneOptions;
  readonly #ready = Promise.withResolvers<void>();
  #server: ApiServer | undefined;
  #parts: Readonly<Record<string, Component>> = {};

  constructor(options: ControlPlaneOptions) {
    this.#options = options;
  }

  /** The API server answers. Controllers and the scheduler follow within moments; what they are to do waits for them in the API. */
  get ready(): Promise<void> {
    return this.#ready.promise;
  }

  /** Once ready. */
  get server(): ApiServer {
    if (this.#server === undefined) throw new Error("the control plane has not started");
    return this.#server;
  }

  healthz(): Health {
    return this.#server?.healthz() ?? { ok: false, reason: "not started" };
  }

  async start(signal: AbortSignal): Promise<void> {
    const { createKubeApiServer } = await import("@kubets/apiserver");
    const { server, tokens } = await createKubeApiServer(
      { ...this.#options, ...this.#options.apiServer, componentHealth: () => this.#componentHealth() },
      signal,
    );
    this.#server = server;
    const restLoaded = server.ready.then(() => {
      this.#ready.resolve();
      return this.#rest(server, tokens);
    });
    const rest: Component = {
      name: "controllers and scheduler",
      ready: this.ready,
      healthz: () => this.healthz(),
      start: async (inner) => {
        const components = await Promise.race([restLoaded, aborted(inner)]);
        if (components) await runTogether(components, inner);
      },
    };
    await runTogether([server, rest], signal);
  }

  async #rest(server: ApiServer, tokens: ServiceAccountIssuer): Promise<readonly Component[]> {
    const { podCIDR, serviceCIDR, certificates, clock, random, logger } = this.#options;
    const [{ controllerManager, defaultControllers }, { Scheduler }, client] = await Promise.all([
      import("@kubets/controllers"),
      import("@kubets/scheduler"),
      import("@kubets/client"),
    ]);
    const { createClient, createEventRecorder, createInformerFactory } = client;
    const clientFor = (name: string, groups: readonly string[] = ["system:authenticated"]) =>
      createClient(server.transport({ name, groups } satisfies UserInfo));
    const base = { clock, random, logger };
    const controllerClient = clientFor("system:kube-controller-manager");
    const makeControllers = (): Component =>
      controllerManager({
        client: controllerClient,
        clientFor: (account) =>
          clientFor(`system:serviceaccount:kube-system:${account}`, [
            "system:serviceaccounts",
            "system:serviceaccounts:kube-system",
            "system:authenticated",
          ]),
        controllers: defaultControllers({
          rootCA: certificates.ca.certificate,
          nodeIpam: { clusterCIDRs: [podCIDR], serviceCIDRs: [serviceCIDR] },
          signToken: ({ namespace, serviceAccountName: name, serviceAccountUID: uid, secretName }) =>
            tokens.legacyToken({ metadata: { namespace, name, uid } }, secretName),
        }),
        meters: (queue) => server.queueMeter(queue),
        ...base,
      });
    const schedulerClient = clientFor("system:kube-scheduler");
    const makeScheduler = (): Component => {
      const informers = createInformerFactory(schedulerClient, base);
      const recorder = createEventRecorder({ client: schedulerClient, component: "default-scheduler", ...base });
      const scheduler = new Scheduler({ client: schedulerClient, informers, recorder, ...base });
      return {
        name: scheduler.name,
        ready: scheduler.ready,
        healthz: () => scheduler.healthz(),
        async start(signal) {
          informers.start(signal);
          await scheduler.start(signal);
          await informers.stopped();
        },
      };
    };
    const controllers = await this.#acting("kube-controller-manager", controllerClient, makeControllers);
    const scheduler = await this.#acting("kube-scheduler", schedulerClient, makeScheduler);
    const extras = (await this.#options.extras?.({ clientFor, ...base })) ?? [];
    this.#parts = { scheduler, "controller-manager": controllers };
    return [controllers, scheduler, ...extras];
  }

  /** A store of one's own is one's own to act upon; of those that share one, one acts. */
  async #acting(name: string, client: Client, build: () => Component): Promise<Component> {
    const { store, clock, random, logger } = this.#options;
    if (!store.expiresKeys) return build();
    const { elected } = await import("./elected.ts");
    return elected({ name, client, build, clock, random, logger });
  }

  /** By upstream's names; the embedded store lives and dies with the API server. */
  #componentHealth(): Readonly<Record<string, Health>> {
    const state = (name: string): Health => this.#parts[name]?.healthz() ?? { ok: false, reason: "not started" };
    return {
      scheduler: state("scheduler"),
      "controller-manager": state("controller-manager"),
      "etcd-0": this.healthz(),
    };
  }
}
