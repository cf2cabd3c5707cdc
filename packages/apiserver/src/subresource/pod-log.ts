/** `pods/NAME/log`: the kubelet's answer, passed on as it comes. */

import type { Pod } from "@kubets/api";
import { type FieldError, forbiddenField, invalid, invalidValue, path } from "@kubets/apimachinery";
import { type Answer, text } from "../request/request.ts";
import type { SubresourceHandler } from "../server/context.ts";
import { type KubeletClient, refusalOf, send } from "./kubelet-client.ts";
import { containerOf } from "./pod-container.ts";

const passedOn = ["follow", "previous", "timestamps", "sinceSeconds", "sinceTime", "tailLines", "limitBytes", "stream"];

export function podLog(kubelet: KubeletClient): SubresourceHandler {
  return async ({ resource, info, request, server }): Promise<Answer> => {
    const { query } = request;
    validate(query);
    const pod = (await resource.registry.get(info.namespace, info.name)).object as Pod;
    const container = containerOf(pod, query.get("container") ?? "");
    const { nodeName } = pod.spec ?? {};
    if (!nodeName) return text(200, "", "text/plain");
    const wanted = new URLSearchParams();
    for (const name of passedOn) {
      const value = query.get(name);
      if (value !== null && value !== "" && value !== "false") wanted.set(name, value);
    }
    const url = `/containerLogs/${info.namespace}/${info.name}/${container}?${wanted}`;
    const location = await kubelet.location(server, nodeName, url);
    const response = await send(location, "GET", {}, undefined, request.signal);
    if (response.statusCode !== 200) throw await refusalOf(response);
    return { status: 200, content: { type: "stream", contentType: "text/plain", stream: response } };
  };
}

/** @throws StatusError 422. Source: ValidatePodLogOptions. */
function validate(query: URLSearchParams): void {
  const errors: FieldError[] = [];
  const number = (name: string, min: number, complaint: string) => {
    const given = query.get(name);
    if (given === null || given === "") return;
    const value = Number(given);
    if (!Number.isInteger(value) || value < min) errors.push(invalidValue(path(name), value, complaint));
  };
  number("tailLines", 0, "must be greater than or equal to 0");
  number("limitBytes", 1, "must be greater than 0");
  number("sinceSeconds", 1, "must be greater than 0");
  if (query.get("sinceSeconds") && query.get("sinceTime")) {
    errors.push(forbiddenField(path(""), "at most one of `sinceTime` or `sinceSeconds` may be specified"));
  }
  if (errors.length > 0) throw invalid("", "PodLogOptions", "", errors);
}
