/** CreateOptions, UpdateOptions, PatchOptions and DeleteOptions, from the query and, for deletes, the body. */

import { schemaSet } from "@kubets/api";
import {
  badRequest,
  DecodeError,
  decodeObject,
  type FieldError,
  forbiddenField,
  invalid,
  invalidValue,
  type Json,
  notSupported,
  path,
  pushAll,
  required,
  tooLong,
} from "@kubets/apimachinery";
import { type DecodedRequest, isJsonObject } from "./body.ts";
import { notAStruct, typeFaultOf } from "./decode-object.ts";
import { isTrue } from "./parse-request-info.ts";

export type FieldValidation = "Ignore" | "Warn" | "Strict";

export interface WriteOptions {
  readonly dryRun: boolean;
  /** "" when not given: {@link managerOf} falls back to the user agent. */
  readonly fieldManager: string;
  readonly fieldValidation: FieldValidation;
  /** Of apply patches; undefined when not given. */
  readonly force: boolean | undefined;
}

export type OptionsKind = "CreateOptions" | "UpdateOptions" | "PatchOptions";

/** @throws StatusError 422 as upstream words it */
export function parseWriteOptions(query: URLSearchParams, kind: OptionsKind, isApply = false): WriteOptions {
  const dryRun = query.getAll("dryRun");
  const fieldManager = query.get("fieldManager") ?? "";
  const fieldValidation = query.get("fieldValidation") ?? "";
  const force = query.get("force");
  const errors: FieldError[] = [];
  if (kind === "PatchOptions") {
    if (isApply && fieldManager === "") errors.push(required(path("fieldManager"), "is required for apply patch"));
    if (!isApply && force !== null)
      errors.push(forbiddenField(path("force"), "may not be specified for non-apply patch"));
  }
  pushAll(errors, fieldManagerErrors(fieldManager));
  pushAll(errors, dryRunErrors(dryRun));
  if (!["", "Ignore", "Warn", "Strict"].includes(fieldValidation)) {
    errors.push(notSupported(path("fieldValidation"), fieldValidation, ["", "Ignore", "Strict", "Warn"]));
  }
  if (errors.length > 0) throw invalid("meta.k8s.io", kind, "", errors);
  return {
    dryRun: dryRun.includes("All"),
    fieldManager,
    // Without a word from the client the server warns: upstream's default since 1.27.
    fieldValidation: fieldValidation === "" ? "Warn" : (fieldValidation as FieldValidation),
    force: force === null ? undefined : isTrue(force),
  };
}

function dryRunErrors(values: readonly string[]): FieldError[] {
  return values.every((value) => value === "All") ? [] : [notSupported(path("dryRun"), values, ["All"])];
}

function fieldManagerErrors(manager: string): FieldError[] {
  if (manager.length > 128) return [tooLong(path("fieldManager"), 128)];
  return [...manager].flatMap((character, position) => {
    if (/[\p{L}\p{M}\p{N}\p{P}\p{S} ]/u.test(character)) return [];
    const code = character.codePointAt(0)!.toString(16).toUpperCase().padStart(4, "0");
    return [invalidValue(path("fieldManager"), manager, `invalid character U+${code} (at position ${position})`)];
  });
}

/** The manager's name in managedFields: what was asked for, or the user agent up to its first slash. */
export function managerOf(fieldManager: string, userAgent: string | undefined): string {
  if (fieldManager !== "") return fieldManager;
  const agent = (userAgent ?? "").split("/")[0]!;
  return agent === "" ? "unknown" : agent.slice(0, 128);
}

export type PropagationPolicy = "Orphan" | "Background" | "Foreground";

export interface DeleteOptions {
  readonly dryRun: boolean;
  readonly gracePeriodSeconds: number | undefined;
  readonly propagationPolicy: PropagationPolicy | undefined;
  readonly orphanDependents: boolean | undefined;
  readonly preconditions: { readonly uid?: string; readonly resourceVersion?: string };
}

const policies = ["Foreground", "Background", "Orphan"];

/**
 * @param body the decoded DeleteOptions; undefined when the request had none, and then the query is read
 * @param numbers of the body
 * @throws StatusError 400 for a body of another kind, 422 for values that are not allowed
 */
