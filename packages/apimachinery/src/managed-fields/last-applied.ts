/**
 * The bridge from `kubectl apply` to `kubectl apply --server-side`: the annotation in which the former keeps what it applied.
 * Source: apimachinery's managedfields, lastAppliedManager and lastAppliedUpdater.
 */

import { parseJson } from "../exact-json.ts";
import type { Json, KubeObject } from "../object.ts";
import { escapeAsGo, writeSortedJson } from "../sorted-json.ts";
import { compareFields } from "./comparison.ts";
import { claimedFields } from "./field-extraction.ts";
import { emptyFieldSet, type FieldSet, subtractFieldSet } from "./field-set.ts";
import type { MergeType } from "./merge-type.ts";

/** Where kubectl keeps what it applied, before the server did that. */
export const lastAppliedAnnotation = "kubectl.kubernetes.io/last-applied-configuration";
/** Only this manager crosses the bridge. */
export const kubectlManager = "kubectl";
const maxAnnotationsBytes = 256 * 1024;

/** The fields that the client-side apply set and nobody has changed since: its server-side successor may take them without force. */
export function fieldsOfLastApplied(live: Json, apiVersion: string, type: MergeType): FieldSet {
  const text = (live as KubeObject).metadata?.annotations?.[lastAppliedAnnotation];
  if (!text) return emptyFieldSet;
  try {
    const lastApplied = parseJson(text) as Json;
    if ((lastApplied as KubeObject | null)?.apiVersion !== apiVersion) return emptyFieldSet;
    const { added, modified, removed } = compareFields(lastApplied, live, type);
    return [added, modified, removed].reduce(subtractFieldSet, claimedFields(lastApplied, type));
  } catch {
    // The annotation is the user's text: one that cannot be read allows nothing.
    return emptyFieldSet;
  }
}

/** The object with its annotation, if it has one, brought up to what was applied now, so that a later client-side apply finds it. */
export function withLastApplied<T extends KubeObject>(object: T, config: KubeObject): T {
  const annotations = object.metadata?.annotations;
  if (!annotations?.[lastAppliedAnnotation]) return object;
  const text = `${escapeAsGo(writeSortedJson(withoutAnnotation(config)))}\n`;
  const updated: Record<string, string> = { ...annotations, [lastAppliedAnnotation]: text };
  const size = Object.entries(updated).reduce((sum, [k, v]) => sum + Buffer.byteLength(k) + Buffer.byteLength(v), 0);
  if (size > maxAnnotationsBytes) delete updated[lastAppliedAnnotation];
  return { ...object, metadata: { ...object.metadata, annotations: updated } };
}

function withoutAnnotation(config: KubeObject): KubeObject {
  const annotations = config.metadata?.annotations;
  if (annotations?.[lastAppliedAnnotation] === undefined) return config;
  const { [lastAppliedAnnotation]: _, ...rest } = annotations;
  return { ...config, metadata: { ...config.metadata, annotations: rest } };
}
