/** Nobody takes over an address by naming it in a Service. Source: kubernetes' plugin/pkg/admission/network/denyserviceexternalips. */

import type { Service } from "@kubets/api";
import { onlyAbout, refuse } from "./errors.ts";
import type { AdmissionPlugin } from "./plugin.ts";

export const denyServiceExternalIPs: AdmissionPlugin = {
  name: "DenyServiceExternalIPs",
  handles: (operation) => operation === "CREATE" || operation === "UPDATE",
  concerns: onlyAbout("", "services"),
  validate(attributes) {
    const wanted = (attributes.object as Service).spec?.externalIPs ?? [];
    const before = (attributes.oldObject as Service | undefined)?.spec?.externalIPs ?? [];
    if (wanted.every((address) => before.includes(address))) return;
    throw refuse(attributes, "Use of external IPs is denied by admission control");
  },
};