export function parseDeleteOptions(
  query: URLSearchParams,
  body: unknown,
  numbers?: DecodedRequest["numbers"],
): DeleteOptions {
  const given = body === undefined || body === null ? fromQuery(query) : fromBody(body, numbers);
  const errors: FieldError[] = [...dryRunErrors(given.dryRun)];
  if (given.propagationPolicy !== undefined && given.orphanDependents !== undefined) {
    errors.push(
      invalidValue(
        path("propagationPolicy"),
        given.propagationPolicy,
        "orphanDependents and deletionPropagation cannot be both set",
      ),
    );
  }
  if (given.propagationPolicy !== undefined && !policies.includes(given.propagationPolicy)) {
    errors.push(notSupported(path("propagationPolicy"), given.propagationPolicy, [...policies, "nil"]));
  }
  if (errors.length > 0) throw invalid("meta.k8s.io", "DeleteOptions", "", errors);
  return {
    ...given,
    dryRun: given.dryRun.includes("All"),
    // Negative periods mean one second, as upstream has it since 1.21.
    gracePeriodSeconds:
      given.gracePeriodSeconds !== undefined && given.gracePeriodSeconds < 0 ? 1 : given.gracePeriodSeconds,
    propagationPolicy: given.propagationPolicy as PropagationPolicy | undefined,
  };
}

/** As admission is shown them: a meta.k8s.io/v1 DeleteOptions. */
export function deleteOptionsObject(options: DeleteOptions): object {
  const { gracePeriodSeconds, preconditions, orphanDependents, propagationPolicy, dryRun } = options;
  return {
    kind: "DeleteOptions",
    apiVersion: "meta.k8s.io/v1",
    ...(gracePeriodSeconds === undefined ? {} : { gracePeriodSeconds }),
    ...(preconditions.uid === undefined && preconditions.resourceVersion === undefined ? {} : { preconditions }),
    ...(orphanDependents === undefined ? {} : { orphanDependents }),
    ...(propagationPolicy === undefined ? {} : { propagationPolicy }),
    ...(dryRun ? { dryRun: ["All"] } : {}),
  };
}

interface Given {
  dryRun: string[];
  gracePeriodSeconds: number | undefined;
  propagationPolicy: string | undefined;
  orphanDependents: boolean | undefined;
  preconditions: { uid?: string; resourceVersion?: string };
}

function fromQuery(query: URLSearchParams): Given {
  const grace = query.get("gracePeriodSeconds");
  if (grace !== null && !/^-?\d{1,10}$/.test(grace)) {
    throw badRequest(`strconv.ParseInt: parsing ${JSON.stringify(grace)}: invalid syntax`);
  }
  const orphan = query.get("orphanDependents");
  const [uid, resourceVersion] = [query.get("uid"), query.get("resourceVersion")];
  return {
    dryRun: query.getAll("dryRun"),
    gracePeriodSeconds: grace === null ? undefined : Number(grace),
    propagationPolicy: query.get("propagationPolicy") ?? undefined,
    orphanDependents: orphan === null ? undefined : isTrue(orphan),
    preconditions: { ...(uid ? { uid } : {}), ...(resourceVersion ? { resourceVersion } : {}) },
  };
}

const deleteOptionsSchema = { $ref: "#/components/schemas/io.k8s.apimachinery.pkg.apis.meta.v1.DeleteOptions" };

/** What is not understood must not pass for not being there: a dry run would delete. */
function fromBody(body: unknown, numbers: DecodedRequest["numbers"]): Given {
  if (!isJsonObject(body)) throw badRequest(`couldn't get version/kind; json parse error: ${notAStruct(body)}`);
  const fault = typeFaultOf(body);
  if (fault !== undefined) throw badRequest(fault);
  const { kind, apiVersion } = body;
  if (kind && kind !== "DeleteOptions") {
    const version = JSON.stringify(String(apiVersion ?? "meta.k8s.io/v1"));
    throw badRequest(
      `no kind ${JSON.stringify(String(kind))} is registered for version ${version} in scheme "pkg/runtime/scheme.go:111"`,
    );
  }
  const { dryRun, gracePeriodSeconds, propagationPolicy, orphanDependents, preconditions } = decodeOptions(
    body,
    numbers,
  );
  const { uid, resourceVersion } = preconditions ?? {};
  return {
    dryRun: dryRun ?? [],
    // More than a double counts exactly would come back as more than Go's integers hold.
    gracePeriodSeconds:
      gracePeriodSeconds === undefined ? undefined : Math.min(Number(gracePeriodSeconds), Number.MAX_SAFE_INTEGER),
    propagationPolicy,
    orphanDependents,
    preconditions: {
      ...(uid === undefined ? {} : { uid }),
      ...(resourceVersion === undefined ? {} : { resourceVersion }),
    },
  };
}

/** @throws StatusError 400 */
function decodeOptions(body: Record<string, Json>, numbers: DecodedRequest["numbers"]): Partial<Given> {
  const written = numbers === undefined ? undefined : { numbers: numbers() };
  try {
    return decodeObject<Partial<Given>>(body, deleteOptionsSchema, schemaSet, written).value;
  } catch (error) {
    if (error instanceof DecodeError) throw badRequest(error.message);
    throw error;
  }
}
