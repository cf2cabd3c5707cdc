/** CONNECT admission: exec, attach, port-forward and proxy. */

import type { ResourceCall } from "../server/context.ts";

/** @throws StatusError of the plugin that refuses */
export async function admitConnect({
  resource,
  info,
  request,
  user,
  server,
  warn,
  annotate,
}: ResourceCall): Promise<void> {
  const attributes = {
    operation: "CONNECT" as const,
    definition: resource.definition,
    subresource: info.subresource,
    namespace: info.namespace,
    name: info.name,
    object: undefined,
    oldObject: undefined,
    options: Object.fromEntries(request.query),
    user,
    dryRun: false,
    warn,
    annotate,
  };
  await server.admission.mutate(attributes);
  await server.admission.validate(attributes);
}
