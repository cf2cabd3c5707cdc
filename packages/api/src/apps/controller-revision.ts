/** ControllerRevision: one past state of a DaemonSet or StatefulSet, never changed. Source: pkg/registry/apps/controllerrevision. */

import { type FieldError, parseApiVersion, path, required, validateImmutableField } from "@kubets/apimachinery";
import { ageColumn, column, nameColumn } from "../columns.ts";
import { nonNegative } from "../core/pod-field-checks.ts";
import { define } from "../define.ts";
import type { ResourceDefinition } from "../definition.ts";
import type { ControllerRevision } from "../generated/types.ts";

const validateRevision = ({ revision }: ControllerRevision): FieldError[] => nonNegative(path("revision"), revision);

/** `statefulset.apps/web`. */
function controllerOf({ metadata }: ControllerRevision): string {
  const owner = metadata?.ownerReferences?.find((each) => each.controller === true);
  if (owner === undefined) return "<none>";
  const group = parseApiVersion(owner.apiVersion)?.group ?? "";
  return `${(group === "" ? owner.kind : `${owner.kind}.${group}`).toLowerCase()}/${owner.name}`;
}

export const controllerRevisionDefinition: ResourceDefinition<ControllerRevision> = define<ControllerRevision>(
  "apps",
  "v1",
  "controllerrevisions",
  {
    strategy: {
      validate: (revision) => [
        ...validateRevision(revision),
        ...(revision.data === undefined || revision.data === null ? [required(path("data"), "data is mandatory")] : []),
      ],
      validateUpdate: (revision, old) => [
        ...validateRevision(revision),
        ...validateImmutableField(revision.data, old.data, path("data")),
      ],
    },
    columns: [
      nameColumn,
      column("Controller", controllerOf),
      column("Revision", (object: ControllerRevision) => object.revision ?? 0),
      ageColumn,
    ],
  },
);
