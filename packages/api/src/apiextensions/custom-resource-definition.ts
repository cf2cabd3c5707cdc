/** CustomResourceDefinition, as an object of its own; what it defines is made elsewhere. */

import { define } from "../define.ts";
import type { Strategy } from "../definition.ts";
import type { CustomResourceDefinition } from "../generated/types.ts";
import { specStrategy, statusStrategy } from "../strategy.ts";
import { validateCrd, validateCrdUpdate } from "./crd-validation.ts";

const rules: Strategy<CustomResourceDefinition> = {
  setDefaults({ spec }) {
    if (spec === undefined) return;
    const { names } = spec;
    if (names?.kind) {
      names.singular ||= names.kind.toLowerCase();
      names.listKind ||= `${names.kind}List`;
    }
    spec.conversion ??= { strategy: "None" };
    const service = spec.conversion.webhook?.clientConfig?.service;
    if (service !== undefined) service.port ??= 443;
  },
  validate: validateCrd,
  validateUpdate: validateCrdUpdate,
  allowUnconditionalUpdate: false,
};

export const customResourceDefinitionDefinition = define<CustomResourceDefinition>(
  "apiextensions.k8s.io",
  "v1",
  "customresourcedefinitions",
  {
    shortNames: ["crd", "crds"],
    categories: ["api-extensions"],
    storagePath: "apiextensions.k8s.io/customresourcedefinitions",
    strategy: specStrategy(rules),
    status: statusStrategy<CustomResourceDefinition>(),
  },
);
