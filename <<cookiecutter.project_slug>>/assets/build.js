// Builds assets/scss/*.scss and assets/js/*.js into static/dist/; with --watch, again on every change.
import { readdirSync, rmSync } from "node:fs";
import { join, parse, resolve } from "node:path";
import * as esbuild from "esbuild";
import * as sass from "sass";

const watch = process.argv.includes("--watch");
const outdir = "static/dist";

const scss = {
  name: "scss",
  setup(build) {
    // url() stays as it is written: Django finds the file from static/dist/css/ and puts its hash in the name.
    build.onResolve({ filter: /./ }, ({ kind, path }) =>
      kind === "url-token" ? { path, external: true } : undefined,
    );
    build.onLoad({ filter: /\.scss$/ }, async ({ path }) => {
      // Every SCSS file, so that a fix in any of them ends an error in another.
      const watchFiles = readdirSync("assets/scss", { recursive: true })
        .filter((file) => file.endsWith(".scss"))
        .map((file) => resolve("assets/scss", file));
      try {
        const { css, sourceMap } = await sass.compileAsync(path, {
          importers: [new sass.NodePackageImporter()],
          quietDeps: true,
          sourceMap: true,
          sourceMapIncludeSources: true,
        });
        const map = Buffer.from(JSON.stringify(sourceMap)).toString("base64");
        const comment = `/*# sourceMappingURL=data:application/json;base64,${map} */`;
        return { contents: `${css}\n${comment}`, loader: "css", watchFiles };
      } catch (error) {
        return { errors: [{ text: error.message }], watchFiles };
      }
    });
  },
};

// The files directly in the folder, without a leading underscore, become a file of the same name each.
const entries = (folder, type) =>
  readdirSync(folder, { withFileTypes: true })
    .filter(
      (file) =>
        file.isFile() &&
        file.name.endsWith(`.${folder.split("/").at(-1)}`) &&
        !file.name.startsWith("_"),
    )
    .map((file) => ({ in: join(folder, file.name), out: `${type}/${parse(file.name).name}` }));

rmSync(outdir, { recursive: true, force: true });

const context = await esbuild.context({
  entryPoints: [...entries("assets/scss", "css"), ...entries("assets/js", "js")],
  outdir,
  bundle: true,
  minify: !watch,
  sourcemap: true,
  // The oldest browsers that know light-dark(), on which both colour themes rest.
  target: ["chrome123", "edge123", "firefox120", "safari17.5"],
  plugins: [scss],
  logLevel: "info",
});

if (watch) {
  await context.watch();
} else {
  await context.rebuild().catch(() => (process.exitCode = 1));
  await context.dispose();
}
