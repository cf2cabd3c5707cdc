/** A decoded body as an object of one kind: version and kind checked, fields checked as fieldValidation says, defaults filled in. */

import { schemaSet as builtInSchemas, type ResourceDefinition, setSchemaDefaults } from "@kubets/api";
import {
  apiVersionOf,
  badRequest,
  DecodeError,
  decodeObject as decodeBySchema,
  hasInfinite,
  invalid,
  invalidValue,
  type Json,
  type KubeObject,
  type ObjectMeta,
  path,
  type SchemaSet,
  StatusError,
  typeFaults,
  type WrittenNumber,
  writeJson,
} from "@kubets/apimachinery";
import { type DecodedRequest, isJsonObject, unrecognized } from "./body.ts";
import type { FieldValidation } from "./write-options.ts";

/** What a body is to be: a resource's kind, or another that a request is made of. */
export type BodyDefinition = Pick<ResourceDefinition, "group" | "version" | "kind" | "schema" | "decode"> &
  Partial<Pick<ResourceDefinition, "strategy" | "scale">>;

export interface DecodeOptions {
  readonly definition: BodyDefinition;
  readonly schemas: SchemaSet;
  readonly fieldValidation: FieldValidation;
  /** What is decoded is the result of a patch: faults are the patch's. */
  readonly patched?: boolean;
  /** What is decoded is what came of an applied configuration, named as upstream names it: `default/web; apps/v1, Kind=Deployment`. */
  readonly applied?: string;
  warn(text: string): void;
}

const objectMetaName = "#/components/schemas/io.k8s.apimachinery.pkg.apis.meta.v1.ObjectMeta";

/** Whether a definition is a custom resource's: its schema is its own, and not one of the generated set. */
export function isCustom({ schema }: Pick<ResourceDefinition, "schema">): boolean {
  return schema.$ref === undefined;
}

/** Built-in kinds' fields that upstream always writes, with their zero values: `status: {}`, `replicas: 0`. */
export function setZeroValues(object: KubeObject, definition: BodyDefinition, schemas: SchemaSet): void {
  if (!isCustom(definition)) setSchemaDefaults(object, definition.schema, schemas);
}

/**
 * @param decoded taken over
 * @throws StatusError 400, or 422 for what a patch made, as upstream words it
 */
export function decodeObject(decoded: DecodedRequest | undefined, options: DecodeOptions): KubeObject {
  const { definition, schemas, fieldValidation, warn } = options;
  if (decoded === undefined || !isJsonObject(decoded.value)) throw notAnObject(decoded, definition);
  if (decoded.bytes !== undefined) checkTypeGiven(decoded.value, decoded, definition);
  checkType(decoded.value, definition);
  const { value, unknownFields } = bySchema(decoded.value, options, decoded.numbers);
  if (options.applied !== undefined && unknownFields.length > 0) throw notDeclared(options.applied, unknownFields);
  // A patch's own problems come before those of what it makes.
  const problems = options.patched
    ? [...decoded.duplicates, ...unknownFields]
    : inUpstreamsOrder(decoded, unknownFields, definition);
  if (problems.length > 0 && fieldValidation === "Strict") {
    throw refusal(options, decoded.value, `strict decoding error: ${problems.join(", ")}`);
  }
  if (fieldValidation === "Warn") for (const problem of problems) warn(problem);
  dropEmptyMetadata(value.metadata!);
  if (definition.decode === undefined) definition.strategy?.setDefaults?.(value);
  setZeroValues(value, definition, schemas);
  return value;
}

/** Go does not write them, and so nobody owns them. Of managedFields an empty list says something. */
function dropEmptyMetadata(metadata: ObjectMeta): void {
  const { labels, annotations, finalizers, ownerReferences } = metadata;
  if (labels !== undefined && isEmpty(labels)) delete metadata.labels;
  if (annotations !== undefined && isEmpty(annotations)) delete metadata.annotations;
  if (finalizers?.length === 0) delete metadata.finalizers;
  if (ownerReferences?.length === 0) delete metadata.ownerReferences;
}

