/** Names of signers: `example.com/name`. Source: pkg/apis/core/validation/names.go. */

import {
  byteLength,
  type FieldError,
  type FieldPath,
  invalidValue,
  isDNS1123Label,
  isDNS1123Subdomain,
  pushAll,
  required,
  tooLong,
} from "@kubets/apimachinery";

const maxDomain = 253;
/** Room for a namespace and a name. */
const maxPath = 253 + 63 + 1;

export function validateSignerName(name: string, at: FieldPath): FieldError[] {
  if (name === "") return [required(at)];
  const [domain = "", rest = "", ...more] = name.split("/");
  if (!name.includes("/") || more.length > 0) {
    const why = "must be a fully qualified domain and path of the form 'example.com/signer-name'";
    return [invalidValue(at, name, why)];
  }
  const errors = byteLength(domain) > maxDomain ? [tooLong(at, maxDomain)] : [];
  pushAll(errors, firstWrong(domain, isDNS1123Label, at));
  if (!domain.includes(".")) {
    errors.push(invalidValue(at, domain, "should be a domain with at least two segments separated by dots"));
  }
  pushAll(errors, firstWrong(rest, isDNS1123Subdomain, at));
  const max = maxDomain + maxPath + 1;
  return byteLength(name) > max ? [...errors, tooLong(at, max)] : errors;
}

function firstWrong(text: string, check: (label: string) => string[], at: FieldPath): FieldError[] {
  for (const label of text.split(".")) {
    const problems = check(label);
    const say = (why: string) => invalidValue(at, text, `validating label ${JSON.stringify(label)}: ${why}`);
    if (problems.length > 0) return problems.map(say);
  }
  return [];
}
