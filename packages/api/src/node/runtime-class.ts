/** RuntimeClass. */

import {
  duplicate,
  type FieldError,
  invalidValue,
  isDNS1123Label,
  path,
  pushAll,
  seenBefore,
  validateImmutableField,
  validateLabels,
  writeJson,
} from "@kubets/apimachinery";
import { ageColumn, column, nameColumn } from "../columns.ts";
import { validateContainerResources } from "../core/container-resources-validation.ts";
import { validateTolerations } from "../core/pod-scheduling-validation.ts";
import { define } from "../define.ts";
import type { RuntimeClass, Scheduling } from "../generated/types.ts";

function validate({ handler = "", overhead, scheduling }: RuntimeClass): FieldError[] {
  const errors = isDNS1123Label(handler).map((why) => invalidValue(path("handler"), handler, why));
  if (overhead?.podFixed !== undefined) {
    pushAll(errors, validateContainerResources({ limits: overhead.podFixed }, new Set(), path("overhead")));
  }
  return scheduling === undefined ? errors : [...errors, ...validateScheduling(scheduling)];
}

function validateScheduling({ nodeSelector = {}, tolerations = [] }: Scheduling): FieldError[] {
  const at = path("scheduling.tolerations");
  const seen = seenBefore<string>();
  const repeated = tolerations.flatMap((toleration, i) => {
    const { key, operator, value, effect, tolerationSeconds } = toleration;
    const isRepeated = seen(writeJson([key, operator, value, effect, tolerationSeconds]));
    return isRepeated ? [duplicate(at.index(i), toleration)] : [];
  });
  return [
    ...validateLabels(nodeSelector, path("scheduling.nodeSelector")),
    ...validateTolerations(tolerations, at),
    ...repeated,
  ];
}

export const runtimeClassDefinition = define<RuntimeClass>("node.k8s.io", "v1", "runtimeclasses", {
  strategy: {
    validate,
    validateUpdate: (runtimeClass, old) => validateImmutableField(runtimeClass.handler, old.handler, path("handler")),
    allowUnconditionalUpdate: false,
  },
  columns: [nameColumn, column("Handler", (runtimeClass: RuntimeClass) => runtimeClass.handler ?? ""), ageColumn],
});
