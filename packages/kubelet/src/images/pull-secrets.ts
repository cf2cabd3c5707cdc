/** Registry credentials from a pod's imagePullSecrets. Source: pkg/credentialprovider. Nothing here may be logged. */

import type { Secret } from "@kubets/api";
import type { AuthConfig } from "@kubets/cri";
import { registryOf } from "./image-reference.ts";

interface DockerAuth {
  readonly username?: string;
  readonly password?: string;
  readonly auth?: string;
  readonly identitytoken?: string;
}

function authsOf(secret: Secret): Record<string, DockerAuth> {
  const json = secret.data?.[".dockerconfigjson"];
  const legacy = secret.data?.[".dockercfg"];
  try {
    if (json !== undefined) {
      const parsed = JSON.parse(Buffer.from(json, "base64").toString("utf8")) as { auths?: Record<string, DockerAuth> };
      return parsed.auths ?? {};
    }
    if (legacy !== undefined) return JSON.parse(Buffer.from(legacy, "base64").toString("utf8"));
  } catch {
    // A secret that is not what its type says holds no credentials; upstream goes on without them too.
  }
  return {};
}

function hostAndPath(key: string): string {
  const bare = key.replace(/^https?:\/\//, "").replace(/\/(v1|v2)?\/?$/, "");
  return bare === "index.docker.io" || bare === "registry-1.docker.io" ? "docker.io" : bare;
}

function matches(key: string, image: string): boolean {
  const target = hostAndPath(key);
  const host = registryOf(image);
  const full = image.startsWith(host) ? image : `${host}/${image}`;
  if (target.startsWith("*.")) return host.endsWith(target.slice(1));
  return full === target || full.startsWith(`${target}/`) || target === host;
}

/** Credentials to try in turn: the most specific first. Empty means to pull without. */
export function credentialsFor(image: string, secrets: readonly Secret[]): AuthConfig[] {
  const found: { key: string; auth: DockerAuth }[] = [];
  for (const secret of secrets) {
    for (const [key, auth] of Object.entries(authsOf(secret))) if (matches(key, image)) found.push({ key, auth });
  }
  found.sort((a, b) => b.key.length - a.key.length);
  return found.map(({ key, auth }) => toAuthConfig(key, auth));
}

function toAuthConfig(key: string, auth: DockerAuth): AuthConfig {
  let { username = "", password = "" } = auth;
  if (username === "" && auth.auth !== undefined) {
    const decoded = Buffer.from(auth.auth, "base64").toString("utf8");
    const colon = decoded.indexOf(":");
    username = decoded.slice(0, Math.max(colon, 0));
    password = decoded.slice(colon + 1);
  }
  return {
    username,
    password,
    serverAddress: key,
    ...(auth.identitytoken === undefined ? {} : { identityToken: auth.identitytoken }),
  };
}
