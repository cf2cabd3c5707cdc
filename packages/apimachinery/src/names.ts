/**
 * Rules for names. Each function returns complaints: empty means valid. Names and texts are upstream's
 * (apimachinery's util/validation and api/validate/content), so `isX` here answers "what is wrong with it as an X".
 */

const label = "[a-z0-9]([-a-z0-9]*[a-z0-9])?";
const subdomain = `${label}(\\.${label})*`;
const labelWithUnderscore = "_?[a-z0-9]([-_a-z0-9]*[a-z0-9])?";
const subdomainWithUnderscore = `${labelWithUnderscore}(\\.${labelWithUnderscore})*`;
const label1035 = "[a-z]([-a-z0-9]*[a-z0-9])?";
const wildcard = `\\*\\.${subdomain}`;
const labelKey = "([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]";
const labelValue = `(${labelKey})?`;
const percent = "[0-9]+%";
const headerName = "[-A-Za-z0-9]+";
const configKey = "[-._a-zA-Z0-9]+";
const cIdentifier = "[A-Za-z_][A-Za-z0-9_]*";

const whole = (pattern: string) => new RegExp(`^${pattern}$`);
const labelRegexp = whole(label);
const subdomainRegexp = whole(subdomain);
const subdomainWithUnderscoreRegexp = whole(subdomainWithUnderscore);
const label1035Regexp = whole(label1035);
const wildcardRegexp = whole(wildcard);
const labelKeyRegexp = whole(labelKey);
const labelValueRegexp = whole(labelValue);
const percentRegexp = whole(percent);
const headerNameRegexp = whole(headerName);
const configKeyRegexp = whole(configKey);
const cIdentifierRegexp = whole(cIdentifier);

const keyText =
  "must consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character";
const keyExamples = ["MyName", "my.name", "123-abc"] as const;

/** The sentence that upstream makes of a rule, its pattern and examples. */
export function regexError(message: string, pattern: string, ...examples: readonly string[]): string {
  if (examples.length === 0) return `${message} (regex used for validation is '${pattern}')`;
  const list = examples.map((e) => `'${e}', `).join(" or ");
  return `${message} (e.g. ${list}regex used for validation is '${pattern}')`;
}

/** For a number that must be between two, both of which it may be. */
export function inclusiveRangeError(low: number, high: number): string {
  return `must be between ${low} and ${high}, inclusive`;
}

/** Go's `len`: bytes of UTF-8. */
export function byteLength(text: string): number {
  return Buffer.byteLength(text);
}

/** A string in UTF-8 has at least one byte and at most three per UTF-16 unit. */
function longerThan(text: string, bytes: number): boolean {
  return text.length > bytes || (text.length * 3 > bytes && byteLength(text) > bytes);
}

function tooLongCharacters(text: string, max: number): string[] {
  return longerThan(text, max) ? [`must be no more than ${max} characters`] : [];
}

function check(text: string, max: number, regexp: RegExp, complaint: () => string): string[] {
  const complaints = tooLongCharacters(text, max);
  if (!regexp.test(text)) complaints.push(complaint());
  return complaints;
}

const subdomainComplaint = () =>
  regexError(
    "a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', and must start and end with an alphanumeric character",
    subdomain,
    "example.com",
  );

/** What is wrong with it as a label (RFC 1123, up to 63 characters): names of namespaces, ports and the like. Empty when nothing is. */
export function isDNS1123Label(value: string): string[] {
  return check(value, 63, labelRegexp, () =>
    subdomainRegexp.test(value)
      ? "must not contain dots"
      : regexError(
          "a lowercase RFC 1123 label must consist of lower case alphanumeric characters or '-', and must start and end with an alphanumeric character",
          label,
          "my-name",
          "123-abc",
        ),
  );
}

/** What is wrong with it as a subdomain (RFC 1123, up to 253 characters): most names of objects. Empty when nothing is. */
export function isDNS1123Subdomain(value: string): string[] {
  return check(value, 253, subdomainRegexp, subdomainComplaint);
}

