import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { MAX_ANNOTATION_BYTES, parseAnnotationXml } from '../../src/imagenet/annotation-xml.js';
import type { Annotation } from '../../src/imagenet/annotation.js';
import { annotationXml } from '../support/unit-annotations.js';
import { thrownBy } from '../support/unit-errors.js';

const REAL = '../shared/imagenet-val/Annotations/CLS-LOC/val';

function parse(xml: string | Uint8Array): Annotation {
  return parseAnnotationXml('img', typeof xml === 'string' ? Buffer.from(xml) : xml);
}

/** What is said of an XML that is refused: one line, and no more than a screen's width or two. */
function refusalOf(xml: string | Uint8Array): string {
  const error = thrownBy(() => parse(xml)) as Error;
  expect(error).toBeInstanceOf(Error);
  expect(error.message.split('\n')).toHaveLength(1);
  expect(error.message.length).toBeLessThan(250);
  return error.message;
}

const wrapped = (inside: string): string => `<annotation>${inside}</annotation>`;
const BOX = '<bndbox><xmin>1</xmin><ymin>2</ymin><xmax>3</xmax><ymax>4</ymax></bndbox>';
const OBJECT = `<object><name>n01440764</name>${BOX}</object>`;

describe("parseAnnotationXml on ImageNet's form", () => {
  it('reads the size, and of each object its synset and its box as it stands', () => {
    const xml = annotationXml([
      ['n01440764', 1, 2, 30, 40],
      ['n01443537', 5, 6, 7, 8],
    ]);
    expect(parse(xml)).toEqual({
      imageId: 'img',
      size: [500, 375],
      objects: [
        { wnid: 'n01440764', box: [1, 2, 30, 40] },
        { wnid: 'n01443537', box: [5, 6, 7, 8] },
      ],
    });
  });

  it('goes by its own name, whatever <filename> says', () => {
    const named = ['%s', '../../etc/passwd', ''].map((name) =>
      parse(annotationXml([], [1, 1], name)),
    );
    expect(named.map(({ imageId }) => imageId)).toEqual(['img', 'img', 'img']);
  });

  it('reads an annotation without objects or without a size', () => {
    expect(parse(annotationXml([])).objects).toEqual([]);
    expect(parse(annotationXml([], null)).size).toBeNull();
  });

  it('keeps a name that is no synset: the index counts it', () => {
    const xml = annotationXml([['Scottish_deerhound', 1, 2, 3, 4]]);
    expect(parse(xml).objects).toMatchObject([{ wnid: 'Scottish_deerhound' }]);
  });

  it('takes numbers as they stand, and NaN for what is none', () => {
    const xml = annotationXml([['n01440764', '-4', ' 7 ', '1e3', 'many']]);
    expect(parse(xml).objects).toMatchObject([{ box: [-4, 7, 1000, NaN] }]);
    const empty = annotationXml([['n01440764', '', 'NaN', 1, 2]]);
    expect(parse(empty).objects).toMatchObject([{ box: [NaN, NaN, 1, 2] }]);
  });

  it.each([
    ['a declaration', `<?xml version="1.0" encoding="UTF-8"?>\n${wrapped(OBJECT)}`],
    ['a byte order mark', `\ufeff${wrapped(OBJECT)}`],
    ['a comment', wrapped(`<!-- <object> -->${OBJECT}`)],
    ['attributes', `<annotation verified="yes">${OBJECT}</annotation>`],
    ['CRLF', wrapped(OBJECT).replaceAll('><', '>\r\n<')],
  ])('reads past %s', (_, xml) => {
    expect(parse(xml).objects).toEqual([{ wnid: 'n01440764', box: [1, 2, 3, 4] }]);
  });

  const real = existsSync(REAL) ? it : it.skip;
  real('reads every real annotation to the number (needs ../shared)', () => {
    const files = readdirSync(REAL);
    expect(files.length).toBeGreaterThanOrEqual(300);
    for (const file of files) {
      const bytes = readFileSync(join(REAL, file));
      // the form is so even that its numbers can be read off without a parser
      const numbers = [...bytes.toString().matchAll(/<(?:[xy]m(?:in|ax)|width|height)>(\d+)</g)];
      const { size, objects: found } = parse(bytes);
      const objects = found.map((object) => {
        if ('problem' in object) throw new Error(`${file}: ${object.problem}`);
        return object;
      });
      const read = [...size!, ...objects.flatMap(({ box }) => box)];
      expect(read).toEqual(numbers.map(([, digits]) => Number(digits)));
      expect(objects.every(({ wnid }) => /^n\d{8}$/.test(wnid))).toBe(true);
    }
  });
});

