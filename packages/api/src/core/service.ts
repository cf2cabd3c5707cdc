/** Service: one address for a set of Pods. Source: pkg/registry/core/service/strategy.go. */

import { nameIsDNS1035Label } from "@kubets/apimachinery";
import { define } from "../define.ts";
import type { ResourceDefinition } from "../definition.ts";
import type { Service } from "../generated/types.ts";
import { keep, statusStrategy } from "../strategy.ts";
import { serviceColumns } from "./service-columns.ts";
import { setServiceDefaults } from "./service-defaults.ts";
import { dropTypeDependentFields } from "./service-updates.ts";
import { validateService, validateServiceStatusUpdate, validateServiceUpdate } from "./service-validation.ts";
import { serviceWarnings } from "./service-warnings.ts";

/** Addresses and node ports are given before the strategy runs: see `service-allocation.ts`. Services have no generation. */
export const serviceDefinition: ResourceDefinition<Service> = define<Service>("", "v1", "services", {
  shortNames: ["svc"],
  categories: ["all"],
  storagePath: "services/specs",
  strategy: {
    setDefaults: setServiceDefaults,
    validateName: nameIsDNS1035Label,
    allowCreateOnUpdate: true,
    prepareForCreate(service) {
      service.status = { loadBalancer: {} };
    },
    validate: validateService,
    prepareForUpdate(service, old) {
      keep(service, old, "status");
      dropTypeDependentFields(service, old);
    },
    validateUpdate: validateServiceUpdate,
    warnings: serviceWarnings,
  },
  status: statusStrategy<Service>({ validate: validateServiceStatusUpdate }),
  columns: serviceColumns,
  selectableFields: {
    "spec.clusterIP": (service) => service.spec?.clusterIP ?? "",
    "spec.type": (service) => service.spec?.type ?? "",
  },
});
