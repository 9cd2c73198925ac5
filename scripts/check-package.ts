import { execFileSync, spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { PATCHML_VERSION } from '../src/version.js';
import { makeSample } from './make-sample.js';

// The package as its users get it: packed, installed in empty folders, run and type-checked there.
// Nothing but the npm registry can be reached, as behind a firewall.

const folder = mkdtempSync(join(tmpdir(), 'patchml-package-'));
/** onnxruntime's install script goes through this proxy, which is not there; npm itself does not. */
const BEHIND_FIREWALL = { GLOBAL_AGENT_HTTPS_PROXY: 'http://127.0.0.1:9' };
/** As a user's npm does by default: the settings of this clone are in the environment of its scripts. */
const WITH_SCRIPTS = '--ignore-scripts=false';
const HOW_TO_INSTALL = 'npm install --ignore-scripts';

try {
  const tarball = checkTarball();
  const images = await sampleImages();
  checkPlainInstall(tarball, images);
  const user = checkInstallWithoutScripts(tarball, images);
  checkTypes(user);
} finally {
  rmSync(folder, { recursive: true, force: true });
}
say('The package works');

/** Packs what is built. @returns the tarball, which holds what users need and nothing else */
function checkTarball(): string {
  say('Packing');
  const [packed] = JSON.parse(npm(['pack', '--json', '--pack-destination', folder], '.')) as [
    { filename: string; size: number; unpackedSize: number; files: { path: string }[] },
  ];
  const paths = packed.files.map(({ path }) => path);
  const strangers = paths.filter((path) => !belongs(path));
  ensure(
    strangers.length === 0,
    `not for users, or left over from a build: ${strangers.join(' ')}`,
  );
  for (const path of [
    'README.md',
    'LICENSE',
    'configs/recipes/paper.yaml',
    'src/image/kernel/kernel.wasm',
    'src/image/kernel/notices/libjpeg.txt',
    'dist/src/index.d.ts',
    'dist/web/charts.js',
    'dist/web/report.html',
    'dist/web/view.html',
  ]) {
    ensure(paths.includes(path), `${path} is missing`);
  }
  const { size, unpackedSize } = packed;
  say(`${paths.length} files, ${megabytes(size)} packed, ${megabytes(unpackedSize)} unpacked`);
  return join(folder, packed.filename);
}

function belongs(path: string): boolean {
  if (/^(package\.json|LICENSE|README\.md|configs\/.+\.(yaml|json|onnx|sh))$/.test(path))
    return true;
  if (/^src\/image\/kernel\/(kernel\.wasm|notices\/\w[\w-]*\.txt)$/.test(path)) return true;
  if (/^dist\/web\/(report|view)\.html$|^dist\/web\/(charts\.js|\w+-licenses\.md)$/.test(path))
    return true;
  const [, module] = /^dist\/(src\/.+?)(?:\.d)?\.(?:ts|cts|js|cjs)$/.exec(path) ?? [];
  return module !== undefined && (existsSync(`${module}.ts`) || existsSync(`${module}.cts`));
}

/** A few images and boxes in ImageNet's own form. */
async function sampleImages(): Promise<string> {
  const out = join(folder, 'sample');
  await makeSample({ out, seed: '42', trainPerClass: 0, valPerClass: 10 });
  return join(out, 'val');
}

/**
 * `npm install`: works, and so does all but running models. On Linux that needs files from outside
 * the registry unless scripts are left out; patchml says so.
 */
function checkPlainInstall(tarball: string, images: string): void {
  const user = install('plain', [WITH_SCRIPTS, tarball]);
  checkDataset(user, images);
  const isLeftOut = !existsSync(join(user, 'node_modules', 'onnxruntime-node'));
  const expected = process.platform === 'linux' && process.arch === 'x64';
  ensure(isLeftOut === expected, `onnxruntime is ${isLeftOut ? 'left out' : 'installed'}`);
  if (isLeftOut) {
    for (const command of [['doctor'], evaluateCommand(user)]) {
      const { status, stdout, stderr } = patchml(user, command);
      ensure(status === 1, `without onnxruntime, ${command[0]} ended with ${status}`);
      ensure((stdout + stderr).includes(HOW_TO_INSTALL), `${command[0]} says: ${stdout}${stderr}`);
    }
    say(`and then "${HOW_TO_INSTALL}", as patchml says`);
    npm(['install', '--ignore-scripts'], user);
  }
  checkEvaluator(user);
}

/** `npm install --ignore-scripts`, as in the README: everything works. @returns the folder */
function checkInstallWithoutScripts(tarball: string, images: string): string {
  const user = install('without-scripts', ['--ignore-scripts', tarball]);
  const size = execFileSync('du', ['-sk', join(user, 'node_modules')], { encoding: 'utf8' });
  say(`${megabytes(1024 * parseInt(size))} installed`);
  checkDataset(user, images);
  checkEvaluator(user);
  return user;
}

function checkDataset(user: string, images: string): void {
  ensure(succeed(user, ['--version']).trim() === PATCHML_VERSION, 'another version');
  const recipe = join(user, 'node_modules', 'patchml', 'configs', 'recipes', 'demo.yaml');
  const input = ['-a', join(images, 'annotations'), '-i', join(images, 'images')];
  succeed(user, ['generate', '-r', recipe, ...input, '-o', 'dataset', '-q']);
  succeed(user, ['verify', 'dataset']);
  succeed(user, ['release', 'dataset', '--version', '1.0.0', '--to', 'releases', '-q']);
}

function checkEvaluator(user: string): void {
  succeed(user, ['doctor']);
  const { metrics } = JSON.parse(succeed(user, [...evaluateCommand(user), '--json'])) as {
    metrics: { variableTopK: { value: number; n: number } };
  };
  const { value, n } = metrics.variableTopK;
  ensure(
    n === 40 && value > 0.3,
    `the bundled model ranks ${value} of the objects of ${n} images on top`,
  );
}

function evaluateCommand(user: string): string[] {
  const card = join(user, 'node_modules', 'patchml', 'configs', 'models', 'sample.yaml');
  return ['evaluate', '-m', card, '-d', 'dataset', '--limit', '40', '-q'];
}

/** The strictest project there is, with the newest TypeScript: the README's programs compile in it. */
function checkTypes(user: string): void {
  npm(['install', '--ignore-scripts', 'typescript', '@types/node'], user);
  // Types must not need what npm may leave out.
  rmSync(join(user, 'node_modules', 'onnxruntime-node'), { recursive: true });
  const programs = [...readFileSync('README.md', 'utf8').matchAll(/^```ts\n(.*?)^```$/gms)];
  ensure(programs.length > 0, 'the README has no program');
  const sources = [
    "import * as patchml from 'patchml';\nexport const names = Object.keys(patchml);\n",
    ...programs.map(([, code]) => code!),
  ];
  sources.forEach((code, at) => {
    writeFileSync(join(user, `program-${at}.ts`), code);
  });
  const compilerOptions = {
    target: 'es2023',
    strict: true,
    exactOptionalPropertyTypes: true,
    noUncheckedIndexedAccess: true,
    skipLibCheck: false,
    noEmit: true,
  };
  for (const resolution of [
    { module: 'nodenext' },
    { module: 'esnext', moduleResolution: 'bundler' },
  ]) {
    for (const types of [[], ['node']]) {
      say(`type-checking: ${Object.values(resolution).join(', ')}, types [${types.join(', ')}]`);
      const config = { compilerOptions: { ...compilerOptions, ...resolution, types } };
      writeFileSync(join(user, 'tsconfig.json'), JSON.stringify(config));
      const tsc = join('node_modules', 'typescript', 'bin', 'tsc');
      const { status, stdout } = spawnSync(process.execPath, [tsc], {
        cwd: user,
        encoding: 'utf8',
      });
      ensure(status === 0, `it does not type-check:\n${stdout}`);
    }
  }
}

/** Installs in a new folder. @returns the folder */
function install(name: string, given: string[]): string {
  const user = join(folder, name);
  mkdirSync(user);
  writeFileSync(join(user, 'package.json'), '{ "private": true, "type": "module" }\n');
  say(`npm install ${given.map((word) => word.replace(folder, '.')).join(' ')}`);
  npm(['install', ...given], user);
  return user;
}

function npm(args: string[], cwd: string): string {
  const env = { ...process.env, ...BEHIND_FIREWALL };
  return execFileSync('npm', args, {
    cwd,
    env,
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'inherit'],
  });
}

/** Runs a command of the installed patchml, which must succeed. @returns what it prints */
function succeed(user: string, args: string[]): string {
  say(`npx patchml ${args.slice(0, 2).join(' ').replace(folder, '.')}`);
  const { status, stdout, stderr } = patchml(user, args);
  ensure(status === 0, `it ended with ${status}:\n${stdout}${stderr}`);
  return stdout;
}

function patchml(
  user: string,
  args: string[],
): { status: number | null; stdout: string; stderr: string } {
  return spawnSync('npx', ['patchml', ...args], { cwd: user, encoding: 'utf8' });
}

function ensure(isSo: boolean, otherwise: string): asserts isSo {
  if (!isSo) throw new Error(otherwise);
}

function megabytes(bytes: number): string {
  return `${(bytes / 1e6).toFixed(1)} MB`;
}

function say(text: string): void {
  console.log(text);
}
