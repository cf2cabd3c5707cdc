/** Reads the official client's model classes: names, types, formats from `attributeTypeMap`; what is required from the declarations. */

import { readdirSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";

/** A type as the client writes it, taken apart. */
export type ClientType =
  | { readonly kind: "scalar"; readonly name: string; readonly format: string }
  | { readonly kind: "model"; readonly className: string }
  | { readonly kind: "list" | "map"; readonly of: ClientType };

export interface ClientField {
  /** In JSON. */
  readonly name: string;
  readonly type: ClientType;
  readonly required: boolean;
}

export interface ClientModel {
  readonly className: string;
  readonly fields: readonly ClientField[];
}

interface Attribute {
  name: string;
  baseName: string;
  type: string;
  format: string;
}

/** The folder of the client's generated code. */
export function clientFolder(): string {
  return join(dirname(fileURLToPath(import.meta.resolve("@kubernetes/client-node"))), "gen");
}

/** All models, by class name. */
export async function readModels(folder = clientFolder()): Promise<Map<string, ClientModel>> {
  const models = new Map<string, ClientModel>();
  const files = readdirSync(join(folder, "models")).filter(
    (file) => file.endsWith(".js") && !/^ObjectSerializer|^all\.js/.test(file),
  );
  for (const file of files.sort()) {
    const className = file.slice(0, -3);
    const module: Record<string, { attributeTypeMap?: Attribute[] }> = await import(
      pathToFileURL(join(folder, "models", file)).href
    );
    const attributes = module[className]?.attributeTypeMap;
    if (attributes === undefined) throw new Error(`${file} has no class ${className} with an attributeTypeMap`);
    const required = readRequired(readFileSync(join(folder, "models", `${className}.d.ts`), "utf8"));
    models.set(className, {
      className,
      fields: attributes.map((a) => ({
        name: a.baseName,
        type: parseType(a.type, a.format),
        required: required.has(a.name),
      })),
    });
  }
  return models;
}

function readRequired(declaration: string): Set<string> {
  return new Set([...declaration.matchAll(/^\s+'([^']+)': /gm)].map((match) => match[1]!));
}

const scalars = new Set(["string", "number", "boolean", "any", "Date", "IntOrString"]);

function parseType(text: string, format: string): ClientType {
  const list = /^Array<(.*)>$/.exec(text);
  if (list) return { kind: "list", of: parseType(list[1]!, format) };
  const map = /^\{ \[key: string\]: (.*); \}$/.exec(text);
  if (map) return { kind: "map", of: parseType(map[1]!, format) };
  if (text === "V1MicroTime") return { kind: "scalar", name: "MicroTime", format };
  if (scalars.has(text)) return { kind: "scalar", name: text, format };
  return { kind: "model", className: text };
}
