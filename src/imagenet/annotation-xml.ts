import { XMLParser } from 'fast-xml-parser';
import { SyntaxValidator } from 'fast-xml-validator';
import { z } from 'zod';
import type { AnnotatedObject, Annotation, MalformedObject } from './annotation.js';

/** Real annotations are 1 KB; the largest has a few dozen objects. */
export const MAX_ANNOTATION_BYTES = 1 << 20;

const parser = new XMLParser({
  ignoreAttributes: true,
  ignoreDeclaration: true,
  ignorePiTags: true,
  processEntities: false,
  parseTagValue: false,
  isArray: (name) => name === 'object',
});

const text = z.string();
const schema = z.object({
  annotation: z.object({
    size: z.object({ width: text, height: text }).optional(),
    object: z.array(z.unknown()).default([]),
  }),
});
const objectSchema = z.object({
  name: text,
  bndbox: z.object({ xmin: text, ymin: text, xmax: text, ymax: text }),
});

const utf8 = new TextDecoder('utf-8', { fatal: true });

/**
 * Parses one ImageNet bounding-box XML. Its `<filename>` is not believed (it may be `%s`): the
 * image id is the XML's own name.
 * An object without one name and one box is noted as malformed; the others are read.
 * @throws Error with one line on what is wrong with the annotation
 */
export function parseAnnotationXml(imageId: string, bytes: Uint8Array): Annotation {
  if (bytes.length > MAX_ANNOTATION_BYTES) {
    throw new Error(`larger than ${MAX_ANNOTATION_BYTES} bytes`);
  }
  const { annotation } = parseFields(decodeText(bytes));
  const { size } = annotation;
  return {
    imageId,
    size: size ? [toNumber(size.width), toNumber(size.height)] : null,
    objects: annotation.object.map(toObject),
  };
}

function toObject(fields: unknown): AnnotatedObject | MalformedObject {
  const object = objectSchema.safeParse(fields);
  if (!object.success) return { problem: describeIssue('object', object.error) };
  const { name, bndbox } = object.data;
  const sides = [bndbox.xmin, bndbox.ymin, bndbox.xmax, bndbox.ymax] as const;
  const [xmin, ymin, xmax, ymax] = sides.map(toNumber);
  return { wnid: name, box: [xmin!, ymin!, xmax!, ymax!] };
}

function describeIssue(element: string, error: z.ZodError): string {
  const { path, message } = error.issues[0]!;
  return `<${[element, ...path.map(String)].join('.')}>: ${message}`;
}

function decodeText(bytes: Uint8Array): string {
  let text: string;
  try {
    text = utf8.decode(bytes);
  } catch {
    throw new Error('not UTF-8');
  }
  if (text.includes('\0')) throw new Error('not UTF-8 text');
  if (text.includes('<!DOCTYPE') || text.includes('<!ENTITY')) {
    throw new Error('document types and entities are not accepted');
  }
  return text;
}

function parseFields(text: string): z.output<typeof schema> {
  let tree: unknown;
  try {
    tree = parser.parse(text); // refuses deep nesting, so it comes first
    SyntaxValidator.validate(text);
  } catch (error) {
    throw new Error(`not well-formed XML: ${firstLine(error)}`, { cause: error });
  }
  const fields = schema.safeParse(tree);
  if (fields.success) return fields.data;
  const { path, message } = fields.error.issues[0]!;
  throw new Error(`<${path.map(String).join('.')}>: ${message}`);
}

/** A number as XML has it; NaN for anything that is none, which makes the box degenerate. */
function toNumber(digits: string): number {
  return digits.trim() === '' ? NaN : Number(digits);
}

function firstLine(error: unknown): string {
  const line = error instanceof Error ? error.message.split('\n')[0]! : String(error);
  return line.length > 160 ? `${line.slice(0, 160)}...` : line;
}
