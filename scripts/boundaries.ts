/**
 * Keeps the house in order: which package may import which, nothing past a package's `exports`, no cycles between files,
 * no raw time or chance outside their home, and no spread arguments that a long list would overflow the stack with.
 * Prints each breach as `file: what is wrong`; exits 1 when there is one.
 */

import { readFileSync } from "node:fs";
import { dirname, join, normalize } from "node:path";
import { sourceFiles } from "./files.ts";

const libraries = ["apimachinery", "api", "client"];

/** Who may import whom. Components never import each other: they meet in the API. */
const allowed: Record<string, readonly string[]> = {
  apimachinery: [],
  api: ["apimachinery"],
  storage: ["apimachinery"],
  cel: ["apimachinery"],
  apiserver: ["apimachinery", "api", "storage", "cel"],
  client: ["apimachinery", "api"],
  controllers: libraries,
  scheduler: libraries,
  proxy: libraries,
  network: libraries,
  dns: libraries,
  cri: ["apimachinery"],
  kubelet: [...libraries, "cri"],
};

/** May import everything. */
const unrestricted = new Set(["cluster", "cmd", "test", "bench", "scripts"]);

/** The one home of time and chance, and the folders that are programs rather than parts. */
const clockHome = /^(packages\/apimachinery\/src\/(virtual-)?clock\.ts|cmd\/|scripts\/|test\/|bench\/)/;
const rawClock =
  /\b(Date\.now\(|new Date\(\)|performance\.now\(|Math\.random\(|crypto\.randomUUID\(|(?<![.\w])set(?:Timeout|Interval|Immediate)\()/;

/** A spread argument takes its place on the stack: as many as a hostile request has lines overflow it. */
const spreadPush = /\.(push|unshift)\((?:[^()[\]{}]*, )?\.\.\./;

const importPattern = /(?:^|\n)\s*(?:import|export)\s+(type\s+)?(?:[^'"`;]*?\sfrom\s+)?["']([^"']+)["']/g;

interface Import {
  readonly specifier: string;
  readonly typeOnly: boolean;
}

function importsOf(text: string): Import[] {
  return [...text.matchAll(importPattern)].map((m) => ({ specifier: m[2] as string, typeOnly: m[1] !== undefined }));
}

function roomOf(file: string): string {
  const parts = file.split("/");
  return (parts[0] === "packages" ? parts[1] : parts[0]) as string;
}

function exportsOf(room: string): Set<string> {
  const folder = room === "cmd" ? room : `packages/${room}`;
  const manifest = JSON.parse(readFileSync(`${folder}/package.json`, "utf8")) as {
    exports: Record<string, unknown>;
  };
  return new Set(Object.keys(manifest.exports));
}

function breachesOf(file: string, text: string): string[] {
  const breaches: string[] = [];
  const room = roomOf(file);
  const isTest = /\.test\.ts$|-suite\.ts$|\/testing\//.test(file);
  for (const { specifier } of importsOf(text)) {
    if (specifier.startsWith("@kubets/")) {
      const [, target, ...rest] = specifier.split("/") as [string, string, ...string[]];
      const entry = rest.length === 0 ? "." : `./${rest.join("/")}`;
      if (!exportsOf(target).has(entry))
        breaches.push(`${file}: imports ${specifier}, which ${target}'s exports do not list`);
      if (target === room || unrestricted.has(room) || isTest) continue;
      if (!allowed[room]?.includes(target)) breaches.push(`${file}: ${room} may not import ${target}`);
    } else if (specifier.startsWith(".")) {
      const target = normalize(join(dirname(file), specifier));
      if (roomOf(target) !== room)
        breaches.push(`${file}: reaches into ${roomOf(target)} by path (${specifier}); import its package`);
    }
  }
  if (!clockHome.test(file) && !isTest) {
    text.split("\n").forEach((line, i) => {
      const code = line.replace(/\/\/.*$|^\s*\*.*$/, "");
      const found = rawClock.exec(code);
      if (found) breaches.push(`${file}:${i + 1}: ${found[1]} — take the injected Clock or Random`);
      const spread = spreadPush.exec(code);
      if (spread && !unrestricted.has(room))
        breaches.push(`${file}:${i + 1}: ${spread[1]} with a spread argument — use pushAll`);
    });
  }
  return breaches;
}

/** Cycles of value imports between files of one package, each reported once. */
function cycles(graph: ReadonlyMap<string, readonly string[]>): string[] {
  const state = new Map<string, "open" | "done">();
  const trail: string[] = [];
  const found: string[] = [];
  const visit = (file: string): void => {
    state.set(file, "open");
    trail.push(file);
    for (const next of graph.get(file) ?? []) {
      if (state.get(next) === "open")
        found.push(`${[...trail.slice(trail.indexOf(next)), next].join(" -> ")}: import cycle`);
      else if (!state.has(next)) visit(next);
    }
    trail.pop();
    state.set(file, "done");
  };
  for (const file of graph.keys()) if (!state.has(file)) visit(file);
  return found;
}

const files = sourceFiles();
const breaches: string[] = [];
const graph = new Map<string, string[]>();
for (const file of files) {
  const text = readFileSync(file, "utf8");
  if (!file.includes("/generated/")) breaches.push(...breachesOf(file, text));
  graph.set(
    file,
    importsOf(text)
      .filter((i) => !i.typeOnly && i.specifier.startsWith("."))
      .map((i) => normalize(join(dirname(file), i.specifier))),
  );
}
breaches.push(...cycles(graph));
for (const breach of breaches) console.error(breach);
if (breaches.length > 0) process.exit(1);
console.log(`boundaries: ${files.length} files in order`);
