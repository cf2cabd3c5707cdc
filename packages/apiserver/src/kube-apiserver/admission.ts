/** What admits requests to a cluster: the plugins, and the webhooks and policies of its store. */

import { readFile } from "node:fs/promises";
import { clusterOf } from "../admission/cluster.ts";
import type { WebhookAdmissionConfiguration } from "../admission/configuration.ts";
import { admissionPlugins } from "../admission/default-plugins.ts";
import type { AdmissionAttributes, AdmissionPlugin } from "../admission/plugin.ts";
import { policyAdmission } from "../admission/policy/index.ts";
import { noPrivilegedContainers } from "../admission/privileged.ts";
import { webhookAdmission } from "../admission/webhook/index.ts";
import type { buildAuthorization } from "../authorization/build.ts";
import { EscalationCheck } from "../authorization/escalation.ts";
import { apiServerIdentity } from "../services/default-objects.ts";
import { EndpointResolver, WebhookClient, webhookUsers } from "../webhook/index.ts";
import type { Ground } from "./ground.ts";

type Permission = Pick<Awaited<ReturnType<typeof buildAuthorization>>, "authorizer" | "rbac">;

export interface Admission {
  readonly plugins: readonly AdmissionPlugin[];
  /** Calls the webhooks that convert custom resources. */
  readonly conversionWebhooks: WebhookClient;
}

export async function clusterAdmission(ground: Ground, { authorizer, rbac }: Permission): Promise<Admission> {
  const { options, reader, meters, server, signal } = ground;
  const { clock, random, logger, admission: flags = {} } = options;
  const [conversionWebhooks, mutating, validating] = await Promise.all([
    webhookClient(ground),
    webhookClient(ground, flags.config?.MutatingAdmissionWebhook),
    webhookClient(ground, flags.config?.ValidatingAdmissionWebhook),
  ]);
  const stored = await storedAdmission(ground, authorizer, { mutating, validating });
  const plugins = await admissionPlugins(
    {
      enable: flags.disable?.includes("NodeRestriction") ? [] : ["NodeRestriction"],
      ...flags,
      plugins: [...(flags.plugins ?? []), ...stored],
      ...{ reader, authorizer, cluster: clusterOf(server), clock, random, logger, meters },
    },
    signal,
  );
  const escalation = new EscalationCheck(rbac, authorizer);
  const privileged = options.allowPrivileged === false ? [noPrivilegedContainers] : [];
  return { plugins: [...plugins, escalation, ...privileged], conversionWebhooks };
}

/** The webhooks and policies that are configured by objects. */
async function storedAdmission(
  { options, reader, meters, server, signal }: Ground,
  authorizer: Permission["authorizer"],
  clients: { readonly mutating: WebhookClient; readonly validating: WebhookClient },
): Promise<AdmissionPlugin[]> {
  const { clock, random, logger } = options;
  const source = { reader, resources: () => server().resources };
  const webhooks = {
    ...{ source, clients, authorizer, clock, random, logger, meters },
    isUnasked: ({ user }: AdmissionAttributes) => user.name === apiServerIdentity.name && !server().healthz().ok,
  };
  const webhookPlugins = await webhookAdmission(webhooks, signal);
  return [...webhookPlugins, ...(await policyAdmission({ source, authorizer, clock, meters }, signal))];
}

/** The API server as a webhook would only wait for itself. */
async function webhookClient(
  { options, reader, server, signal, meters }: Ground,
  config?: WebhookAdmissionConfiguration,
): Promise<WebhookClient> {
  const { advertiseAddress, clock, random, logger } = options;
  const own = new Set(["127.0.0.1", "::1", "localhost", advertiseAddress]);
  const file = config?.kubeConfigFile;
  const users = file === undefined ? undefined : await webhookUsers(await readFile(file, "utf8"), file);
  const client = new WebhookClient({
    services: new EndpointResolver(reader, random),
    clock,
    meters,
    egress: options.egress,
    isSelf: ({ host, port }) => port === server().port && own.has(host),
    loopback: (path, body, aborted) => {
      if (!server().aggregates(path)) return undefined;
      const transport = server().transport(apiServerIdentity, "kube-apiserver-admission");
      const request = { method: "POST", path, query: {}, body } as const;
      return transport.request(aborted === undefined ? request : { ...request, signal: aborted });
    },
    ...(users === undefined ? {} : { users }),
  });
  users?.follow(() => client.close(), { clock, logger, signal });
  signal.addEventListener("abort", () => client.close(), { once: true });
  return client;
}
