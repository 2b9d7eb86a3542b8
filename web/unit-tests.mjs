// unit-tests.mjs DIRECTORY: runs src/*.test.ts by node's own test runner, made
// into JavaScript in DIRECTORY.

import { spawnSync } from "node:child_process";
import { readdirSync, rmSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";

const source = join(dirname(fileURLToPath(import.meta.url)), "src");
const made = process.argv[2];
rmSync(made, { recursive: true, force: true });
const names = readdirSync(source).filter((name) => name.endsWith(".test.ts"));
await build({
  entryPoints: names.map((name) => join(source, name)),
  bundle: true,
  platform: "node",
  format: "esm",
  outExtension: { ".js": ".mjs" },
  outdir: made,
  logLevel: "warning",
});
const tests = names.map((name) => join(made, name.replace(/ts$/, "mjs")));
process.exit(spawnSync(process.execPath, ["--test", ...tests],
                       { stdio: "inherit" }).status ?? 1);
