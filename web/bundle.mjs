// bundle.mjs OUT.cc: makes the page's files and writes them as the source file
// that gives EmbeddedPage() (src/observe/page.h).

import { readFile, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";

const here = dirname(fileURLToPath(import.meta.url));
const from = (name) => join(here, "src", name);

// What the daemon serves: path, type, bytes.
async function files() {
  const bundled = await build({
    entryPoints: { page: from("main.ts") },
    bundle: true,
    minify: true,
    write: false,
    outdir: here, // of nothing: only the names are used
    target: ["es2021", "chrome100", "firefox100", "safari15"],
    legalComments: "inline",
    logLevel: "warning",
  });
  const css = await build({
    entryPoints: { page: from("page.css") },
    bundle: true,
    minify: true,
    write: false,
    outdir: here,
    legalComments: "inline",
    logLevel: "warning",
  });
  return [
    ["/", "text/html; charset=utf-8", await readFile(from("index.html"))],
    ["/page.js", "text/javascript; charset=utf-8",
      bundled.outputFiles[0].contents],
    ["/page.css", "text/css; charset=utf-8", css.outputFiles[0].contents],
  ];
}

function arrayOf(bytes, name) {
  const text = Array.from(bytes, (byte) =>
    `'\\x${byte.toString(16).padStart(2, "0")}'`);
  const lines = [];
  for (let at = 0; at < text.length; at += 12) {
    lines.push(text.slice(at, at + 12).join(","));
  }
  return `constexpr char ${name}[] = {\n${lines.join(",\n")}};\n`;
}

function sourceOf(all) {
  const arrays = all.map(([, , bytes], i) => arrayOf(bytes, `kFile${i}`));
  const entries = all.map(([path, type], i) =>
    `      {"${path}", "${type}", {kFile${i}, sizeof kFile${i}}},`);
  return `#include "observe/page.h"

namespace retentiond {
namespace {

${arrays.join("\n")}
}  // namespace

const std::vector<PageFile>& EmbeddedPage() {
  static const std::vector<PageFile> kFiles = {
${entries.join("\n")}
  };
  return kFiles;
}

}  // namespace retentiond
`;
}

await writeFile(process.argv[2], sourceOf(await files()));
