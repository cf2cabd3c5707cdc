/** Conversion of objects by a CRD's webhook. Source of rules and texts: apiextensions-apiserver's apiserver/conversion/webhook_converter.go. */

import type { CustomResourceDefinition } from "@kubets/api";
import {
  clone,
  type FieldError,
  type KubeObject,
  messageOf,
  path,
  type Random,
  StatusError,
  validateAnnotations,
  validateLabels,
} from "@kubets/apimachinery";
import type { WebhookClient } from "../webhook/index.ts";
import { isObject, type JsonObject } from "./schema-node.ts";

type Webhook = NonNullable<NonNullable<NonNullable<CustomResourceDefinition["spec"]>["conversion"]>["webhook"]>;

const reviewVersions = ["v1", "v1beta1"];
const timeoutMs = 30_000;

/** Thrown inside; becomes a StatusError that says of which kind it was. */
class ConversionError extends Error {}

export class ConversionWebhook {
  readonly #client: Pick<WebhookClient, "call">;
  readonly #webhook: Webhook;
  readonly #random: Random;

  constructor(client: Pick<WebhookClient, "call">, webhook: Webhook, random: Random) {
    this.#client = client;
    this.#webhook = webhook;
    this.#random = random;
  }

  /**
   * New objects in `apiVersion`, in the same order; `objects` are left alone, and none is of that version already.
   * @throws StatusError 500
   */
  async convert(objects: readonly KubeObject[], apiVersion: string): Promise<KubeObject[]> {
    const first = objects[0];
    if (first === undefined) return [];
    const what = `conversion webhook for ${first.apiVersion}, Kind=${first.kind}`;
    try {
      const converted = await this.#ask(objects, apiVersion, what);
      return objects.map((object, i) => {
        try {
          return accepted(
            object,
            converted[i],
            apiVersion,
            `${what} returned invalid`,
            objects.length > 1 ? i : undefined,
          );
        } catch (error) {
          if (error instanceof ConversionError) throw error;
          throw new ConversionError(`${what} returned invalid object: ${messageOf(error)}`);
        }
      });
    } catch (error) {
      if (!(error instanceof ConversionError)) throw error;
      throw new StatusError(500, "", error.message);
    }
  }

  async #ask(objects: readonly KubeObject[], desiredAPIVersion: string, what: string): Promise<unknown[]> {
    const version = this.#webhook.conversionReviewVersions.find((each) => reviewVersions.includes(each));
    if (version === undefined) throw new ConversionError("no supported conversion review versions");
    const uid = this.#random.uuid();
    const apiVersion = `apiextensions.k8s.io/${version}`;
    const review = { kind: "ConversionReview", apiVersion, request: { uid, desiredAPIVersion, objects } };
    let answer: unknown;
    try {
      answer = await this.#client.call(this.#webhook.clientConfig ?? {}, review, { timeoutMs });
    } catch (error) {
      throw new ConversionError(`${what} failed: ${messageOf(error)}`);
    }
    const converted = responseOf(answer, version, uid, what);
    if (converted.length === objects.length) return converted;
    throw new ConversionError(`${what} returned ${converted.length} objects, expected ${objects.length}`);
  }
}

function responseOf(answer: unknown, version: string, uid: string, what: string): unknown[] {
  const fail = (why: string): never => {
    throw new ConversionError(`${what} failed: ${why}`);
  };
  const { kind = "", apiVersion = "", response } = isObject(answer) ? answer : ({} as JsonObject);
  if (version === "v1" && (kind !== "ConversionReview" || apiVersion !== "apiextensions.k8s.io/v1")) {
    fail(
      `expected webhook response of apiextensions.k8s.io/v1, Kind=ConversionReview, got ${apiVersion}, Kind=${kind}`,
    );
  }
  if (!isObject(response)) return fail("no response provided");
  if (version === "v1" && response["uid"] !== uid) {
    fail(`expected response.uid=${JSON.stringify(uid)}, got ${JSON.stringify(response["uid"] ?? "")}`);
  }
  const { status = "", message } = isObject(response["result"]) ? response["result"] : ({} as JsonObject);
  if (status !== "Success") {
    return fail(
      typeof message === "string" && message !== "" ? message : `response.result.status was '${status}', not 'Success'`,
    );
  }
  const { convertedObjects } = response;
  return Array.isArray(convertedObjects) ? convertedObjects : [];
}

/** Only labels and annotations of the metadata may change. */
function accepted(
  original: KubeObject,
  answer: unknown,
  apiVersion: string,
  prefix: string,
  index: number | undefined,
): KubeObject {
  const fail = (why: string, what = "object"): never => {
    const place = index === undefined ? what : `converted object at index ${index}`;
    throw new ConversionError(`${prefix} ${place}: ${why}`);
  };
  if (!isObject(answer)) return fail("Object 'Kind' is missing");
  const object = clone(answer) as KubeObject;
  const at = index === undefined ? "object at index 0" : "object";
  if (object.apiVersion !== apiVersion) {
    fail(`invalid groupVersion (expected ${apiVersion}, received ${object.apiVersion ?? ""})`, at);
  }
  if (object.kind !== original.kind)
    fail(`invalid kind (expected ${original.kind}, received ${object.kind ?? ""})`, at);
  const given = (object as unknown as JsonObject)["metadata"];
  const names = isObject(given) ? given : {};
  for (const [field, word] of [
    ["name", "name"],
    ["namespace", "namespace"],
    ["uid", "UID"],
  ] as const) {
    const [was = "", is = ""] = [original.metadata?.[field], names[field] as string | undefined];
    if (was !== is) fail(`must have the same ${word}: ${was} != ${is}`);
  }
  if (!isObject(given)) return fail("missing metadata in converted object", "metadata");
  const metadata = clone(original.metadata ?? {}) as JsonObject;
  for (const field of ["labels", "annotations"] as const) {
    const value = given[field];
    if (value === undefined || value === null) delete metadata[field];
    else metadata[field] = texts(field, value, (why) => fail(why, "metadata"));
  }
  object.metadata = metadata as NonNullable<KubeObject["metadata"]>;
  return object;
}

function texts(field: "labels" | "annotations", value: unknown, fail: (why: string) => never): JsonObject {
  if (!isObject(value)) return fail(`invalid metadata.${field} of type ${typeof value} in converted object`);
  for (const [key, text] of Object.entries(value)) {
    if (typeof text === "string") continue;
    fail(`metadata.${field}[${key}] must be a string, but is ${typeof text} in converted object`);
  }
  const map = value as Record<string, string>;
  const errors: FieldError[] =
    field === "labels"
      ? validateLabels(map, path("metadata.labels"))
      : validateAnnotations(map, path("metadata.annotation"));
  if (errors.length === 0) return value;
  const all = errors.map(({ field: at, message }) => `${at}: ${message}`);
  return fail(all.length === 1 ? all[0]! : `[${all.join(", ")}]`);
}
