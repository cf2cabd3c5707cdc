/** All flags of upstream's kube-apiserver v1.36, in its sections, and `--data-dir`. */

import type { FlagSection } from "../../lib/flag-help.ts";
import type { Flags } from "../../lib/flags.ts";
import { admission } from "./admission.ts";
import { auditing } from "./auditing.ts";
import { authentication } from "./authentication.ts";
import { authorization } from "./authorization.ts";
import { etcd } from "./etcd.ts";
import { generic } from "./generic.ts";
import { apiEnablement, egressSelector, features, global, logs, metrics, misc, traces } from "./misc.ts";
import { secureServing } from "./secure-serving.ts";

export const sections: readonly FlagSection[] = [
  { title: "generic", flags: generic },
  { title: "etcd", flags: etcd },
  { title: "secure serving", flags: secureServing },
  { title: "auditing", flags: auditing },
  { title: "features", flags: features },
  { title: "authentication", flags: authentication },
  { title: "authorization", flags: authorization },
  { title: "API enablement", flags: apiEnablement },
  { title: "egress selector", flags: egressSelector },
  { title: "admission", flags: admission },
  { title: "metrics", flags: metrics },
  { title: "logs", flags: logs },
  { title: "traces", flags: traces },
  { title: "misc", flags: misc },
  { title: "global", flags: global },
];

export const specs = {
  ...generic,
  ...etcd,
  ...secureServing,
  ...auditing,
  ...features,
  ...authentication,
  ...authorization,
  ...apiEnablement,
  ...egressSelector,
  ...admission,
  ...metrics,
  ...logs,
  ...traces,
  ...misc,
  ...global,
};

export type KubeApiServerFlags = Flags<typeof specs>;
