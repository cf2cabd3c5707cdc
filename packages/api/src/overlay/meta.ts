/** Shared by all groups (apimachinery meta/v1). */

import type { GroupOverlay } from "./rules.ts";

export const metaOverlay: GroupOverlay = {
  APIResource: { verbs: "plain" },
  LabelSelector: { $self: "atomic" },
  ManagedFieldsEntry: { fieldsV1: "type=FieldsV1" },
  ObjectMeta: { finalizers: "set strategy=merge", ownerReferences: "map=uid strategy=merge key=uid" },
  OwnerReference: { $self: "atomic" },
  WatchEvent: { object: "type=RawExtension" },
};