/** As {@link isDNS1123Subdomain}, with underscores: host names that pods search in. */
export function isDNS1123SubdomainWithUnderscore(value: string): string[] {
  return check(value, 253, subdomainWithUnderscoreRegexp, () =>
    regexError(
      "a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '_', '-' or '.', and must start and end with an alphanumeric character",
      subdomainWithUnderscore,
      "example.com",
    ),
  );
}

/** What is wrong with it as a label (RFC 1035, up to 63 characters, a letter first). Empty when nothing is. */
export function isDNS1035Label(value: string): string[] {
  return check(value, 63, label1035Regexp, () =>
    regexError(
      "a DNS-1035 label must consist of lower case alphanumeric characters or '-', start with an alphabetic character, and end with an alphanumeric character",
      label1035,
      "my-name",
      "abc-123",
    ),
  );
}

/** What is wrong with it as a subdomain whose first part is an asterisk: hosts of Ingresses. Empty when nothing is. */
export function isWildcardDNS1123Subdomain(value: string): string[] {
  return check(value, 253, wildcardRegexp, () =>
    regexError(
      "a wildcard DNS-1123 subdomain must start with '*.', followed by a valid DNS subdomain, which must consist of lower case alphanumeric characters, '-' or '.' and end with an alphanumeric character",
      wildcard,
      "*.example.com",
    ),
  );
}

/** A label key, annotation key, finalizer, resource name: `[prefix/]name`. */
export function isQualifiedName(value: string): string[] {
  const parts = value.split("/");
  if (parts.length > 2) {
    return [
      `a valid label key ${regexError(keyText, labelKey, ...keyExamples)} with an optional DNS subdomain prefix and '/' (e.g. 'example.com/MyName')`,
    ];
  }
  const name = parts.at(-1) ?? "";
  const complaints = parts.length === 2 ? prefixComplaints(parts[0] ?? "") : [];
  if (name === "") complaints.push("name part must be non-empty");
  else if (longerThan(name, 63)) complaints.push("name part must be no more than 63 bytes");
  if (!labelKeyRegexp.test(name)) complaints.push(`name part ${regexError(keyText, labelKey, ...keyExamples)}`);
  return complaints;
}

function prefixComplaints(prefix: string): string[] {
  if (prefix === "") return ["prefix part must be non-empty"];
  const complaints: string[] = [];
  if (longerThan(prefix, 253)) complaints.push("prefix part must be no more than 253 bytes");
  if (!subdomainRegexp.test(prefix)) complaints.push(`prefix part ${subdomainComplaint()}`);
  return complaints;
}

/** What is wrong with it as a label's value, which may be empty and has up to 63 characters. Empty when nothing is. */
export function isValidLabelValue(value: string): string[] {
  const complaints: string[] = [];
  if (longerThan(value, 63)) complaints.push("must be no more than 63 bytes");
  if (!labelValueRegexp.test(value)) {
    complaints.push(
      regexError(
        `a valid label must be an empty string or consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character`,
        labelValue,
        "MyValue",
        "my_value",
        "12345",
      ),
    );
  }
  return complaints;
}

/** What is wrong with it as a name in C. Empty when nothing is. */
export function isCIdentifier(value: string): string[] {
  if (cIdentifierRegexp.test(value)) return [];
  return [
    regexError(
      "a valid C identifier must start with alphabetic character or '_', followed by a string of alphanumeric characters or '_'",
      cIdentifier,
      "my_name",
      "MY_NAME",
      "MyName",
    ),
  ];
}

/** What is wrong with it as a port, 1 to 65535. Empty when nothing is. */
export function isValidPortNum(port: number): string[] {
  return isInRange(port, 1, 65535);
}

function isInRange(value: number, min: number, max: number): string[] {
  return value >= min && value <= max ? [] : [inclusiveRangeError(min, max)];
}

/** What is wrong with it as a user's number on Linux, 0 to 2^31-1. Empty when nothing is. */
export function isValidUserID(uid: number): string[] {
  return isInRange(uid, 0, 0x7fff_ffff);
}

/** What is wrong with it as a group's number on Linux, 0 to 2^31-1. Empty when nothing is. */
export function isValidGroupID(gid: number): string[] {
  return isInRange(gid, 0, 0x7fff_ffff);
}

