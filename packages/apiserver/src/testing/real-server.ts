/** A server in memory with every built-in kind and its hooks, for tests of what the hand-made definitions do not have. */

import { memoryStore } from "@kubets/storage";
import type { ApiServerOptions } from "../server/options.ts";
import { ApiServer } from "../server.ts";
import { admin } from "./server.ts";

export function realServer(options: Partial<ApiServerOptions> = {}): ApiServer {
  return new ApiServer({
    store: memoryStore(),
    authenticator: { authenticate: async () => admin },
    authorizer: { authorize: () => ({ decision: "Allow", reason: "" }) },
    serviceCidrs: ["10.96.0.0/24"],
    ...options,
  });
}

export const podNamed = (name: string, spec: object = {}, metadata: object = {}) => ({
  apiVersion: "v1",
  kind: "Pod",
  metadata: { name, ...metadata },
  spec: { containers: [{ name: "c", image: "nginx:1" }], ...spec },
});
