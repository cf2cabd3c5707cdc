/** Gives pods their service account, its token and its pull secrets. Source: kubernetes' plugin/pkg/admission/serviceaccount. */

import {
  type Container,
  type EphemeralContainer,
  isMirrorPod,
  type Pod,
  type ServiceAccount,
  serviceAccounts,
  type Volume,
  type VolumeMount,
} from "@kubets/api";
import type { Clock, Random } from "@kubets/apimachinery";
import type { ObjectReader } from "../reader/object-reader.ts";
import { onlyAbout, refuse } from "./errors.ts";
import type { Lister } from "./lister.ts";
import type { AdmissionAttributes, AdmissionPlugin } from "./plugin.ts";
import { secretNamesOf } from "./pod-references.ts";

export interface ServiceAccountOptions {
  readonly accounts: Lister<ServiceAccount>;
  /** Asked for an account that the lister does not know: another server may just have made it. */
  readonly reader: ObjectReader;
  readonly clock: Clock;
  readonly random: Random;
}

const defaultName = "default";
const volumePrefix = "kube-api-access-";
const mountPath = "/var/run/secrets/kubernetes.io/serviceaccount";
const enforceMountableSecrets = "kubernetes.io/enforce-mountable-secrets";
/** As upstream's utilrand: no vowels, nothing to misread. */
const suffixAlphabet = "bcdfghjklmnpqrstvwxz2456789";
/** How often the default account of a new namespace is looked for, while its controller makes it. */
const defaultAttempts = 10;

export class ServiceAccountAdmission implements AdmissionPlugin {
  readonly name = "ServiceAccount";
  readonly concerns = onlyAbout("", "pods", ["", "ephemeralcontainers"]);
  readonly #options: ServiceAccountOptions;

  constructor(options: ServiceAccountOptions) {
    this.#options = options;
  }

  handles(operation: AdmissionAttributes["operation"]): boolean {
    return operation === "CREATE" || operation === "UPDATE";
  }

  mutate(attributes: AdmissionAttributes): Promise<void> | undefined {
    if (attributes.operation !== "CREATE" || attributes.subresource !== "") return undefined;
    const pod = attributes.object as Pod;
    if (pod.spec === undefined || isMirrorPod(pod)) return undefined;
    pod.spec.serviceAccountName ||= defaultName;
    // The old name of the field follows the new one, as upstream's conversion writes both.
    pod.spec.serviceAccount = pod.spec.serviceAccountName;
    const account = this.#options.accounts.get(attributes.namespace, pod.spec.serviceAccountName);
    if (account === undefined)
      return this.#look(attributes, pod.spec.serviceAccountName).then((found) => this.#furnish(pod, found));
    this.#furnish(pod, account);
    return undefined;
  }

  #furnish(pod: Pod, account: ServiceAccount): void {
    const spec = pod.spec!;
    if (spec.automountServiceAccountToken ?? account.automountServiceAccountToken ?? true) this.#mountToken(pod);
    if (!spec.imagePullSecrets?.length && account.imagePullSecrets?.length)
      spec.imagePullSecrets = account.imagePullSecrets.map(({ name }) => (name === undefined ? {} : { name }));
  }

  validate(attributes: AdmissionAttributes): Promise<void> | undefined {
    const pod = attributes.object as Pod;
    const isNew = attributes.operation === "CREATE" && attributes.subresource === "";
    if (!isNew && attributes.subresource !== "ephemeralcontainers") return undefined;
    if (isMirrorPod(pod)) {
      if (isNew) this.#checkMirror(attributes, pod);
      return undefined;
    }
    const name = pod.spec?.serviceAccountName ?? "";
    const account = this.#options.accounts.get(attributes.namespace, name);
    if (account === undefined)
      return this.#look(attributes, name).then((found) => checkSecrets(attributes, found, pod, isNew));
    checkSecrets(attributes, account, pod, isNew);
    return undefined;
  }

  #checkMirror(attributes: AdmissionAttributes, pod: Pod): void {
    if (pod.spec?.serviceAccountName) throw refuse(attributes, "a mirror pod may not reference service accounts");
    if (!secretNamesOf(pod).next().done) throw refuse(attributes, "a mirror pod may not reference secrets");
    const sources = (pod.spec?.volumes ?? []).flatMap(({ projected }) => projected?.sources ?? []);
    if (sources.some(({ serviceAccountToken }) => serviceAccountToken))
      throw refuse(attributes, "a mirror pod may not use ServiceAccountToken volume projections");
  }

  /** @throws StatusError 403 when there is none */
  async #look(attributes: AdmissionAttributes, name: string): Promise<ServiceAccount> {
    const { reader, clock, random } = this.#options;
    const { namespace } = attributes;
    const attempts = name === defaultName ? defaultAttempts : 1;
    const intervalMs = 100 + random.next() * 100;
    for (let attempt = 1; attempt <= attempts; attempt++) {
      if (attempt > 1) await clock.sleep(intervalMs, attributes.client.signal);
      const account = await reader.get(serviceAccounts, namespace, name);
      if (account !== undefined) return account;
    }
    const what = `error looking up service account ${namespace}/${name}`;
    throw refuse(attributes, `${what}: serviceaccount ${JSON.stringify(name)} not found`);
  }

  #mountToken(pod: Pod): void {
    const spec = pod.spec!;
    const existing = spec.volumes?.find(({ name }) => name.startsWith(volumePrefix));
    const mount: VolumeMount = { name: existing?.name ?? this.#volumeName(), readOnly: true, mountPath };
    let isNeeded = false;
    for (const container of [...(spec.initContainers ?? []), ...(spec.containers ?? [])]) {
      // Who mounts something there themselves knows why.
      if (container.volumeMounts?.some((other) => other.mountPath === mountPath)) continue;
      container.volumeMounts = [...(container.volumeMounts ?? []), { ...mount }];
      isNeeded = true;
    }
    if (isNeeded && existing === undefined) spec.volumes = [...(spec.volumes ?? []), tokenVolume(mount.name)];
  }

  #volumeName(): string {
    let suffix = "";
    for (let i = 0; i < 5; i++)
      suffix += suffixAlphabet[Math.floor(this.#options.random.next() * suffixAlphabet.length)];
    return volumePrefix + suffix;
  }
}