describe('parseAnnotationXml on bad input', () => {
  it.each([
    ['nothing', '', /not well-formed/],
    ['text', 'hello', /not well-formed/],
    ['a picture', Buffer.from([0xff, 0xd8, 0xff, 0xe0]), /not UTF-8/],
    ['an open tag', '<annotation><object>', /not well-formed/],
    ['tags that cross', '<annotation><a></annotation></a>', /not well-formed/],
    ['text behind the end', `${wrapped(OBJECT)}more`, /not well-formed/],
    ['a cut-off file', annotationXml([['n01440764', 1, 2, 3, 4]]).slice(0, 400), /not well-formed/],
    ['another document', '<html></html>', /<annotation>/],
    ['two annotations', wrapped('') + wrapped(OBJECT), /<annotation>|not well-formed/],
    ['UTF-16', Buffer.from(`\ufeff${wrapped(OBJECT)}`, 'utf16le'), /not UTF-8/],
    ['UTF-16 without its mark', Buffer.from(wrapped(OBJECT), 'utf16le'), /not UTF-8/],
    ['Latin-1', Buffer.from(wrapped('<folder>é</folder>'), 'latin1'), /not UTF-8/],
    ['a NUL', wrapped('<folder>\0</folder>'), /not UTF-8/],
  ])('refuses %s', (_, xml, problem) => {
    expect(refusalOf(xml)).toMatch(problem);
  });

  it('names the field of the size that is not there', () => {
    expect(refusalOf(wrapped('<size><height>3</height></size>'))).toMatch(/size\.width/);
  });

  it.each([
    ['without a name', `<object>${BOX}</object>`, 'object.name'],
    ['with two names', OBJECT.replace('<bndbox>', '<name>n01443537</name><bndbox>'), 'object.name'],
    ['without a box', '<object><name>n01440764</name></object>', 'object.bndbox'],
    [
      'with a polygon',
      '<object><name>n01440764</name><polygon><x1>1</x1></polygon></object>',
      'object.bndbox',
    ],
    ['with two boxes', OBJECT.replace(BOX, BOX + BOX), 'object.bndbox'],
    ['without a side of its box', OBJECT.replace('<xmax>3</xmax>', ''), 'object.bndbox.xmax'],
    [
      'with a side twice',
      OBJECT.replace('<xmin>1</xmin>', '<xmin>1</xmin><xmin>2</xmin>'),
      'object.bndbox.xmin',
    ],
    [
      'with a side that holds others',
      OBJECT.replace('<xmin>1</xmin>', '<xmin><a>1</a></xmin>'),
      'object.bndbox.xmin',
    ],
    ['that is text', '<object>banana</object>', 'object'],
    ['that is empty', '<object/>', 'object'],
  ])(
    'notes an object %s as malformed, and keeps its neighbours and their numbers',
    (_, odd, place) => {
      const good = { wnid: 'n01440764', box: [1, 2, 3, 4] };
      const problem = expect.stringMatching(`^<${place}>: .`) as unknown;
      expect(parse(wrapped(OBJECT + odd + OBJECT)).objects).toEqual([good, { problem }, good]);
      expect(parse(wrapped(odd)).objects).toEqual([{ problem }]);
    },
  );

  it.each([
    ['an entity bomb', entityBomb()],
    [
      'an external entity',
      `<!DOCTYPE a [<!ENTITY x SYSTEM "file:///etc/passwd">]>${wrapped('<folder>&x;</folder>')}`,
    ],
    ['an external document type', `<!DOCTYPE a SYSTEM "http://127.0.0.1/a.dtd">${wrapped(OBJECT)}`],
    ['an empty document type', `<!DOCTYPE annotation>${wrapped(OBJECT)}`],
  ])('refuses %s unread', (_, xml) => {
    expect(refusalOf(xml)).toBe('document types and entities are not accepted');
  });

  it('resolves no entity, not even those of XML itself', () => {
    const xml = wrapped(OBJECT.replace('n01440764', '&lt;n01440764'));
    expect(parse(xml).objects).toMatchObject([{ wnid: '&lt;n01440764' }]);
  });

  it.each(['annotation', 'object', 'a'])('refuses 20,000 <%s> one in the other', (tag) => {
    const deep = `<${tag}>`.repeat(20_000) + `</${tag}>`.repeat(20_000);
    expect(refusalOf(deep)).toMatch(/not well-formed/);
    expect(refusalOf(`<${tag}>`.repeat(80_000))).toMatch(/not well-formed/);
  });

  it.each(['__proto__', 'constructor', 'prototype'])('refuses a field named %s', (name) => {
    expect(refusalOf(wrapped(`<${name}><size>1</size></${name}>`))).toMatch(/not well-formed/);
    expect(({} as { size?: unknown }).size).toBeUndefined();
  });

  it('refuses 2 MB, whatever they hold', () => {
    expect(refusalOf(Buffer.alloc(2 << 20, ' '))).toBe('larger than 1048576 bytes');
    const padded = wrapped(OBJECT).padEnd(MAX_ANNOTATION_BYTES);
    expect(parse(padded).objects).toHaveLength(1);
    expect(refusalOf(`${padded} `)).toMatch(/larger than/);
  });

  it.each(['<', '<!--', '<![CDATA[', '<?', '&', '</a>', '<a ', '<a b="'])(
    'refuses a megabyte of %s',
    (piece) => {
      const xml = piece.repeat(Math.floor((MAX_ANNOTATION_BYTES - 30) / piece.length));
      expect(refusalOf(xml)).toMatch(/not well-formed/);
      refusalOf(`<annotation>${xml}</annotation>`.slice(0, MAX_ANNOTATION_BYTES));
    },
  );

  it('gives an annotation or says one line, for XML with pieces cut out, doubled and swapped', () => {
    const pieces = annotationXml([['n01440764', 1, 2, 3, 4]]).split(/(?=<)/);
    const at = fc.nat(pieces.length - 1);
    fc.assert(
      fc.property(fc.array(fc.tuple(at, at, at), { maxLength: 4 }), (changes) => {
        const changed = [...pieces];
        for (const [from, to, doubled] of changes) {
          [changed[from], changed[to]] = [changed[to]!, changed[from]!];
          if (doubled % 2 === 0) changed.splice(doubled, 1, '');
          else changed[doubled] = changed[doubled]!.repeat(2);
        }
        const xml = changed.join('');
        try {
          expect(parse(xml).imageId).toBe('img');
        } catch {
          refusalOf(xml);
        }
      }),
    );
  });
});

/** "Billion laughs": ten levels of entities, each ten times the one before. */
function entityBomb(): string {
  const levels = Array.from({ length: 10 }, (_, level) => {
    const value = level === 0 ? 'ha' : `&e${level - 1};`.repeat(10);
    return `<!ENTITY e${level} "${value}">`;
  });
  return `<?xml version="1.0"?><!DOCTYPE a [${levels.join('')}]>${wrapped('<folder>&e9;</folder>')}`;
}
