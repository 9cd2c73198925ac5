/**
 * Holds the layout: three wings on one base, and an import never points up. A folder of src/ imports
 * from itself and from the folders before it in its wing and in the base; publish/ may make again
 * what it published, so it stands on make as well. Nothing imports the command line.
 */
const BASE = ['files', 'parallel', 'image', 'recipe', 'imagenet', 'dataset'];
const MAKE = ['generate'];
const MEASURE = ['sets', 'predictions', 'metrics', 'models', 'score', 'report', 'study'];
const PUBLISH = ['exports', 'release', 'transfer', 'cluster'];
const LOOK = ['viewer'];
const TOP = '^src/(errors|progress|random|text|version)[.]ts$';

const FLOWS = [
  BASE,
  [...BASE, ...MAKE],
  [...BASE, ...MEASURE],
  [...BASE, ...MAKE, ...PUBLISH],
  [...BASE, ...MAKE, ...MEASURE, ...PUBLISH, ...LOOK],
];
/** A study measures, and generates the datasets that it measures on; measuring is divided too. */
const ALSO = { study: MAKE, cluster: MEASURE };
const inside = (folders) => `^src/(${folders.join('|')})/`;

/** The folders that one may import from: those before it wherever it stands last in a flow's wing. */
const below = (folder) => {
  const flow = FLOWS.find((folders) => folders.includes(folder));
  return [...flow.slice(0, flow.indexOf(folder) + 1), ...(ALSO[folder] ?? [])];
};

module.exports = {
  forbidden: [
    { name: 'no-circular', severity: 'error', from: {}, to: { circular: true } },
    ...[...BASE, ...MAKE, ...MEASURE, ...PUBLISH, ...LOOK].map((folder) => ({
      name: `${folder}-points-up`,
      severity: 'error',
      from: { path: inside([folder]) },
      to: { path: '^src/', pathNot: [inside(below(folder)), TOP] },
    })),
    {
      name: 'top-knows-nobody',
      severity: 'error',
      comment: 'What every folder uses knows none of them.',
      from: { path: TOP },
      to: { path: '^src/', pathNot: TOP },
    },
    {
      name: 'nobody-imports-the-command-line',
      severity: 'error',
      from: { path: '^src/', pathNot: '^src/cli/' },
      to: { path: '^src/cli/' },
    },
    {
      name: 'a-command-loads-late',
      severity: 'error',
      comment: 'Help, version and mistyped flags are answered at once: await import() what works.',
      from: { path: '^src/cli/' },
      to: {
        path: inside([...BASE, ...MAKE, ...MEASURE, ...PUBLISH, ...LOOK]),
        pathNot: '^src/files/file-errors[.]ts$',
        dynamic: false,
        dependencyTypesNot: ['type-only'],
      },
    },
    {
      name: 'pages-take-types-only',
      comment: 'What runs in a browser is built apart; of src/ it knows what things look like.',
      severity: 'error',
      from: { path: '^web/' },
      to: { path: '^src/', dependencyTypesNot: ['type-only'] },
    },
    {
      name: 'src-knows-no-page',
      severity: 'error',
      from: { path: '^(src|scripts)/' },
      to: { path: '^web/' },
    },
    {
      name: 'codecs-stay-in-image',
      severity: 'error',
      from: { path: '^src/', pathNot: '^src/image/' },
      to: { path: 'node_modules/(sharp|@napi-rs/image|@julusian/jpeg-turbo)/' },
    },
    {
      name: 'randomness-comes-from-streams',
      severity: 'error',
      from: { path: '^src/', pathNot: '^src/random[.]ts$' },
      to: { path: 'node_modules/seedrandom/' },
    },
  ],
  options: {
    doNotFollow: { path: 'node_modules' },
    tsPreCompilationDeps: true,
    tsConfig: { fileName: 'tsconfig.json' },
    enhancedResolveOptions: {
      conditionNames: ['import', 'node', 'default'],
      extensions: ['.ts', '.tsx', '.cts', '.js'],
    },
  },
};
