/** ListOptions: the query of list, watch and deletecollection. Source of rules and texts: apimachinery's internalversion/validation. */

import {
  badRequest,
  type FieldError,
  forbiddenField,
  invalid,
  notSupported,
  path,
  pushAll,
} from "@kubets/apimachinery";
import { isTrue } from "./parse-request-info.ts";

export interface ListOptions {
  readonly labelSelector: string;
  readonly fieldSelector: string;
  /** "" when not given. */
  readonly resourceVersion: string;
  readonly resourceVersionMatch: "" | "Exact" | "NotOlderThan";
  /** 0: no limit. */
  readonly limit: number;
  readonly continue: string;
  readonly watch: boolean;
  readonly allowWatchBookmarks: boolean;
  readonly sendInitialEvents: boolean | undefined;
  /** 0: the server's choice. */
  readonly timeoutSeconds: number;
}

/** @throws StatusError 400 for a value of the wrong type, 422 for a combination that is not allowed */
export function parseListOptions(query: URLSearchParams): ListOptions {
  const match = query.get("resourceVersionMatch") ?? "";
  const sendInitialEvents = query.get("sendInitialEvents");
  const options = withDefaults({
    labelSelector: query.get("labelSelector") ?? "",
    fieldSelector: query.get("fieldSelector") ?? "",
    resourceVersion: query.get("resourceVersion") ?? "",
    resourceVersionMatch: match as ListOptions["resourceVersionMatch"],
    limit: integer(query, "limit"),
    continue: query.get("continue") ?? "",
    watch: isTrue(query.get("watch")),
    allowWatchBookmarks: isTrue(query.get("allowWatchBookmarks")),
    sendInitialEvents: sendInitialEvents === null ? undefined : isTrue(sendInitialEvents),
    timeoutSeconds: integer(query, "timeoutSeconds"),
  });
  const errors = options.watch ? watchErrors(options) : listErrors(options);
  if (errors.length > 0) throw invalid("meta.k8s.io", "ListOptions", "", errors);
  return options;
}

/** A watch from the beginning is sent what there is, and told where that ends if it takes bookmarks. Source: SetListOptionsDefaults. */
function withDefaults(options: ListOptions): ListOptions {
  const { watch, resourceVersion, resourceVersionMatch, sendInitialEvents } = options;
  const isFromBeginning = watch && (resourceVersion === "" || resourceVersion === "0");
  if (!isFromBeginning || resourceVersionMatch !== "" || sendInitialEvents !== undefined) return options;
  return { ...options, sendInitialEvents: true, resourceVersionMatch: "NotOlderThan" };
}

function integer(query: URLSearchParams, name: string): number {
  const given = query.get(name);
  if (given === null) return 0;
  if (!/^[+-]?\d{1,18}$/.test(given)) {
    throw badRequest(`strconv.ParseInt: parsing ${JSON.stringify(given)}: invalid syntax`);
  }
  return Number(given);
}

function listErrors(options: ListOptions): FieldError[] {
  const errors: FieldError[] = [];
  const at = path("resourceVersionMatch");
  const { resourceVersionMatch: match, resourceVersion } = options;
  if (match !== "") {
    if (resourceVersion === "") {
      errors.push(forbiddenField(at, "resourceVersionMatch is forbidden unless resourceVersion is provided"));
    }
    if (options.continue !== "") {
      errors.push(forbiddenField(at, "resourceVersionMatch is forbidden when continue is provided"));
    }
    pushAll(errors, unknownMatch(match));
    if (match === "Exact" && resourceVersion === "0") {
      errors.push(forbiddenField(at, 'resourceVersionMatch "exact" is forbidden for resourceVersion "0"'));
    }
  }
  if (options.sendInitialEvents !== undefined) {
    errors.push(forbiddenField(path("sendInitialEvents"), "sendInitialEvents is forbidden for list"));
  }
  return errors;
}

function watchErrors({ resourceVersionMatch: match, sendInitialEvents, ...options }: ListOptions): FieldError[] {
  const at = path("resourceVersionMatch");
  const errors: FieldError[] = [];
  if (sendInitialEvents !== undefined && match !== "NotOlderThan") {
    errors.push(forbiddenField(at, "sendInitialEvents requires setting resourceVersionMatch to NotOlderThan"));
  }
  if (match !== "") {
    if (sendInitialEvents === undefined) {
      errors.push(
        forbiddenField(at, "resourceVersionMatch is forbidden for watch unless sendInitialEvents is provided"),
      );
    }
    if (match !== "NotOlderThan") errors.push(notSupported(at, match, ["NotOlderThan"]));
  }
  if (match !== "" && options.continue !== "") {
    errors.push(forbiddenField(at, "resourceVersionMatch is forbidden when continue is provided"));
  }
  return errors;
}

function unknownMatch(match: string): FieldError[] {
  if (match === "Exact" || match === "NotOlderThan") return [];
  return [notSupported(path("resourceVersionMatch"), match, ["Exact", "NotOlderThan", ""])];
}

/**
 * A resourceVersion as a revision.
 * @throws StatusError 400 when it is not a number
 */
export function parseResourceVersion(resourceVersion: string): number {
  if (resourceVersion === "" || resourceVersion === "0") return 0;
  const revision = Number(resourceVersion);
  if (!/^\d+$/.test(resourceVersion) || !Number.isSafeInteger(revision)) {
    const why = /^\d+$/.test(resourceVersion) ? "value out of range" : "invalid syntax";
    throw badRequest(
      `invalid resource version: resourceVersion: Invalid value: ${JSON.stringify(resourceVersion)}: strconv.ParseUint: parsing ${JSON.stringify(resourceVersion)}: ${why}`,
    );
  }
  return revision;
}
