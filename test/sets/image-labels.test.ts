import { describe, expect, it } from '@jest/globals';
import { parseImageLabelsCsv, parseImageLabelsJson } from '../../src/sets/image-labels.js';
import { thrownBy } from '../support/unit-errors.js';

const expected = [
  { file: 'a.jpg', labels: [1] },
  { file: 'b/c.png', labels: [0, 5] },
  { file: 'd', labels: [] },
];

const HOSTILE_NAMES = [
  '../a.jpg',
  'a/../../b',
  '/etc/passwd',
  'a\\b',
  'a//b',
  './a',
  '',
  'a\u0000',
];

describe('parseImageLabelsJson', () => {
  it.each([
    ['an object of files', { 'a.jpg': 1, 'b/c.png': [5, 'n01440764', 5], d: [] }],
    [
      'a list of files with labels',
      [
        { file: 'a.jpg', labels: 'n01443537' },
        { file: 'b/c.png', labels: ['5', 0], more: 'x' },
        { file: 'd', labels: [] },
      ],
    ],
  ])('reads %s', (_, json) => {
    expect(parseImageLabelsJson(json, 'l.json')).toEqual(expected);
  });

  it.each([...HOSTILE_NAMES, '\ud800'])('refuses the file name %j', (name) => {
    const error = { name: 'EvaluationError', code: 'labels-file-name', path: 'l.json' };
    expect(thrownBy(() => parseImageLabelsJson({ [name]: 1 }, 'l.json'))).toMatchObject(error);
  });

  it.each([1000, -1, 'tench', null, [null], [[1]], { a: 1 }])('refuses the label %j', (label) => {
    const json = [
      { file: 'a', labels: 1 },
      { file: 'b', labels: label },
    ];
    expect(thrownBy(() => parseImageLabelsJson(json, 'l.json'))).toMatchObject({
      code: 'labels-unknown-class',
      place: 'entry 1 (counted from 0)',
    });
  });

  it.each([[[5]], [[null]], [[{ labels: 1 }]], [[{ file: 5, labels: 1 }]]])(
    'refuses %j, in which no file is named',
    (json) => {
      expect(thrownBy(() => parseImageLabelsJson(json, 'l.json'))).toMatchObject({
        code: 'labels-file-name',
        place: 'entry 0 (counted from 0)',
      });
    },
  );

  it.each([[{}], [[]]])('refuses %j, which lists no image', (json) => {
    expect(thrownBy(() => parseImageLabelsJson(json, 'l.json'))).toMatchObject({
      code: 'labels-empty',
    });
  });

  it('takes a key that JavaScript has a meaning for as a file', () => {
    const json = JSON.parse('{"__proto__": 3, "constructor": 4}') as object;
    expect(parseImageLabelsJson(json, 'l.json')).toEqual([
      { file: '__proto__', labels: [3] },
      { file: 'constructor', labels: [4] },
    ]);
  });

  it.each([
    ['a.jpg', 'a.jpg'],
    ['a.jpg', 'a.PNG'],
    ['a.jpg', 'a'],
  ])('refuses %s beside %s: one image twice', (...files) => {
    const json = files.map((file) => ({ file, labels: 1 }));
    expect(thrownBy(() => parseImageLabelsJson(json, 'l.json'))).toMatchObject({
      code: 'labels-duplicate-file',
      message: expect.stringContaining(`"${files[1]}" is listed twice`) as unknown,
    });
  });
});

describe('parseImageLabelsCsv', () => {
  it.each([
    ['spaces', 'file,labels\na.jpg,1\nb/c.png,5 n01440764\nd,\n'],
    [
      'semicolons, CRLF and an empty line',
      'file,labels\r\na.jpg,1\r\n\r\nb/c.png,5;0 ; 5\r\nd,\r\n',
    ],
    ['quotes', 'file,labels\n"a.jpg","n01443537"\n"b/c.png","0 5"\n"d",""'],
  ])('reads labels separated by %s', (_, text) => {
    expect(parseImageLabelsCsv(text, 'l.csv')).toEqual(expected);
  });

  it.each(['a.jpg', 'a.jpg,1,2'])('refuses the row %j, which has not two columns', (row) => {
    expect(thrownBy(() => parseImageLabelsCsv(`file,labels\nb,1\n${row}`, 'l.csv'))).toMatchObject({
      code: 'labels-csv-columns',
      place: 'row 3',
    });
  });

  it.each(['1000', 'tench', '-1', '1.5', '1|2'])('refuses the label %s', (label) => {
    expect(thrownBy(() => parseImageLabelsCsv(`file,labels\na,${label}`, 'l.csv'))).toMatchObject({
      code: 'labels-unknown-class',
      place: 'row 2',
    });
  });

  it.each(['a,1\nb,2', 'File,Labels\na,1', 'ImageId,PredictionString\na,n01440764 1 2 3 4', 'x'])(
    'says of %j which forms are known',
    (text) => {
      expect(thrownBy(() => parseImageLabelsCsv(text, 'l.csv'))).toMatchObject({
        name: 'EvaluationError',
        code: 'labels-unknown-form',
        path: 'l.csv',
        fix: expect.stringMatching(/real\.json.*human_accuracy.*--originals/) as unknown,
      });
    },
  );

  it.each(['"a', `file,labels\na,"1`, `file,labels\na,${'1 '.repeat(600_000)}`])(
    'says that a file is no CSV',
    (text) => {
      expect(thrownBy(() => parseImageLabelsCsv(text, 'l.csv'))).toMatchObject({
        code: 'labels-not-csv',
      });
    },
  );
});
