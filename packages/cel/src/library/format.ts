/** `format.dns1123Label().validate(...)`. Source: k8s.io/apiserver/pkg/cel/library/format.go. */

import {
  isQualifiedName,
  isValidLabelValue,
  nameIsDNS1035Label,
  nameIsDNSLabel,
  nameIsDNSSubdomain,
} from "@kubets/apimachinery";
import { parseTimestamp } from "../time.ts";
import { opaqueType } from "../types.ts";
import { ArrayList, Opaque, Optional } from "../value.ts";
import { type Overload, overload } from "./overload.ts";
import { readUrl } from "./url.ts";

const type = opaqueType("kubernetes.NamedFormat");

export class FormatValue extends Opaque {
  readonly type = type;
  readonly name: string;
  /** What its regular expression is taken to be long, for the cost. */
  readonly regexSize: number;
  readonly validate: (text: string) => string[];

  constructor(name: string, regexSize: number, validate: (text: string) => string[]) {
    super();
    this.name = name;
    this.regexSize = regexSize;
    this.validate = validate;
  }
}

const base64 = /^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$/;
const uuid = /^[0-9a-f]{8}-?[0-9a-f]{4}-?[0-9a-f]{4}-?[0-9a-f]{4}-?[0-9a-f]{12}$/i;

function when(holds: (text: string) => boolean, complaint: string): (text: string) => string[] {
  return (text) => (holds(text) ? [] : [complaint]);
}

function uriComplaints(text: string): string[] {
  const read = readUrl(text);
  return typeof read === "string" ? [read] : [];
}

const formats: readonly FormatValue[] = [
  new FormatValue("dns1123Label", 30, (text) => nameIsDNSLabel(text, false)),
  new FormatValue("dns1123Subdomain", 60, (text) => nameIsDNSSubdomain(text, false)),
  new FormatValue("dns1035Label", 30, (text) => nameIsDNS1035Label(text, false)),
  new FormatValue("qualifiedName", 60, isQualifiedName),
  new FormatValue("dns1123LabelPrefix", 30, (text) => nameIsDNSLabel(text, true)),
  new FormatValue("dns1123SubdomainPrefix", 60, (text) => nameIsDNSSubdomain(text, true)),
  new FormatValue("dns1035LabelPrefix", 30, (text) => nameIsDNS1035Label(text, true)),
  new FormatValue("labelValue", 40, isValidLabelValue),
  new FormatValue("uri", 1103, uriComplaints),
  new FormatValue(
    "uuid",
    72,
    when((text) => uuid.test(text), "does not match the UUID format"),
  ),
  new FormatValue(
    "byte",
    79,
    when((text) => text !== "" && base64.test(text), "invalid base64"),
  ),
  new FormatValue(
    "date",
    91,
    when((text) => parseTimestamp(`${text}T00:00:00Z`) !== undefined, "invalid date"),
  ),
  new FormatValue(
    "datetime",
    91,
    when((text) => parseTimestamp(text) !== undefined, "invalid datetime"),
  ),
];

const byName = new Map(formats.map((format) => [format.name, format]));

function named(name: string): Optional {
  const format = byName.get(name);
  return format === undefined ? Optional.none : new Optional(format);
}

function validate(format: FormatValue, text: string): Optional {
  const complaints = format.validate(text);
  return complaints.length === 0 ? Optional.none : new Optional(new ArrayList(complaints));
}

export const formatFunctions: readonly Overload[] = [
  ...formats.map((format) =>
    overload(`format.${format.name}`, `format.${format.name}`, "(): kubernetes.NamedFormat", () => format),
  ),
  overload("validate", "format-validate", "kubernetes.NamedFormat.(string): optional(list(string))", validate),
  overload("format.named", "format-named", "(string): optional(kubernetes.NamedFormat)", named),
];
