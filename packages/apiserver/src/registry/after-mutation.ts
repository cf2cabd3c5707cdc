/** What mutating admission may not break. Source: apiserver's endpoints/handlers/fieldmanager/admission.go. */

import { type KubeObject, type ManagedFieldsEntry, messageOf, parseFieldsV1 } from "@kubets/apimachinery";

/** Puts the managed fields from before admission back when those it left cannot be read. */
export function keepReadableManagedFields(
  object: KubeObject,
  before: ManagedFieldsEntry[] | undefined,
  warn: (text: string) => void,
): void {
  const metadata = object.metadata!;
  if (metadata.managedFields === before) return;
  const fault = faultOf(metadata.managedFields ?? []);
  if (fault === undefined) return;
  if (before === undefined) delete metadata.managedFields;
  else metadata.managedFields = before;
  warn(
    `.metadata.managedFields was in an invalid state after admission; this could be caused by an outdated mutating admission controller; please fix your requests: ${fault}`,
  );
}

function faultOf(entries: readonly ManagedFieldsEntry[]): string | undefined {
  for (const [i, { operation, apiVersion, fieldsType, fieldsV1 }] of entries.entries()) {
    if (operation !== "Apply" && operation !== "Update") return "operation must be `Apply` or `Update`";
    if (!apiVersion) return "apiVersion must not be empty";
    if (!fieldsType) return `missing fieldsType in managed fields entry ${i}`;
    if (fieldsType !== "FieldsV1") return `invalid fieldsType "${fieldsType}" in managed fields entry ${i}`;
    try {
      parseFieldsV1(fieldsV1 ?? {});
    } catch (error) {
      return `error decoding versioned set: error decoding set: ${messageOf(error)}`;
    }
  }
  return undefined;
}
