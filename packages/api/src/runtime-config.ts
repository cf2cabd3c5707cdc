/** `--runtime-config`: which groups and versions are served. Source: apiserver's pkg/server/resourceconfig. */

export interface RuntimeConfig {
  /** By `api/all`, `api/ga`, `api/beta`, `api/alpha`, `GROUP/VERSION` (core: `v1`) or `GROUP/VERSION/RESOURCE`. */
  readonly switches: ReadonlyMap<string, boolean>;
}

/** What there is to switch: a resource of the catalogue. */
interface Switchable {
  readonly group: string;
  readonly version: string;
  readonly plural: string;
}

/** The flag's value: `a=true,b=false`; a key alone is on. @throws RangeError for a value that is no boolean */
export function parseRuntimeConfig(text: string | Readonly<Record<string, string>>): RuntimeConfig {
  const pairs =
    typeof text === "string"
      ? text
          .split(",")
          .map((part) => part.trim())
          .filter((part) => part !== "")
          .map((part): [string, string] => {
            const equals = part.indexOf("=");
            return equals < 0 ? [part, ""] : [part.slice(0, equals), part.slice(equals + 1)];
          })
      : Object.entries(text);
  return { switches: new Map(pairs.map(([key, value]) => [key === "api/v1" ? "v1" : key, parseSwitch(key, value)])) };
}

/** Go's ParseBool. */
function parseSwitch(key: string, value: string): boolean {
  if (["", "1", "t", "T", "true", "TRUE", "True"].includes(value)) return true;
  if (["0", "f", "F", "false", "FALSE", "False"].includes(value)) return false;
  throw new RangeError(
    `invalid value of ${key}: ${value}, err: strconv.ParseBool: parsing ${JSON.stringify(value)}: invalid syntax`,
  );
}

const stages: readonly (readonly [key: string, pattern: RegExp])[] = [
  ["api/all", /^/],
  ["api/ga", /^v\d+$/],
  ["api/beta", /^v\d+beta\d+$/],
  ["api/alpha", /^v\d+alpha\d+$/],
];

const versionKey = ({ group, version }: Pick<Switchable, "group" | "version">) =>
  group === "" ? version : `${group}/${version}`;

/**
 * Whether a resource is served: the switches, from the widest to the narrowest; each that is there decides anew. Without any, what is stable.
 */
export function isServed({ switches }: RuntimeConfig, resource: Switchable): boolean {
  const { version, plural } = resource;
  let on = /^v\d+$/.test(version);
  for (const [key, pattern] of stages) {
    const value = switches.get(key);
    if (value !== undefined && pattern.test(version)) on = value;
  }
  const key = versionKey(resource);
  on = switches.get(key) ?? on;
  return switches.get(`${key}/${plural}`) ?? on;
}

/**
 * What is wrong with a configuration: groups and versions that there are not, and everything switched off.
 * @param known every resource there could be
 */
export function runtimeConfigProblems({ switches }: RuntimeConfig, known: Iterable<Switchable>): string[] {
  const groups = new Set<string>();
  const versions = new Set<string>();
  for (const each of known) {
    groups.add(each.group);
    versions.add(versionKey(each));
  }
  const stageKeys = stages.map(([key]) => key);
  const problems: string[] = [];
  const unknown: string[] = [];
  for (const key of switches.keys()) {
    if (stageKeys.includes(key)) continue;
    const [group = "", version = ""] = /^v\d/.test(key) ? ["", key.split("/")[0]] : key.split("/");
    if (!groups.has(group)) unknown.push(group);
    else if (!versions.has(versionKey({ group, version }))) {
      problems.push(`group version ${versionKey({ group, version })} that has not been registered`);
    }
  }
  if (unknown.length > 0) problems.unshift(`unknown api groups ${[...new Set(unknown)].join(",")}`);
  if (switches.size === 1 && switches.get("api/all") === false) problems.push("invalid key with only api/all=false");
  return problems;
}
