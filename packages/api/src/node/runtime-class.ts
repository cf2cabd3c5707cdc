/** RuntimeClass. */

import { type FieldError, invalidValue, isDNS1123Label, path, validateImmutableField } from "@kubets/apimachinery";
import { ageColumn, column, nameColumn } from "../columns.ts";
import { define } from "../define.ts";
import type { RuntimeClass } from "../generated/types.ts";

function validate({ handler = "" }: RuntimeClass): FieldError[] {
  return isDNS1123Label(handler).map((why) => invalidValue(path("handler"), handler, why));
}

export const runtimeClassDefinition = define<RuntimeClass>("node.k8s.io", "v1", "runtimeclasses", {
  strategy: {
    validate,
    validateUpdate: (runtimeClass, old) => validateImmutableField(runtimeClass.handler, old.handler, path("handler")),
    allowUnconditionalUpdate: false,
  },
  columns: [nameColumn, column("Handler", (runtimeClass: RuntimeClass) => runtimeClass.handler ?? ""), ageColumn],
});
