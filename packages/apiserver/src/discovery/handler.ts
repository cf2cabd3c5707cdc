/** `/api`, `/apis` and what is below them that is not a resource. Documents are made when first asked for, and again when what is served changes. */

import { createHash } from "node:crypto";
import type { ResourceDefinition } from "@kubets/api";
import { negotiateOutput } from "../request/negotiate.ts";
import { type Answer, header, value } from "../request/request.ts";
import type { Call } from "../server/context.ts";
import { methodNotAllowed } from "../server/errors.ts";
import type { ResourceTable } from "../server/resource-table.ts";
import {
  aggregatedDiscovery,
  apiGroup,
  apiGroupList,
  apiResourceList,
  apiVersions,
  groupsOf,
  type RemoteGroupVersion,
  type ServedGroup,
} from "./resource-list.ts";

const ownPaths = [
  "/.well-known/openid-configuration",
  "/api",
  "/api/v1",
  "/apis",
  "/apis/",
  "/metrics",
  "/openapi/v2",
  "/openapi/v3",
  "/openapi/v3/",
  "/openid/v1/jwks",
  "/version",
];

/** What other servers answer for. */
export interface RemoteGroups {
  /** Changes whenever they do. */
  readonly generation: number;
  groupVersions(): readonly RemoteGroupVersion[];
}

interface Snapshot {
  readonly generation: number;
  readonly remoteGeneration: number | undefined;
  readonly remote: readonly RemoteGroupVersion[];
  readonly definitions: readonly ResourceDefinition[];
  readonly groups: readonly ServedGroup[];
  readonly documents: Map<string, { readonly bytes: Uint8Array; readonly etag: string }>;
}

export class Discovery {
  readonly #resources: ResourceTable;
  readonly #serverAddress: () => string;
  readonly #otherPaths: readonly string[];
  readonly #remote: RemoteGroups | undefined;
  #snapshot: Snapshot | undefined;

  /**
   * @param serverAddress `host:port` clients may reach the server at
   * @param otherPaths what is served besides, for the list of paths
   */
  constructor(
    resources: ResourceTable,
    serverAddress: () => string,
    otherPaths: readonly string[] = [],
    remote?: RemoteGroups,
  ) {
    this.#otherPaths = otherPaths;
    this.#resources = resources;
    this.#serverAddress = serverAddress;
    this.#remote = remote;
  }

  /** @throws StatusError 405 for the documents that upstream's router answers; those of its aggregation layer are given for every method */
  handle({ info, request }: Call): Answer | undefined {
    if (info.path === "/" && info.verb === "get") return value(200, { paths: this.#paths() });
    const parts = info.path.split("/").filter((part) => part !== "");
    if ((parts[0] !== "api" && parts[0] !== "apis") || parts.length > 3) return undefined;
    const core = parts[0] === "api";
    if (info.verb !== "get" && info.verb !== "head") {
      const plain = this.#plain(core, parts.slice(1));
      if (plain !== undefined && (core || parts.length === 3)) throw methodNotAllowed();
      return plain;
    }
    if (parts.length === 1) {
      const allowed = { table: false, discovery: true };
      const { as, version } = negotiateOutput(header(request, "accept"), request.query, allowed);
      if (as === "discovery") return this.#aggregated(core, version, header(request, "if-none-match"));
    }
    return this.#plain(core, parts.slice(1));
  }

  /** What `kubectl get --raw /` lists. */
  #paths(): string[] {
    const groups = this.#current().groups.filter(({ name }) => name !== "");
    const ofGroups = groups.flatMap(({ name, versions }) => [
      `/apis/${name}`,
      ...versions.map((version) => `/apis/${name}/${version}`),
    ]);
    return [...ownPaths, ...this.#otherPaths, ...ofGroups].sort();
  }

  #plain(core: boolean, rest: readonly string[]): Answer | undefined {
    const { groups, definitions } = this.#current();
    if (rest.length === 0) return value(200, core ? apiVersions(this.#serverAddress()) : apiGroupList(groups));
    const group = groups.find(({ name }) => name === (core ? "" : rest[0]));
    if (group === undefined) return undefined;
    const [version] = core ? rest : rest.slice(1);
    if (version === undefined) return value(200, apiGroup(group));
    if (!group.versions.includes(version) || (core && rest.length > 1)) return undefined;
    const served = definitions.filter((each) => each.group === group.name && each.version === version);
    return value(200, apiResourceList(group.name, version, served));
  }

  #aggregated(core: boolean, version: string, ifNoneMatch: string | undefined): Answer {
    const snapshot = this.#current();
    const key = `${core} ${version}`;
    let document = snapshot.documents.get(key);
    if (document === undefined) {
      const json = aggregatedDiscovery(snapshot.groups, snapshot.definitions, core, version, snapshot.remote);
      const bytes = Buffer.from(JSON.stringify(json));
      document = { bytes, etag: `"${createHash("sha512").update(bytes).digest("hex").toUpperCase()}"` };
      snapshot.documents.set(key, document);
    }
    const contentType = `application/json;g=apidiscovery.k8s.io;v=${version};as=APIGroupDiscoveryList`;
    const headers = { etag: document.etag, vary: "Accept", "cache-control": "public" };
    if (ifNoneMatch === document.etag) {
      return { status: 304, headers, content: { type: "bytes", contentType, bytes: new Uint8Array() } };
    }
    return { status: 200, headers, content: { type: "bytes", contentType, bytes: document.bytes } };
  }

  #current(): Snapshot {
    const { generation } = this.#resources;
    const remoteGeneration = this.#remote?.generation;
    let snapshot = this.#snapshot;
    if (snapshot?.generation !== generation || snapshot.remoteGeneration !== remoteGeneration) {
      const definitions = [...this.#resources.all()].map(({ definition }) => definition);
      const remote = this.#remote?.groupVersions() ?? [];
      const groups = groupsOf(definitions, remote);
      snapshot = { generation, remoteGeneration, remote, definitions, groups, documents: new Map() };
      this.#snapshot = snapshot;
    }
    return snapshot;
  }
}
