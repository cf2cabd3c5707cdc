/**
 * As whom each admission webhook is called: the users of a kubeconfig file are named after servers, `*.example.com` or `name.namespace.svc`.
 * Source: apiserver's util/webhook/authentication.go.
 */

import { dirname, resolve } from "node:path";
import { type Following, followTrust } from "./followed-files.ts";
import { parseKubeconfig } from "./kubeconfig-caller.ts";
import { type CallerIdentity, callerIdentity, filesOfUser, type KubeconfigUser } from "./kubeconfig-user.ts";

export interface WebhookUsers {
  /** By `host:port`; undefined for nobody in particular. */
  of(hostPort: string): CallerIdentity | undefined;
  /** Looks at the users' certificates again while the server runs. @param onChange when one of them is another now */
  follow(onChange: () => void, following: Following): void;
}

/** @throws Error for a file that is no kubeconfig */
export async function webhookUsers(text: string, path: string): Promise<WebhookUsers> {
  const config = await parseKubeconfig(text, path);
  const users = new Map<string, KubeconfigUser>();
  for (const { name, user } of config.users ?? []) if (name && user) users.set(name, user);
  const context = config.contexts?.find(({ name }) => name === config["current-context"])?.context;
  const folder = dirname(resolve(path));
  const identity = (user: KubeconfigUser) => callerIdentity(user, folder, path);
  return {
    of(hostPort) {
      const withoutPort = hostPort.endsWith(":443") ? [hostPort.slice(0, -":443".length)] : [];
      const names = [...[hostPort, ...withoutPort].flatMap(nicknames), "*", context?.user ?? ""];
      const user = names.map((name) => users.get(name)).find((each) => each !== undefined);
      return user === undefined ? undefined : identity(user);
    },
    follow(onChange, following) {
      const named = [...users.values()].filter((user) => filesOfUser(user, folder).length > 0);
      const files = named.flatMap((user) => filesOfUser(user, folder));
      followTrust([...new Set(files)], () => named.map((user) => identity(user).tls), onChange, following);
    },
  };
}

/** The name itself, and with a star for ever more of its first labels. */
function nicknames(name: string): string[] {
  const labels = name.split(".");
  return [name, ...labels.slice(1).map((_, i) => `*.${labels.slice(i + 1).join(".")}`)];
}
