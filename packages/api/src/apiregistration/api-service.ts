/** APIService: which server answers for a group and version. */

import { ageColumn, column, nameColumn } from "../columns.ts";
import { define } from "../define.ts";
import type { APIService } from "../generated/types.ts";
import { specStrategy, statusStrategy } from "../strategy.ts";
import { validateApiService, validateApiServiceStatus } from "./api-service-validation.ts";

function availableText(service: APIService): string {
  const condition = service.status?.conditions?.find((c) => c.type === "Available");
  if (condition === undefined) return "Unknown";
  return condition.status === "True" ? "True" : `${condition.status} (${condition.reason ?? ""})`;
}

function serviceText(service: APIService): string {
  const ref = service.spec?.service;
  return ref === undefined ? "Local" : `${ref.namespace ?? ""}/${ref.name ?? ""}`;
}

export const apiServiceDefinition = define<APIService>("apiregistration.k8s.io", "v1", "apiservices", {
  categories: ["api-extensions"],
  storagePath: "apiregistration.k8s.io/apiservices",
  strategy: specStrategy<APIService>(
    {
      setDefaults({ spec }) {
        if (spec?.service !== undefined) spec.service.port ??= 443;
      },
      // The name is "version.group", which the validation of the whole checks.
      validateName: () => [],
      validate: validateApiService,
      validateUpdate: validateApiService,
      allowUnconditionalUpdate: false,
    },
    { generationOf: [] },
  ),
  status: statusStrategy<APIService>({ keepsMetadata: true, validate: validateApiServiceStatus }),
  columns: [nameColumn, column("Service", serviceText), column("Available", availableText), ageColumn],
});