function isEmpty(map: object): boolean {
  for (const _ in map) return false;
  return true;
}

/** That a large configuration has only fields of its kind is found out before it is taken apart: 200,000 of others take seconds. @throws StatusError 500, as upstream */
export function requireDeclared(
  configuration: Record<string, Json>,
  options: DecodeOptions & { applied: string },
): void {
  if (isCustom(options.definition)) return;
  const { unknownFields } = bySchema(configuration, options);
  if (unknownFields.length > 0) throw notDeclared(options.applied, unknownFields);
}

/** More than anyone reads are not put in order. */
const maxOrdered = 50;

/** Go's decoder meets duplicate and unknown fields of a type as the JSON has them; custom resources' unknown fields are found later. */
function inUpstreamsOrder(
  { value, duplicates }: DecodedRequest,
  unknown: readonly string[],
  definition: BodyDefinition,
): readonly string[] {
  if (duplicates.length === 0) return unknown;
  const problems = [...duplicates, ...unknown];
  const isTyped = !isCustom(definition) && duplicates[0]?.startsWith("duplicate field") === true;
  if (unknown.length === 0 || !isTyped || problems.length > maxOrdered) return problems;
  const pathOf = (text: string) => text.slice(text.indexOf('"') + 1, -1);
  const paths = problems.map(pathOf);
  const met: string[] = [];
  const visit = (inner: unknown, at: string): void => {
    const leads = paths.some((path) => path.startsWith(`${at}.`) || path.startsWith(`${at}[`));
    if (at !== "" && paths.includes(at)) met.push(at);
    if ((at !== "" && !leads) || typeof inner !== "object" || inner === null) return;
    if (Array.isArray(inner)) for (const [index, item] of inner.entries()) visit(item, `${at}[${index}]`);
    else for (const [key, child] of Object.entries(inner)) visit(child, at === "" ? key : `${at}.${key}`);
  };
  visit(value, "");
  return problems.sort((a, b) => met.indexOf(pathOf(a)) - met.indexOf(pathOf(b)));
}

function bySchema(value: Record<string, Json>, options: DecodeOptions, numbers?: DecodedRequest["numbers"]) {
  const { definition, schemas } = options;
  try {
    if (numbers !== undefined && hasInfinite(value)) throw notFinite(numbers());
    if (numbers !== undefined && definition.scale !== undefined) requireIntegers(value, definition, numbers());
    if (!isCustom(definition)) {
      const written = numbers === undefined ? undefined : { numbers: numbers() };
      return decodeBySchema<KubeObject>(value, definition.schema, schemas, written);
    }
    return customBySchema(value, options);
  } catch (error) {
    if (!(error instanceof DecodeError)) throw error;
    throw refusal(options, value, error.message);
  }
}

/** What Go's decoder says of a number that no double is. */
export function notFinite(numbers: readonly WrittenNumber[]): DecodeError {
  const { text = "1e999" } = numbers.find(({ text }) => !Number.isFinite(Number(text))) ?? {};
  return new DecodeError(`json: cannot unmarshal number ${text} into Go value of type float64`);
}

/** A schema's integers may be written as `1.0`, but not what a custom resource is scaled by. @throws StatusError 422 */
function requireIntegers(
  value: Record<string, Json>,
  { group, kind, schema, scale }: BodyDefinition,
  numbers: readonly WrittenNumber[],
): void {
  if (scale === undefined || !isCustom({ schema })) return;
  const errors = [scale.specReplicasPath, scale.statusReplicasPath].flatMap((at) => {
    const written = numbers.find(
      (number) => `.${number.path.join(".")}` === at && Number.isInteger(Number(number.text)),
    );
    if (written === undefined) return [];
    const why = `${at} accessor error: ${Number(written.text)} is of the type float64, expected int64`;
    return [invalidValue(path(at), 0, why)];
  });
  const { metadata } = value;
  const name = isJsonObject(metadata) ? metadata["name"] : undefined;
  if (errors.length > 0) throw invalid(group, kind, typeof name === "string" ? name : "", errors);
}