function tokenVolume(name: string): Volume {
  return {
    name,
    projected: {
      defaultMode: 0o644,
      sources: [
        { serviceAccountToken: { path: "token", expirationSeconds: 3607 } },
        { configMap: { name: "kube-root-ca.crt", items: [{ key: "ca.crt", path: "ca.crt" }] } },
        {
          downwardAPI: {
            items: [{ path: "namespace", fieldRef: { apiVersion: "v1", fieldPath: "metadata.namespace" } }],
          },
        },
      ],
    },
  };
}

/** Go's strconv.ParseBool; false for what it cannot read. */
function parseBool(text: string | undefined): boolean {
  return text !== undefined && ["1", "t", "T", "true", "TRUE", "True"].includes(text);
}

function checkSecrets(attributes: AdmissionAttributes, account: ServiceAccount, pod: Pod, isNew: boolean): void {
  if (!parseBool(account.metadata?.annotations?.[enforceMountableSecrets])) return;
  const problem = isNew
    ? unmountable(account, pod).next().value
    : unmountableIn(account, "ephemeral container", pod.spec?.ephemeralContainers).next().value;
  if (problem !== undefined) throw refuse(attributes, problem);
}

function notReferenced(account: ServiceAccount): string {
  return `is not allowed because service account ${account.metadata?.name} does not reference that secret`;
}

/** Which of the pod's secrets its account does not list. */
function* unmountable(account: ServiceAccount, pod: Pod): Generator<string, undefined> {
  const name = account.metadata?.name;
  const mountable = new Set(account.secrets?.map((secret) => secret.name));
  for (const { secret } of pod.spec?.volumes ?? []) {
    if (secret?.secretName && !mountable.has(secret.secretName))
      yield `volume with secret.secretName="${secret.secretName}" ${notReferenced(account)}`;
  }
  yield* unmountableIn(account, "init container", pod.spec?.initContainers);
  yield* unmountableIn(account, "container", pod.spec?.containers);
  const pull = new Set(account.imagePullSecrets?.map((secret) => secret.name));
  for (const [i, secret] of (pod.spec?.imagePullSecrets ?? []).entries()) {
    if (!pull.has(secret.name))
      yield `imagePullSecrets[${i}].name="${secret.name}" is not allowed because service account ${name} does not reference that imagePullSecret`;
  }
  return undefined;
}

function* unmountableIn(
  account: ServiceAccount,
  kind: string,
  containers: readonly (Container | EphemeralContainer)[] = [],
): Generator<string, undefined> {
  const mountable = new Set(account.secrets?.map((secret) => secret.name));
  for (const container of containers) {
    for (const { name, valueFrom } of container.env ?? []) {
      const secret = valueFrom?.secretKeyRef?.name;
      if (secret && !mountable.has(secret))
        yield `${kind} ${container.name} with envVar ${name} referencing secret.secretName="${secret}" ${notReferenced(account)}`;
    }
  }
  return undefined;
}
