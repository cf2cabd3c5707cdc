/** Answers in the form that their request asks for. */

import type { Clock } from "@kubets/apimachinery";
import { negotiateError, negotiateOutput, onlyProtobuf, plainJson } from "../request/negotiate.ts";
import { type Answer, type Content, header, type ServerRequest } from "../request/request.ts";
import { parseIncludeObject } from "../table/table.ts";
import type { Processed } from "./chain.ts";
import { type HttpResponse, render, requireForm } from "./render.ts";

const plain = { format: plainJson, include: "Metadata" } as const;

/** @throws StatusError 406 when the answer has no such form, 400 for an `includeObject` that is none */
export async function renderNegotiated(
  request: ServerRequest,
  { answer, info }: Pick<Processed, "answer" | "info">,
  clock: Clock,
): Promise<HttpResponse> {
  const { type } = answer.content;
  const { auditId } = request;
  const accept = header(request, "accept");
  const protobuf = accept === undefined ? undefined : onlyProtobuf(accept);
  if (protobuf !== undefined && (protobuf.as === "object" || info?.isResourceRequest)) {
    const { renderProtobuf } = await import("./render-protobuf.ts");
    requireForm(answer.content, protobuf);
    const rendered = await renderProtobuf(answer, protobuf, auditId);
    if (rendered !== undefined) return rendered;
  }
  if (type === "bytes" || type === "stream" || type === "hijacked" || info === undefined) {
    return await render(answer, { ...plain, clock, auditId });
  }
  const forms = { table: info.isResourceRequest && hasOtherForms(answer.content), watch: type === "watch" };
  const agent = header(request, "user-agent");
  const format =
    answer.status >= 400
      ? negotiateError(accept, request.query, agent)
      : negotiateOutput(accept, request.query, forms, agent);
  requireForm(answer.content, format);
  const include = format.as === "table" ? parseIncludeObject(request.query) : "Metadata";
  return await render(answer, { format, include, clock, auditId });
}

/** A Status in place of an answer that could not be rendered: in whatever form of it can be given. */
export async function renderFailure(request: ServerRequest, answer: Answer, clock: Clock): Promise<HttpResponse> {
  const format = negotiateError(header(request, "accept"), request.query, header(request, "user-agent"));
  return await render(answer, { ...plain, format, clock, auditId: request.auditId });
}

/** What is only an answer, such as a review, is given as it is or not at all; a Status is given as it is to whoever asks for a Table. */
function hasOtherForms(content: Content): boolean {
  return content.type !== "value" || (content.value as { kind?: unknown }).kind === "Status";
}
