/**
 * As whom each admission webhook is called: the users of a kubeconfig file are named after servers, `*.example.com` or `name.namespace.svc`.
 * Source: apiserver's util/webhook/authentication.go.
 */

import { dirname, resolve } from "node:path";
import { parseKubeconfig } from "./kubeconfig-caller.ts";
import { type CallerIdentity, callerIdentity, type KubeconfigUser } from "./kubeconfig-user.ts";

/** By `host:port`; undefined for nobody in particular. */
export type WebhookUsers = (hostPort: string) => CallerIdentity | undefined;

/** @throws Error for a file that is no kubeconfig */
export async function webhookUsers(text: string, path: string): Promise<WebhookUsers> {
  const config = await parseKubeconfig(text, path);
  const users = new Map<string, KubeconfigUser>();
  for (const { name, user } of config.users ?? []) if (name && user) users.set(name, user);
  const context = config.contexts?.find(({ name }) => name === config["current-context"])?.context;
  const folder = dirname(resolve(path));
  return (hostPort) => {
    const withoutPort = hostPort.endsWith(":443") ? [hostPort.slice(0, -":443".length)] : [];
    const names = [hostPort, ...withoutPort].flatMap(nicknames);
    const user = [...names, "*", context?.user ?? ""].map((name) => users.get(name)).find((each) => each !== undefined);
    return user === undefined ? undefined : callerIdentity(user, folder, path);
  };
}

/** The name itself, and with a star for ever more of its first labels. */
function nicknames(name: string): string[] {
  const labels = name.split(".");
  return [name, ...labels.slice(1).map((_, i) => `*.${labels.slice(i + 1).join(".")}`)];
}
