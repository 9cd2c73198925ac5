// The pages of docs/ and README.md: their commands, code and links.

import { execFileSync } from 'node:child_process';
import {
  copyFileSync,
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { globSync } from 'tinyglobby';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { makeSample } from '../scripts/make-sample.js';
import { ERROR_CODES, loadStudy } from '../src/index.js';

const ROOT = process.cwd();
const REAL = resolve(ROOT, '../shared/imagenet-val');
const MODEL = resolve(ROOT, '../shared/models/mobilenetv2_quant_static.onnx');
/** A block that takes longer hangs, ms. */
const LONGEST = 300_000;
const TOP = ['README.md', 'CONTRIBUTING.md', 'CHANGELOG.md'];
/** In the order in which their blocks are run: each may use what those before it have made. */
const RUN = [
  'README',
  'docs/recipes',
  'docs/models',
  'docs/metrics',
  'docs/reports',
  'docs/viewer',
  'docs/publishing',
  'docs/errors',
];
const PAGES = [...TOP, ...readdirSync('docs').map((name) => `docs/${name}`)]
  .filter((name) => name.endsWith('.md'))
  .map((name) => ({ name, text: readFileSync(name, 'utf8') }))
  .sort((a, b) => orderOf(a.name) - orderOf(b.name));

interface Block {
  page: string;
  language: string;
  code: string;
}

const blocks = PAGES.flatMap(({ name, text }) =>
  [...text.matchAll(/^```(\w*)\n(.*?)^```$/gms)].map(([, language, code]): Block => ({
    page: name,
    language: language!,
    code: code!.trim(),
  })),
);

const programs = blocks.filter(({ language }) => language === 'ts');

interface Step {
  page: string;
  title: string;
  /** Its position among the programs; undefined for a line of the shell. */
  program?: number;
}

/** What is run, in order: a line of the shell or a program at a time. */
const steps = blocks.flatMap((block): Step[] => {
  const { page, language, code } = block;
  const lines = code.split('\n');
  if (language === 'ts') return [{ page, title: lines[0]!, program: programs.indexOf(block) }];
  return language === 'sh' ? lines.map((title) => ({ page, title })) : [];
});
const ofClone = steps.filter(({ title }) => title.startsWith('npm '));
const ofUser = steps.filter((step) => !ofClone.includes(step));

describe('the documentation', () => {
  let folder: string;

  // A user's folder: the recipes, and ImageNet images with their boxes (real ones where present).
  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), 'patchml-docs-'));
    cpSync(join(ROOT, 'configs'), join(folder, 'configs'), { recursive: true });
    mkdirSync(join(folder, 'imagenet'));
    let [annotations, images] = [join(REAL, 'Annotations/CLS-LOC/val'), join(REAL, 'images')];
    if (!existsSync(REAL)) {
      const out = join(folder, 'sample');
      await makeSample({ out, seed: '1', trainPerClass: 0, valPerClass: 2 });
      [annotations, images] = [join(out, 'val/annotations'), join(out, 'val/images')];
    }
    symlinkSync(annotations, join(folder, 'imagenet/annotations'));
    symlinkSync(images, join(folder, 'imagenet/images'));
    mkdirSync(join(folder, 'models'));
    const model = existsSync(MODEL) ? MODEL : join(ROOT, 'test/models/graphs/imagenet.onnx');
    copyFileSync(model, join(folder, 'models/net.onnx'));
    mkdirSync(join(folder, 'node_modules/@types'), { recursive: true });
    symlinkSync(ROOT, join(folder, 'node_modules/patchml'));
    symlinkSync(join(ROOT, 'node_modules/@types/node'), join(folder, 'node_modules/@types/node'));
  });
  afterAll(() => {
    rmSync(folder, { recursive: true });
  });

  it('says how to run it from a clone with commands that CI runs', () => {
    const ci = readFileSync('.ci/run', 'utf8');
    const commands = ofClone.flatMap(({ title }) => title.split(' && '));
    expect(commands).toEqual(expect.arrayContaining(['npm ci', 'npm run demo', 'npm test']));
    expect(commands.filter((command) => !ci.includes(command))).toEqual([]);
  });

  it('has a block in every page that is to be run, and in no other', () => {
    const pages = [...new Set(ofUser.map(({ page }) => page))];
    expect(pages).toEqual(RUN.map((name) => `${name}.md`));
    const languages = new Set(blocks.map(({ language }) => language));
    expect([...languages].sort()).toEqual(['console', 'python', 'sh', 'text', 'ts', 'yaml']);
  });

  it('has YAML that is a study', async () => {
    const studies = blocks.filter(({ language }) => language === 'yaml');
    expect(studies.map(({ page }) => page)).toEqual(['docs/studies.md']);
    const path = join(folder, 'my-study.yaml');
    writeFileSync(path, studies[0]!.code);
    expect(await loadStudy(path)).toMatchObject({ name: 'my-study', gaps: [['val', 'patchml']] });
  });

  it('has programs that TypeScript accepts', () => {
    expect(programs.length).toBeGreaterThan(5);
    const files = programs.map(({ code }, at) => {
      writeFileSync(join(folder, `program-${at}.mts`), code);
      return `program-${at}.mts`;
    });
    const options = '--strict --skipLibCheck --module nodenext --target es2022'.split(' ');
    expect(run(join(ROOT, 'node_modules/typescript/bin/tsc'), ...options, ...files)).toBe('');
  });

  it.each(ofUser)('$page: $title', ({ title, program }) => {
    if (program === undefined) {
      expect(shell(title)).not.toBe('');
      return;
    }
    const printed = run(`program-${program}.mjs`).split('\n');
    const said = programs[program]!.code.matchAll(/console\.log\(.*\); \/\/ (.*)$/gm);
    expect(printed).toEqual(expect.arrayContaining([...said].map(([, line]) => line)));
  });

  it('left what its commands say', () => {
    const made = ['output/paper/metadata.jsonl', 'output/paper.png', 'output/small/dataset.json'];
    made.push('my-recipe.yaml', 'output/scores/seed-7-1.0.0/again/scorecard.json');
    made.push('fetched/seed-7-1.1.0/SHA256SUMS', 'output/again/metadata.jsonl');
    expect(made.filter((path) => !existsSync(join(folder, path)))).toEqual([]);
  });

  it('lists every recipe field with its default as the schema has it', async () => {
    const { recipeTable } = await import('../scripts/recipe-table.js');
    const squeeze = (text: string): string => text.replace(/[ -]+/g, ' ');
    expect(squeeze(textOf('docs/recipes.md'))).toContain(squeeze(recipeTable()));
  });

  it.each([
    ['index.json', 'output/work/index/*/index.json'],
    ['objects.jsonl', 'output/work/index/*/objects.jsonl'],
    ['pool.json', 'output/work/pool/*/pool.json'],
    ['patches.jsonl', 'output/work/pool/*/patches.jsonl'],
    ['plan.json', 'output/work/plan/*/plan.json'],
    ['plan.jsonl', 'output/work/plan/*/plan.jsonl'],
    ['metadata.jsonl', 'output/seed-7/metadata.jsonl'],
    ['dataset.json', 'output/seed-7/dataset.json'],
    ['patchml.lock.json', 'output/seed-7/patchml.lock.json'],
    ['predictions.json', 'output/work/predictions/*/predictions.json'],
    ['scorecard.json', 'output/scores/seed-7-1.0.0/net/scorecard.json'],
    ['comparison.json', 'output/comparison/comparison.json'],
    ['gap.json', 'output/gap/gap.json'],
    ['release.json', 'releases/seed-7-1.0.0/release.json'],
  ])('docs/formats.md has every field of %s', (file, pattern) => {
    const [path] = globSync(pattern, { cwd: folder, absolute: true });
    const text = readFileSync(path!, 'utf8');
    const row = file.endsWith('.jsonl') ? text.slice(0, text.indexOf('\n')) : text;
    const parts = textOf('docs/formats.md').split(/\n(?=`|## )/);
    const part = parts.find((each) => each.startsWith(`\`${file}\``))!;
    const fields = Object.keys(JSON.parse(row) as object);
    expect(fields.filter((field) => !part.includes(`\`${field}\``))).toEqual([]);
  });

  it('has a row for every error code in docs/errors.md, and for no other', () => {
    const rows = textOf('docs/errors.md').matchAll(/^\| `([a-z-]+)`/gm);
    expect([...rows].map(([, code]) => code).sort()).toEqual([...ERROR_CODES].sort());
  });

  it.each(PAGES)('$name: every link to a file or heading leads somewhere', ({ name, text }) => {
    const links = [...text.matchAll(/\]\(([^)\s]+)\)/g)].map(([, target]) => target!);
    expect(links.filter((target) => !resolves(target, name))).toEqual([]);
  });

  it.each(PAGES)('$name: every file of the source that it names is there', ({ text }) => {
    const named = [...text.matchAll(/`([\w-]+\/(?:[\w-]+\/)*[\w-]*(?:\.(?:ts|py))?)`/g)]
      .map(([, path]) => path!)
      .filter((path) => !path.includes('NAME'))
      .filter((path) => /^(src|scripts|test)\//.test(path) || path.endsWith('.ts'));
    expect(named.filter((path) => !existsSync(path) && !existsSync(join('src', path)))).toEqual([]);
  });

  it('names only what the source has where CONTRIBUTING.md says how to add to it', () => {
    const files = readdirSync('src', { recursive: true, encoding: 'utf8' });
    const source = files
      .filter((file) => file.endsWith('.ts'))
      .map((file) => textOf(join('src', file)))
      .join('\n');
    const guides = textOf('CONTRIBUTING.md')
      .split(/^## /m)
      .filter((part) => part.startsWith('Add '));
    const identifiers = [...guides.join().matchAll(/`(\w*[A-Z]\w*)`/g)].map(([, name]) => name!);
    expect(identifiers).toContain('EXPORT_NAMES');
    expect(identifiers.filter((name) => !new RegExp(`\\b${name}\\b`).test(source))).toEqual([]);
  });

  /** Runs a line as a user's shell does; npx finds the patchml of this clone. */
  function shell(line: string): string {
    const patchml = `"${process.execPath}" "${join(ROOT, 'dist/src/cli/bin.cjs')}"`;
    return execFileSync('sh', ['-c', line.replaceAll('npx patchml', patchml)], {
      cwd: folder,
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'pipe'],
      timeout: LONGEST,
    });
  }

  function run(...args: string[]): string {
    return execFileSync(process.execPath, args, {
      cwd: folder,
      encoding: 'utf8',
      stdio: 'pipe',
      timeout: LONGEST,
    });
  }
});

/** Whether a link from a page leads to a file, and to a heading of it, or to another site. */
function resolves(target: string, page: string): boolean {
  if (target.startsWith('https:')) return true;
  const [path, anchor] = target.split('#') as [string, string?];
  const file = path === '' ? page : join(dirname(page), path);
  if (!existsSync(file)) return false;
  return anchor === undefined || anchorsOf(textOf(file)).includes(anchor);
}

function textOf(name: string): string {
  return readFileSync(name, 'utf8');
}

/** The anchors that GitHub gives to a page's headings. */
function anchorsOf(text: string): string[] {
  const prose = text.replace(/^```.*?^```$/gms, '');
  return [...prose.matchAll(/^#+ (.*)$/gm)].map(([, heading]) =>
    heading!
      .toLowerCase()
      .replace(/[^\p{L}\p{N} _-]/gu, '')
      .replaceAll(' ', '-'),
  );
}

function orderOf(page: string): number {
  const at = RUN.indexOf(page.replace(/\.md$/, ''));
  return at === -1 ? RUN.length : at;
}
