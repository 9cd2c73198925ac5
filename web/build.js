import { createHash } from 'node:crypto';
import { rename, rm } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { build } from 'vite';
import { viteSingleFile } from 'vite-plugin-singlefile';

// Builds what runs in the browser, and the charts for the server, into dist/web: the pages
// report.html and view.html, a file each that asks for nothing else, and charts.js, which draws the
// pages' charts without a browser. The licences of what is in them lie beside them.

const folder = (path) => fileURLToPath(new URL(path, import.meta.url));
const PARTIAL = folder('../dist/web.tmp');
const OUT = folder('../dist/web');

const shared = (name) => ({
  configFile: false,
  publicDir: false,
  logLevel: 'warn',
  build: {
    outDir: PARTIAL,
    emptyOutDir: false,
    reportCompressedSize: false,
    target: 'es2022',
    license: { fileName: `${name}-licenses.md` },
    rolldownOptions: {
      // "use client" in a library: there is no server side here.
      onLog: (level, log, next) => log.code === 'MODULE_LEVEL_DIRECTIVE' || next(level, log),
    },
  },
});

await rm(PARTIAL, { recursive: true, force: true });
await buildPage('report', 'report');
await buildPage('view', 'viewer');
await buildCharts();
await rm(OUT, { recursive: true, force: true });
await rename(PARTIAL, OUT);

/** A page in one file, of which the policy in its head lets only its own script run. */
async function buildPage(name, source) {
  await build({
    ...shared(name),
    root: folder(source),
    plugins: [
      viteSingleFile({ removeViteModuleLoader: true, outputFileName: `${name}.html` }),
      allowOwnScript(),
    ],
  });
}

/** Puts the digest of the inlined script where the page's Content-Security-Policy names it. */
function allowOwnScript() {
  return {
    name: 'allow-own-script',
    enforce: 'post',
    generateBundle: {
      order: 'post',
      handler(_, bundle) {
        for (const file of Object.values(bundle)) {
          if (!file.fileName.endsWith('.html')) continue;
          const [, script] = /<script type="module"[^>]*>([^]*?)<\/script>/.exec(file.source) ?? [];
          const digest = createHash('sha256').update(script).digest('base64');
          file.source = file.source.replace('OWN-SCRIPT', () => digest);
        }
      },
    },
  };
}

async function buildCharts() {
  const { build: output, ...rest } = shared('charts');
  await build({
    ...rest,
    root: folder('charts'),
    build: {
      ...output,
      ssr: 'server.ts',
      rolldownOptions: { ...output.rolldownOptions, output: { entryFileNames: 'charts.js' } },
    },
    ssr: { noExternal: true },
  });
}
