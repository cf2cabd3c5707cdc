/** PodTemplate: a template that stands alone. Source: pkg/registry/core/podtemplate. */

import { path } from "@kubets/apimachinery";
import { column, formatLabels, nameColumn } from "../columns.ts";
import { define } from "../define.ts";
import type { ResourceDefinition } from "../definition.ts";
import type { PodTemplate } from "../generated/types.ts";
import { specStrategy } from "../strategy.ts";
import { setPodTemplateDefaults } from "./pod-spec-defaults.ts";
import { validatePodTemplateSpec } from "./pod-template-validation.ts";
import { podTemplateWarnings } from "./pod-warnings.ts";

const containers = (object: PodTemplate) => object.template?.spec?.containers ?? [];
const validate = (object: PodTemplate) => validatePodTemplateSpec(object.template ?? {}, path("template"));

export const podTemplateDefinition: ResourceDefinition<PodTemplate> = define<PodTemplate>("", "v1", "podtemplates", {
  strategy: specStrategy<PodTemplate>(
    {
      setDefaults: (object) => setPodTemplateDefaults(object.template),
      validate,
      validateUpdate: validate,
      warnings: (object, old) =>
        old?.metadata?.generation === object.metadata?.generation
          ? []
          : podTemplateWarnings(object.template, path("template")),
    },
    { status: false, generationOf: ["template"] },
  ),
  columns: [
    nameColumn,
    column("Containers", (object: PodTemplate) =>
      containers(object)
        .map((each) => each.name)
        .join(","),
    ),
    column("Images", (object: PodTemplate) =>
      containers(object)
        .map((each) => each.image ?? "")
        .join(","),
    ),
    column("Pod Labels", (object: PodTemplate) => formatLabels(object.template?.metadata?.labels)),
  ],
});
