/** AdmissionReview: the question a webhook is asked and the answer it gives. Source: apiserver's admission/plugin/webhook/request/admissionreview.go. */

import type { Status } from "@kubets/apimachinery";
import { type PresentedObjects, requestValue } from "../cel/index.ts";
import type { AdmissionAttributes } from "../plugin.ts";
import { failures } from "./errors.ts";

/** The versions that are spoken, and the one that is sent to a webhook: the first it lists that is one of them. */
const spoken = ["v1", "v1beta1"];

export interface Question {
  readonly uid: string;
  /** `v1` or `v1beta1`. */
  readonly version: string;
  readonly review: object;
}

/** What the webhook is shown: the objects in the version that its rules name. */
export type Presented = PresentedObjects;

/** @throws FailedCall when it lists no version that is spoken here */
export function makeReview(
  webhook: { readonly name: string; readonly admissionReviewVersions: readonly string[] },
  uid: string,
  attributes: AdmissionAttributes,
  { as, object, oldObject }: Presented,
): Question {
  const version = webhook.admissionReviewVersions.find((each) => spoken.includes(each));
  if (version === undefined) {
    throw failures.request(webhook.name, "webhook does not accept known AdmissionReview versions (v1, v1beta1)");
  }
  const request = {
    uid,
    ...requestValue(attributes, as),
    object: object ?? null,
    oldObject: oldObject ?? null,
  };
  return { uid, version, review: { kind: "AdmissionReview", apiVersion: `admission.k8s.io/${version}`, request } };
}

export interface Verdict {
  readonly allowed: boolean;
  readonly result: Partial<Status> | undefined;
  readonly auditAnnotations: Readonly<Record<string, string>>;
  readonly warnings: readonly string[];
  /** Text of a JSON patch; "" for none. */
  readonly patch: string;
  readonly patchType: string;
}

interface Response {
  readonly uid?: unknown;
  readonly allowed?: unknown;
  readonly status?: Partial<Status> | null;
  readonly patch?: string | null;
  readonly patchType?: string | null;
  readonly auditAnnotations?: Record<string, string> | null;
  readonly warnings?: string[] | null;
}

interface Review {
  readonly kind?: unknown;
  readonly apiVersion?: unknown;
  readonly response?: Response | null;
}

/** @throws FailedCall for an answer that is not one to this question */
export function readVerdict(webhook: string, question: Question, answer: unknown, mutating: boolean): Verdict {
  const refuse = (why: string) => failures.answer(webhook, why);
  const review = (isObject(answer) ? answer : {}) as Review;
  const { response } = review;
  if (!isObject(review.response) || response === undefined || response === null) {
    throw refuse("webhook response was absent");
  }
  const wrong = wrongType(response);
  if (wrong !== undefined) throw failures.call(webhook, `json: cannot unmarshal into Go struct field ${wrong}`);
  const { patch = "", patchType } = response;
  if (question.version === "v1") {
    const fault = faultOf(review, response, question, mutating);
    if (fault !== undefined) throw refuse(fault);
  }
  return {
    allowed: response.allowed === true,
    result: response.status ?? undefined,
    auditAnnotations: response.auditAnnotations ?? {},
    warnings: response.warnings ?? [],
    patch: mutating ? decoded(webhook, patch ?? "") : "",
    // v1beta1 had but one type of patch, whatever it says.
    patchType: question.version === "v1" ? (patchType ?? "") : patch ? "JSONPatch" : "",
  };
}

/** Rules that v1 checks and v1beta1 did not. */
function faultOf(review: Review, response: Response, { uid }: Question, mutating: boolean): string | undefined {
  const { patch, patchType } = response;
  const said = typeof response.uid === "string" ? response.uid : "";
  if (said !== uid) return `expected response.uid="${uid}", got "${said}"`;
  if (review.kind !== "AdmissionReview" || review.apiVersion !== "admission.k8s.io/v1") {
    const [group, version] = splitApiVersion(review.apiVersion);
    const got = `${group}/${version}, Kind=${typeof review.kind === "string" ? review.kind : ""}`;
    return `expected webhook response of admission.k8s.io/v1, Kind=AdmissionReview, got ${got}`;
  }
  const hasType = patchType !== undefined && patchType !== null;
  if (!mutating) {
    if (patch) return "validating webhook may not return response.patch";
    return hasType ? "validating webhook may not return response.patchType" : undefined;
  }
  if (patch && !hasType) return "webhook returned response.patch but not response.patchType";
  if (!patch && hasType) return "webhook returned response.patchType but not response.patch";
  return hasType && patchType === "" ? 'webhook returned invalid response.patchType of ""' : undefined;
}

/** The first field that is not what it must be, as Go names it. */
function wrongType(response: Response): string | undefined {
  const { allowed, status, patch, auditAnnotations, warnings } = response;
  const field = "AdmissionReview.response";
  if (allowed !== undefined && allowed !== null && typeof allowed !== "boolean") return `${field}.allowed of type bool`;
  const wrongStatus = status === undefined || status === null ? undefined : wrongTypeOfStatus(status);
  if (wrongStatus !== undefined) return `${field}.status${wrongStatus}`;
  if (patch !== undefined && patch !== null && typeof patch !== "string") return `${field}.patch of type []uint8`;
  if (warnings && !(Array.isArray(warnings) && warnings.every((each) => typeof each === "string"))) {
    return `${field}.warnings of type string`;
  }
  if (auditAnnotations && !isObject(auditAnnotations)) return `${field}.auditAnnotations of type map[string]string`;
  return undefined;
}

function wrongTypeOfStatus(status: object): string | undefined {
  if (!isObject(status)) return " of type v1.Status";
  const { code = 0, message = "", reason = "", details = {} } = status as Record<string, unknown>;
  if (!Number.isInteger(code)) return ".code of type int32";
  if (typeof message !== "string") return ".message of type string";
  if (typeof reason !== "string") return ".reason of type v1.StatusReason";
  return details === null || isObject(details) ? undefined : ".details of type v1.StatusDetails";
}

function splitApiVersion(apiVersion: unknown): [string, string] {
  const text = typeof apiVersion === "string" ? apiVersion : "";
  const slash = text.indexOf("/");
  return slash < 0 ? ["", text] : [text.slice(0, slash), text.slice(slash + 1)];
}

function decoded(webhook: string, patch: string): string {
  if (patch === "") return "";
  const base64 = patch.replaceAll(/[\r\n]/g, "");
  if (!/^[A-Za-z0-9+/]*={0,2}$/.test(base64)) throw failures.call(webhook, "illegal base64 data at input byte 0");
  return Buffer.from(base64, "base64").toString();
}

function isObject(value: unknown): value is object {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