/** A custom resource's own fields are pruned and filled in by its own schema; its metadata is everyone's. */
function customBySchema(value: Record<string, Json>, { definition, schemas, applied }: DecodeOptions) {
  const { metadata, ...own } = value;
  const meta = decodeBySchema<ObjectMeta>(metadata ?? {}, { $ref: objectMetaName }, builtInSchemas);
  const metaProblems = meta.unknownFields.map(underMetadata);
  if (definition.decode !== undefined) {
    const object: KubeObject = { ...(own as KubeObject), metadata: meta.value };
    const unknown = definition.decode(object, applied !== undefined).map((field) => `unknown field "${field}"`);
    return { value: object, unknownFields: [...metaProblems, ...unknown] };
  }
  const rest = decodeBySchema<KubeObject>(own, definition.schema, schemas, { pruneOnly: true });
  return { value: { ...rest.value, metadata: meta.value }, unknownFields: [...metaProblems, ...rest.unknownFields] };
}

function underMetadata(problem: string): string {
  return problem.replace(/^unknown field "/, 'unknown field "metadata.');
}

/** Whatever fieldValidation says: who owns a field that the kind does not have cannot be told. Upstream's error is a plain one, and so a 500. */
function notDeclared(applied: string, unknownFields: readonly string[]): StatusError {
  const faults = unknownFields.map((text) => `.${text.slice(text.indexOf('"') + 1, -1)}: field not declared in schema`);
  return untypable(applied, together(faults));
}

function together(faults: readonly string[]): string {
  return faults.length === 1 ? faults.join() : ["errors:", ...faults.map((each) => `  ${each}`)].join("\n");
}

/** @throws StatusError 500 for what of an applied configuration is of another type than its field, as upstream */
export function requireTypes(configuration: Json, options: DecodeOptions & { applied: string }): void {
  const { definition, schemas, applied } = options;
  const faults = typeFaults(configuration, definition.schema, schemas);
  if (faults.length > 0) throw untypable(applied, together(faults));
}

/** An applied configuration is looked at by its schema before anything is decoded. */
function mistyped(value: Json, { definition, schemas }: DecodeOptions, message: string): string {
  const faults = typeFaults(value, definition.schema, isCustom(definition) ? schemas : builtInSchemas);
  return faults.length === 0 ? message : together(faults);
}

function untypable(applied: string, why: string): StatusError {
  return new StatusError(500, "", `failed to create typed patch object (${applied}): ${why}`);
}

function refusal(options: DecodeOptions, value: unknown, message: string): StatusError {
  const { definition, patched, applied } = options;
  if (applied !== undefined) {
    return message.startsWith("strict decoding error: ")
      ? badRequest(
          message.replace("strict decoding error: ", "error strict decoding YAML: error converting YAML to JSON: "),
        )
      : untypable(applied, mistyped(value as Json, options, message));
  }
  if (patched) return invalid("", "", "", [invalidValue(path("patch"), patchedText(value as Json), message)]);
  const { kind, version } = definition;
  return badRequest(`${kind} in version ${JSON.stringify(version)} cannot be handled as a ${kind}: ${message}`);
}

/** What a patch made, as upstream's patches write it: by the names of its fields. */
export function patchedText(value: Json): string {
  return writeJson(sorted(value));
}

function sorted(value: Json): Json {
  if (Array.isArray(value)) return value.map(sorted);
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(
    Object.entries(value)
      .sort(([a], [b]) => (a < b ? -1 : 1))
      .map(([key, each]) => [key, sorted(each)]),
  );
}

/** Go's word for a JSON value. */
export function goTypeOf(value: unknown): string {
  if (Array.isArray(value)) return "array";
  if (typeof value === "bigint") return "number";
  return typeof value === "boolean" ? "bool" : value === null ? "null" : typeof value;
}

function notAnObject(decoded: DecodedRequest | undefined, { kind }: BodyDefinition): StatusError {
  const why = decoded === undefined ? "unexpected end of JSON input" : notAStruct(decoded.value);
  return unrecognized(kind, `couldn't get version/kind; json parse error: ${why}`, decoded?.bytes);
}

/** Go's words for JSON that is no object. */
export function notAStruct(value: unknown): string {
  return `json: cannot unmarshal ${goTypeOf(value)} into Go value of type struct { APIVersion string "json:\\"apiVersion,omitempty\\""; Kind string "json:\\"kind,omitempty\\"" }`;
}

/** What is wrong with how an object says what it is, in Go's words: these are texts, or not there. */
export function typeFaultOf(object: { readonly kind?: unknown; readonly apiVersion?: unknown }): string | undefined {
  for (const field of ["kind", "apiVersion"] as const) {
    const given = object[field];
    if (given === undefined || given === null || typeof given === "string") continue;
    const why = `json: cannot unmarshal ${goTypeOf(given)} into Go struct field .${field} of type string`;
    return `couldn't get version/kind; json parse error: ${why}`;
  }
  return undefined;
}

/** What a request's body must say of itself; a custom object's more than that of a kind that the server was built with. @throws StatusError 400, 422 */
function checkTypeGiven(object: Record<string, Json>, { bytes }: DecodedRequest, definition: BodyDefinition): void {
  const { kind, apiVersion = "" } = object;
  const fault = typeFaultOf(object);
  if (fault !== undefined) throw unrecognized(definition.kind, fault, bytes);
  if (!isCustom(definition)) return;
  if (!kind) {
    const text = bytes![0] === 0x7b ? Buffer.from(bytes!).toString() : writeJson(object);
    throw unrecognized(definition.kind, `Object 'Kind' is missing in '${text}'`, bytes);
  }
  const expected = apiVersionOf(definition);
  if (apiVersion !== expected) {
    throw badRequest(
      `the API version in the data (${apiVersion}) does not match the expected API version (${expected})`,
    );
  }
  if (kind !== definition.kind) {
    const { name } = isJsonObject(object["metadata"]) ? object["metadata"] : {};
    throw invalid(definition.group, String(kind), typeof name === "string" ? name : "", [
      invalidValue(path("kind"), kind, `must be ${definition.kind}`),
    ]);
  }
}

/** Fills in what is left out. @throws StatusError 400 when the body says it is something else */
function checkType(object: Record<string, Json>, definition: BodyDefinition): void {
  const expected = apiVersionOf(definition);
  const kind = object["kind"] ?? "";
  const apiVersion = object["apiVersion"] ?? "";
  if (typeof kind !== "string" || typeof apiVersion !== "string") {
    throw badRequest("couldn't get version/kind; json parse error: kind and apiVersion must be strings");
  }
  if (apiVersion !== "" && apiVersion !== expected) {
    throw badRequest(
      `the API version in the data (${apiVersion}) does not match the expected API version (${expected})`,
    );
  }
  if (kind !== "" && kind !== definition.kind) {
    throw badRequest(
      `${kind} in version ${JSON.stringify(definition.version)} cannot be handled as a ${definition.kind}: no kind ${JSON.stringify(kind)} is served by this resource`,
    );
  }
  object["kind"] = definition.kind;
  object["apiVersion"] = expected;
  object["metadata"] ??= {};
  if (!isJsonObject(object["metadata"])) {
    const { kind: expectedKind, version } = definition;
    const where = isCustom(definition) ? "Go value" : `Go struct field ${expectedKind}.metadata`;
    throw badRequest(
      `${expectedKind} in version ${JSON.stringify(version)} cannot be handled as a ${expectedKind}: json: cannot unmarshal ${goTypeOf(object["metadata"])} into ${where} of type v1.ObjectMeta`,
    );
  }
}
