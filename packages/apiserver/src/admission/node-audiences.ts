/**
 * Which audiences a node may ask tokens for: those that the pod's volumes name, and those it has the verb for.
 * Source: kubernetes' plugin/pkg/admission/noderestriction (ServiceAccountNodeAudienceRestriction).
 */

import {
  csiDrivers,
  type Pod,
  persistentVolumeClaims,
  persistentVolumes,
  type TokenRequest,
  type Volume,
} from "@kubets/api";
import type { Authorizer } from "../authorization/authorizer.ts";
import type { ObjectReader } from "../reader/object-reader.ts";
import { refuse } from "./errors.ts";
import type { AdmissionAttributes } from "./plugin.ts";

/** @throws StatusError 403 */
export async function checkNodeAudience(
  attributes: AdmissionAttributes,
  pod: Pod,
  reader: ObjectReader,
  authorizer: Authorizer | undefined,
): Promise<void> {
  const { audiences = [] } = (attributes.object as TokenRequest).spec ?? {};
  if (audiences.length > 1) throw refuse(attributes, "node may only request 0 or 1 audiences");
  const [audience = ""] = audiences;
  if (await isNamedBy(pod, audience, reader)) return;
  const { user, namespace, name } = attributes;
  const decision = await authorizer?.authorize({
    user,
    verb: "request-serviceaccounts-token-audience",
    namespace,
    apiGroup: "",
    apiVersion: "v1",
    resource: audience,
    subresource: "",
    name,
    isResourceRequest: true,
    path: "",
  });
  if (decision?.decision === "Allow") return;
  throw refuse(
    attributes,
    `audience ${JSON.stringify(audience)} not found in pod spec volume, ${user.name} is not authorized to request tokens for this audience`,
  );
}

async function isNamedBy(pod: Pod, audience: string, reader: ObjectReader): Promise<boolean> {
  for (const volume of pod.spec?.volumes ?? []) {
    const tokens = (volume.projected?.sources ?? []).flatMap(({ serviceAccountToken: t }) => (t ? [t] : []));
    if (tokens.some((token) => (token.audience ?? "") === audience)) return true;
    const driver = await driverOf(pod, volume, reader);
    if (driver === undefined) continue;
    const requests = (await reader.get(csiDrivers, "", driver))?.spec?.tokenRequests ?? [];
    if (requests.some((request) => (request.audience ?? "") === audience)) return true;
  }
  return false;
}

async function driverOf({ metadata }: Pod, volume: Volume, reader: ObjectReader): Promise<string | undefined> {
  if (volume.csi !== undefined) return volume.csi.driver;
  const claim = volume.ephemeral ? `${metadata?.name}-${volume.name}` : volume.persistentVolumeClaim?.claimName;
  if (claim === undefined) return undefined;
  const found = await reader.get(persistentVolumeClaims, metadata?.namespace ?? "", claim);
  const name = found?.spec?.volumeName;
  return name ? (await reader.get(persistentVolumes, "", name))?.spec?.csi?.driver : undefined;
}
