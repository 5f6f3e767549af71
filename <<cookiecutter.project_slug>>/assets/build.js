// Builds assets/scss/*.scss and assets/js/*.js into static/dist/; with --watch, again on every change.
import { existsSync, readdirSync, rmSync } from "node:fs";
import { join, parse, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import * as esbuild from "esbuild";
import * as sass from "sass";

const watch = process.argv.includes("--watch");
const outdir = "static/dist";

// CSS and JavaScript may refer to files of these types in npm packages; they are copied, with hashed names.
const copiedTypes = [".avif", ".gif", ".jpg", ".png", ".svg", ".ttf", ".webp", ".woff", ".woff2"];
// The stylesheets that each entry has loaded, including those of npm packages.
const loaded = {};

// Resolves a url() in a stylesheet for esbuild.
const resolveUrl = ({ path, importer }) => {
  const file = path.replace(/[?#].*/, "");
  if (file.startsWith("pkg:")) return { path: resolve("node_modules", file.slice(4)) };
  // Other URLs stay as written: Django finds the file from static/dist/css/ and adds the hash to its name.
  const local = file.startsWith("/static/") ? file.slice(1) : join(outdir, "css", file);
  const isElsewhere = /^(#|[a-z]+:|\/(?!static\/))/.test(path);
  if (isElsewhere || existsSync(local)) return { path, external: true };
  const urls = (loaded[importer] ?? []).filter(({ href }) => href.includes("/node_modules/"));
  const inPackage = urls.map((url) => fileURLToPath(new URL(file, url))).find(existsSync);
  if (inPackage) return { path: inPackage };
  const text = `There is no ${local}. Put the file there, or write url(pkg:NAME/FILE) for a file of an npm package.`;
  return { errors: [{ text }], watchFiles: [resolve(local)] };
};

const scss = {
  name: "scss",
  setup(build) {
    build.onResolve({ filter: /./ }, (request) => {
      const isInPackage = request.importer.includes("/node_modules/");
      if (request.kind === "url-token" && !isInPackage) return resolveUrl(request);
    });
    build.onResolve({ filter: /\.(css|scss)$/ }, ({ kind, path }) => {
      if (kind !== "import-statement" && kind !== "dynamic-import") return;
      const text = `No page would load ${path}: write @use "pkg:NAME/FILE"; in a file of assets/scss instead.`;
      return { errors: [{ text }] };
    });
    build.onLoad({ filter: /\.scss$/ }, async ({ path }) => {
      // Every SCSS file, so that fixing one of them also clears its error in others.
      const watchFiles = readdirSync("assets/scss", { recursive: true })
        .filter((file) => /(^|[/\\])[^./\\][^/\\]*\.scss$/.test(file))
        .map((file) => resolve("assets/scss", file));
      try {
        const { css, sourceMap, loadedUrls } = await sass.compileAsync(path, {
          importers: [new sass.NodePackageImporter()],
          quietDeps: true,
          sourceMap: true,
          sourceMapIncludeSources: true,
        });
        loaded[path] = loadedUrls;
        const map = Buffer.from(JSON.stringify(sourceMap)).toString("base64");
        const comment = `/*# sourceMappingURL=data:application/json;base64,${map} */`;
        return { contents: `${css}\n${comment}`, loader: "css", watchFiles };
      } catch (error) {
        return { errors: [{ text: error.message }], watchFiles };
      }
    });
  },
};

// Each file directly in the folder, except with a leading underscore or dot, is built under the same name.
const entries = (folder, type) =>
  readdirSync(folder, { withFileTypes: true })
    .filter(
      (file) =>
        file.isFile() &&
        file.name.endsWith(`.${folder.split("/").at(-1)}`) &&
        !/^[._]/.test(file.name),
    )
    .map((file) => ({ in: join(folder, file.name), out: `${type}/${parse(file.name).name}` }));

const allEntries = () => [...entries("assets/scss", "css"), ...entries("assets/js", "js")];

const start = () => {
  rmSync(outdir, { recursive: true, force: true });
  return esbuild.context({
    entryPoints: allEntries(),
    outdir,
    bundle: true,
    minify: !watch,
    sourcemap: true,
    loader: Object.fromEntries(copiedTypes.map((type) => [type, "file"])),
    assetNames: "files/[name]-[hash]",
    publicPath: "/static/dist",
    // The oldest browsers that support light-dark(), which the color themes use.
    target: ["chrome123", "edge123", "firefox120", "safari17.5"],
    plugins: [scss],
    logLevel: "info",
  });
};

let context = await start();
if (watch) {
  await context.watch();
  let known = JSON.stringify(allEntries());
  // Checked every second, since esbuild watches only the existing entries.
  setInterval(async () => {
    const now = JSON.stringify(allEntries());
    if (now === known) return;
    known = now;
    await context.dispose();
    context = await start();
    await context.watch();
  }, 1000);
} else {
  await context.rebuild().catch(() => (process.exitCode = 1));
  await context.dispose();
}
