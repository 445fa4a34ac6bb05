/**
 * `deno task audit`: the dependencies with their licences, whether each is pinned and hashed, and what
 * is known to be wrong with them.
 *
 * @module
 */

import { join } from "node:path";
import { parseArgs, stripVTControlCharacters } from "node:util";
import { readTextIfPresent } from "@lib/files.ts";
import { ROOT } from "@lib/paths.ts";
import { runCommand } from "@lib/tasks/command.ts";

const HELP = `List the dependencies: licences, pins, hashes, known vulnerabilities.

  deno task audit

Options
  --offline  ask no registry for vulnerabilities
  --help     this text

Exit code: 0, or 1 when a package is not pinned or not hashed, has a licence that is not on the list,
or a vulnerability that is known.
`;

/** Licences that ask for no more than to be named. */
const PERMISSIVE = [
  "MIT",
  "ISC",
  "0BSD",
  "BSD-2-Clause",
  "BSD-3-Clause",
  "Apache-2.0",
  "BlueOak-1.0.0",
  "CC0-1.0",
  "Unlicense",
];

/** Packages under other licences, and why that does no harm. */
const EXCEPTIONS: Readonly<Record<string, string>> = {
  "stockfish": "GPL-3.0: a separate program, spoken to over UCI, not linked and not copied",
  "@resvg/resvg-js": "MPL-2.0: used as it is; who changes its files has to publish those",
  "dejavu-fonts-ttf": "Bitstream Vera's: may be used, embedded and passed on",
  "axe-core": "MPL-2.0: in tests of the page only",
};

/** A package that `deno.lock` lists. */
export interface Dependency {
  /** Its name. */
  readonly name: string;
  /** Its exact version. */
  readonly version: string;
  /** The licence its metadata states; undefined where the package is not on this machine. */
  readonly licence: string | undefined;
  /** Whether `deno.json` names it, or one of its dependencies does. */
  readonly direct: boolean;
  /** Whether the lock file holds its SHA-512. */
  readonly hashed: boolean;
}

/**
 * The packages of the lock file, each once, by name.
 *
 * @param npmCache the folder in which Deno keeps packages: `deno info --json`
 *
 * ```ts
 * import { listDependencies } from "@lib/tasks/audit.ts";
 * import assert from "node:assert/strict";
 *
 * const all = listDependencies("/nowhere");
 * assert.ok(all.find(({ name }) => name === "zod")!.direct);
 * assert.ok(all.every(({ hashed, licence }) => hashed && licence === undefined));
 * ```
 */
export function listDependencies(npmCache: string): Dependency[] {
  const read = (name: string) => JSON.parse(Deno.readTextFileSync(join(ROOT, name)));
  const direct = new Set(
    Object.values<string>(read("deno.json").imports).flatMap((to) =>
      /^npm:(.+)@[^@]+$/.exec(to)?.[1] ?? []
    ),
  );
  const found = new Map<string, Dependency>();
  for (
    const [key, { integrity }] of Object.entries<{ integrity?: string }>(read("deno.lock").npm)
  ) {
    const [, name, version] = /^(@?[^@]+)@([^_]+)/.exec(key)!; // what follows _ are peers
    const metadata = readTextIfPresent(
      join(npmCache, "registry.npmjs.org", name, version, "package.json"),
    );
    found.set(`${name}@${version}`, {
      name,
      version,
      licence: metadata === undefined ? undefined : licenceOf(JSON.parse(metadata)),
      direct: direct.has(name),
      hashed: /^sha512-/.test(integrity ?? ""),
    });
  }
  return [...found.values()];
}

/** The licence as a package states it, in one of the ways that have been usual. */
function licenceOf(
  { license, licenses }: { license?: string | { type: string }; licenses?: { type: string }[] },
): string {
  const stated = license ?? licenses?.[0];
  const text = typeof stated === "object" ? stated.type : stated ?? "not stated";
  return text.replace(/^\(|\)$/g, "").replace(
    /^Apache 2\.0$|^Apache License.*2\.0.*$/,
    "Apache-2.0",
  );
}

