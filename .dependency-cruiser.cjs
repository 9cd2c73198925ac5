/**
 * Holds the layout: data flows one way. A folder of src/ imports from itself, from the folders
 * before it in the flow, and from the shared ones; nothing imports the command line.
 */
const FLOW = [
  'imagenet',
  'pool',
  'layout',
  'sampling',
  'compose',
  'dataset',
  'metrics',
  'evaluate',
  'score',
  'report',
  'release',
];
const SHARED = ['recipe', 'image', 'files', 'parallel', 'random'];
const TOP = '(errors|progress|version)[.]ts$';

const before = (folder) => FLOW.slice(0, FLOW.indexOf(folder) + 1);
const inside = (folders) => `^src/(${folders.join('|')})/`;

module.exports = {
  forbidden: [
    { name: 'no-circular', severity: 'error', from: {}, to: { circular: true } },
    ...FLOW.map((folder) => ({
      name: `${folder}-looks-back`,
      severity: 'error',
      from: { path: inside([folder]) },
      to: { path: '^src/', pathNot: [inside([...before(folder), ...SHARED]), `^src/${TOP}`] },
    })),
    {
      name: 'shared-stays-below',
      severity: 'error',
      comment: 'What every stage uses knows none of the stages.',
      from: { path: inside(SHARED) },
      to: { path: '^src/', pathNot: [inside(SHARED), `^src/${TOP}`] },
    },
    {
      name: 'nobody-imports-the-command-line',
      severity: 'error',
      from: { pathNot: '^src/cli/' },
      to: { path: '^src/cli/' },
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
      from: { path: '^src/', pathNot: '^src/random/' },
      to: { path: 'node_modules/seedrandom/' },
    },
  ],
  options: {
    doNotFollow: { path: 'node_modules' },
    tsPreCompilationDeps: true,
    tsConfig: { fileName: 'tsconfig.json' },
    enhancedResolveOptions: {
      conditionNames: ['import', 'node', 'default'],
      extensions: ['.ts', '.cts', '.js'],
    },
  },
};