/** An IANA service name. */
export function isValidPortName(port: string): string[] {
  const complaints = tooLongCharacters(port, 15);
  if (!/^[-a-z0-9]+$/.test(port)) {
    complaints.push("must contain only alpha-numeric characters (a-z, 0-9), and hyphens (-)");
  }
  if (!/[a-z]/.test(port)) complaints.push("must contain at least one letter (a-z)");
  if (port.includes("--")) complaints.push("must not contain consecutive hyphens");
  if (port.startsWith("-") || port.endsWith("-")) complaints.push("must not begin or end with a hyphen");
  return complaints;
}

/** What is wrong with it as digits and a percent sign. Empty when nothing is. */
export function isValidPercent(value: string): string[] {
  if (percentRegexp.test(value)) return [];
  return [
    regexError("a valid percent string must be a numeric string followed by an ending '%'", percent, "1%", "93%"),
  ];
}

/** What is wrong with it as the name of a header. Empty when nothing is. */
export function isHTTPHeaderName(value: string): string[] {
  if (headerNameRegexp.test(value)) return [];
  return [
    regexError("a valid HTTP header must consist of alphanumeric characters or '-'", headerName, "X-Header-Name"),
  ];
}

/** What a container's environment allows since v1.30 (RelaxedEnvironmentVariableValidation). */
export function isRelaxedEnvVarName(value: string): string[] {
  if (value === "") return ["environment variable name must be non-empty"];
  if (/^[\x20-\x3c\x3e-\x7e]*$/.test(value)) return [];
  return ["a valid environment variable name must consist only of printable ASCII characters other than '='"];
}

/** What is wrong with it as a key of a ConfigMap or Secret, which becomes a file's name. Empty when nothing is. */
export function isConfigMapKey(value: string): string[] {
  return check(value, 253, configKeyRegexp, () =>
    regexError(
      "a valid config key must consist of alphanumeric characters, '-', '_' or '.'",
      configKey,
      "key.name",
      "KEY_NAME",
      "key-name",
    ),
  ).concat(parentDirectoryComplaints(value));
}

function parentDirectoryComplaints(value: string): string[] {
  if (value === ".") return ["must not be '.'"];
  if (value === "..") return ["must not be '..'"];
  return value.startsWith("..") ? ["must not start with '..'"] : [];
}

/** What a URL path segment allows: the rule for RBAC names and the like. */
export function isPathSegmentName(name: string): string[] {
  if (name === "." || name === "..") return [`may not be '${name}'`];
  return isPathSegmentPrefix(name);
}

function isPathSegmentPrefix(name: string): string[] {
  return ["/", "%"].filter((c) => name.includes(c)).map((c) => `may not contain '${c}'`);
}

/** `validateName` of a resource: complaints about `name`; `isPrefix` when more will be appended to it. */
export type ValidateName = (name: string, isPrefix: boolean) => string[];

/** A prefix may end with a dash. Upstream masks it by replacing the last two characters. */
function maskTrailingDash(name: string): string {
  return name.length > 1 && name.endsWith("-") ? `${name.slice(0, -2)}a` : name;
}

/** The rule of most kinds. */
export const nameIsDNSSubdomain: ValidateName = (name, isPrefix) =>
  isDNS1123Subdomain(isPrefix ? maskTrailingDash(name) : name);

/** The rule of kinds whose names become part of a host's: namespaces. */
export const nameIsDNSLabel: ValidateName = (name, isPrefix) =>
  isDNS1123Label(isPrefix ? maskTrailingDash(name) : name);

/** As {@link nameIsDNSLabel}, beginning with a letter. */
export const nameIsDNS1035Label: ValidateName = (name, isPrefix) =>
  isDNS1035Label(isPrefix ? maskTrailingDash(name) : name);

/** The rule of kinds whose names may be anything that can stand in a URL's path: roles. */
export const nameIsPathSegment: ValidateName = (name, isPrefix) =>
  isPrefix ? isPathSegmentPrefix(name) : isPathSegmentName(name);
