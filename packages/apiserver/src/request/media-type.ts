/** A body's media type as Go's mime.ParseMediaType reads it: what it does not understand is of no type. */

import { header, type ServerRequest } from "./request.ts";

type WithHeaders = Pick<ServerRequest, "headers">;

/** The media type without parameters, in lower case; "" when there is none. Undefined for a header that is not one. */
export function mediaType(request: WithHeaders): string | undefined {
  const given = header(request, "content-type");
  // Nearly all there are.
  if (given === undefined || given === "" || given === "application/json") return given ?? "";
  return parseMediaType(given);
}

/** A patch's is compared as it stands, up to its parameters. */
export function patchMediaType(request: WithHeaders): string {
  const given = header(request, "content-type") ?? "";
  const end = given.indexOf(";");
  return end > 0 ? given.slice(0, end) : given;
}

const token = /[!#$%&'*+\-.^_`{|}~\dA-Za-z]+/.source;
const wholeType = new RegExp(`^${token}(?:/${token})?$`);
/** A backslash is one of these, or stands for itself; read in only one way, for a choice at each would take time without end. */
const quoted = /"((?:\\[()<>@,;:\\"/[\]?=]|\\(?![()<>@,;:\\"/[\]?=])|[^"\\\r\n])*)"/.source;
const parameter = new RegExp(`^\\s*;\\s*(${token})\\s*=\\s*(?:(${token})|${quoted})`);

/** `Application/JSON; charset=utf-8` is `application/json`; undefined for what Go finds malformed. */
export function parseMediaType(text: string): string | undefined {
  const end = text.indexOf(";");
  const type = (end < 0 ? text : text.slice(0, end)).trim().toLowerCase();
  if (!wholeType.test(type)) return undefined;
  const seen = new Map<string, string>();
  for (let rest = end < 0 ? "" : text.slice(end); rest.trimStart() !== ""; ) {
    const found = parameter.exec(rest);
    if (found === null) return rest.trim() === ";" ? type : undefined;
    const [all, name = "", plain, inQuotes = ""] = found;
    const value = plain ?? inQuotes.replace(/\\([()<>@,;:\\"/[\]?=])/g, "$1");
    const key = name.toLowerCase();
    if ((seen.get(key) ?? value) !== value) return undefined;
    seen.set(key, value);
    rest = rest.slice(all.length);
  }
  return type;
}