/**
 * What is wrong with the dependencies, a line each.
 *
 * @param imports the import map of `deno.json`
 *
 * ```ts
 * import { dependencyFaults } from "@lib/tasks/audit.ts";
 * import assert from "node:assert/strict";
 *
 * const a = { name: "a", version: "1.0.0", licence: "GPL-3.0", direct: true, hashed: false };
 * assert.deepEqual(dependencyFaults([a], { a: "npm:a@^1.0.0" }), [
 *   "a: npm:a@^1.0.0 is no exact version",
 *   "a 1.0.0: deno.lock has no hash of it",
 *   "a 1.0.0: GPL-3.0 is not on the list of licences",
 * ]);
 * ```
 */
export function dependencyFaults(
  dependencies: readonly Dependency[],
  imports: Readonly<Record<string, string>>,
): string[] {
  const permitted = (licence: string) =>
    licence.split(/ OR /).some((one) => PERMISSIVE.includes(one)) ||
    licence.split(/ AND /).every((one) => PERMISSIVE.includes(one));
  return [
    ...Object.entries(imports)
      .filter(([, to]) => /^[a-z]+:/.test(to) && !/^npm:@?[^@]+@\d+\.\d+\.\d+[^\s^~*x]*$/.test(to))
      .map(([name, to]) => `${name}: ${to} is no exact version`),
    ...dependencies.flatMap(({ name, version, licence, hashed }) => [
      ...(hashed ? [] : [`${name} ${version}: deno.lock has no hash of it`]),
      ...(licence === undefined || permitted(licence) || excepted(name) !== undefined
        ? []
        : [`${name} ${version}: ${licence} is not on the list of licences`]),
    ]),
  ];
}

/** Why a licence beside the list does no harm; the builds for each system count with their package. */
function excepted(name: string): string | undefined {
  return Object.entries(EXCEPTIONS).find(([of]) => name === of || name.startsWith(`${of}-`))?.[1];
}

/** What `deno audit` found: nothing, faults, or why it could not look. */
async function vulnerabilities(): Promise<{ text: string; known: boolean }> {
  const { success, stdout, stderr } = await new Deno.Command(Deno.execPath(), {
    args: ["audit"],
    cwd: ROOT,
    env: { NO_COLOR: "1" },
  }).output();
  const said = new TextDecoder().decode(stdout).trim();
  if (success) return { text: said || "No vulnerability is known", known: false };
  if (said !== "") return { text: said, known: true };
  const reason = stripVTControlCharacters(new TextDecoder().decode(stderr)).trim();
  return { text: `Vulnerabilities: not checked: ${reason.split("\n", 1)[0]}`, known: false };
}

async function main(args: readonly string[]): Promise<number> {
  const { values } = parseArgs({
    args: [...args],
    options: {
      offline: { type: "boolean", default: false },
      help: { type: "boolean", default: false },
    },
  });
  if (values.help) {
    console.log(HELP);
    return 0;
  }
  const { stdout } = await new Deno.Command(Deno.execPath(), { args: ["info", "--json"] }).output();
  const all = listDependencies(JSON.parse(new TextDecoder().decode(stdout)).npmCache);
  const here = all.filter(({ licence }) => licence !== undefined);
  const { imports } = JSON.parse(Deno.readTextFileSync(join(ROOT, "deno.json")));
  console.log("What deno.json names:");
  for (const { name, version, licence } of all.filter(({ direct }) => direct)) {
    console.log(`  ${name} ${version}: ${licence ?? "not on this machine"}`);
  }
  const byLicence = Map.groupBy(here, ({ licence }) => licence!);
  console.log(`\nWith theirs ${all.length} packages, ${here.length} of them on this machine:`);
  for (const [licence, those] of [...byLicence].sort(([, a], [, b]) => b.length - a.length)) {
    const names = those.length > 4 ? "" : `: ${those.map(({ name }) => name).join(", ")}`;
    console.log(`  ${those.length} ${licence}${names}`);
  }
  for (const [name, why] of Object.entries(EXCEPTIONS)) console.log(`  ${name}: ${why}`);
  const faults = dependencyFaults(all, imports);
  for (const fault of faults) console.error(fault);
  if (faults.length === 0) console.log("\nAll are pinned, hashed and permitted");
  const found = values.offline ? undefined : await vulnerabilities();
  if (found) console.log(found.text);
  return faults.length > 0 || found?.known ? 1 : 0;
}

if (import.meta.main) await runCommand(main);
