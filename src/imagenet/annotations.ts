import { createReadStream } from 'node:fs';
import { stat } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { createGunzip } from 'node:zlib';
import { AnnotationError } from '../errors.js';
import { digestOf } from '../files/digest.js';
import { explainError } from '../files/file-errors.js';
import { byteOrder, isHidden, listFiles } from '../files/listing.js';
import { readRegularFileSync, requireRegularFile } from '../files/read-file.js';
import { tarMembers } from '../files/tar.js';
import { readAnnotationCsv } from './annotation-csv.js';
import { MAX_ANNOTATION_BYTES, parseAnnotationXml } from './annotation-xml.js';
import { type Annotation, isImageId, type MalformedAnnotation } from './annotation.js';

/** Annotations in byte order of their image ids, wherever they came from. */
export interface AnnotationSource {
  /** How many there are; 0 while it is not known. */
  total: number;
  /** Changes when the files do: names, sizes and times, for a cache's key. */
  fingerprint: string;
  /** How many were skipped, as their name or a folder's begins with a dot; once they are read. */
  hidden(): number;
  read():
    Iterable<Annotation | MalformedAnnotation> | AsyncIterable<Annotation | MalformedAnnotation>;
}

/**
 * Opens annotations: a folder of XML (flat or in folders), a `LOC_*_solution.csv`, or a `.tgz` or
 * `.tar` of XML, which is read without unpacking.
 * @throws AnnotationError where there are none at the path; OutputError where it cannot be read
 */
export async function openAnnotations(path: string): Promise<AnnotationSource> {
  try {
    const info = await stat(path);
    if (info.isDirectory()) return noteRepeats(await openFolder(path));
    const fingerprint = digestOf([basename(path), info.size, info.mtimeMs]);
    await requireRegularFile(path);
    if (path.endsWith('.csv'))
      return noteRepeats(
        fromMemory(fingerprint, async () => {
          const rows = await readAnnotationCsv(path);
          if (rows.length === 0) throw noneIn(path, 'this CSV has no rows');
          return rows;
        }),
      );
    if (/\.(tgz|tar\.gz|tar)$/.test(path))
      return noteRepeats(fromMemory(fingerprint, (hide) => readArchive(path, hide)));
  } catch (error) {
    throw explainError(error);
  }
  throw new AnnotationError('this is not a folder, CSV or archive of annotations', {
    code: 'annotations-unknown-form',
    path,
    fix: 'pass a folder of XML, a LOC_*_solution.csv, or a .tgz of XML',
  });
}

async function openFolder(folder: string): Promise<AnnotationSource> {
  const all = await listFiles(folder, (name) => name.endsWith('.xml'), { follow: true });
  const files = all.filter(({ path }) => !isHidden(path));
  if (files.length === 0) {
    throw noneIn(folder, 'there is no .xml file in this folder or its subfolders');
  }
  files.sort((a, b) => byteOrder(idOf(a.path), idOf(b.path)));
  return {
    total: files.length,
    hidden: () => all.length - files.length,
    fingerprint: digestOf(files.map(({ path, size, modified }) => [path, size, modified])),
    *read() {
      for (const { path, size } of files) {
        if (size < 0)
          yield { imageId: idOf(path), problem: 'not a regular file, or a broken link' };
        else if (size > MAX_ANNOTATION_BYTES) {
          yield { imageId: idOf(path), problem: `larger than ${MAX_ANNOTATION_BYTES} bytes` };
        } else {
          const limits = { maxBytes: MAX_ANNOTATION_BYTES };
          yield parse(idOf(path), readRegularFileSync(join(folder, path), limits));
        }
      }
    },
  };
}

/** The first annotation of an image counts; another would make patch ids stand for two patches. */
function noteRepeats(source: AnnotationSource): AnnotationSource {
  return {
    ...source,
    async *read() {
      let last: string | undefined;
      for await (const annotation of source.read()) {
        const { imageId } = annotation;
        yield imageId === last
          ? { imageId, problem: 'a second annotation of this image' }
          : annotation;
        last = imageId;
      }
    },
  };
}

function fromMemory(
  fingerprint: string,
  readAll: (hide: () => void) => Promise<(Annotation | MalformedAnnotation)[]>,
): AnnotationSource {
  let hidden = 0;
  return {
    total: 0,
    fingerprint,
    hidden: () => hidden,
    async *read() {
      hidden = 0;
      const all = await readAll(() => (hidden += 1));
      yield* all.sort((a, b) => byteOrder(a.imageId, b.imageId));
    },
  };
}

/** All that an archive holds is kept at once: ImageNet's train set has half a million. */
const MAX_ARCHIVED = 2 ** 20;
const MAX_ARCHIVED_BYTES = 2 ** 29;

async function readArchive(
  path: string,
  hide: () => void,
): Promise<(Annotation | MalformedAnnotation)[]> {
  const file = createReadStream(path, { highWaterMark: 1 << 20 });
  const stream = path.endsWith('.tar') ? file : file.pipe(createGunzip());
  file.on('error', (error) => stream.destroy(error));
  const annotations: (Annotation | MalformedAnnotation)[] = [];
  let bytes = 0;
  try {
    for await (const { name, size, body } of tarMembers(stream)) {
      if (!name.endsWith('.xml')) continue;
      if (isHidden(name)) {
        hide();
        continue;
      }
      const imageId = idOf(name);
      bytes += Math.min(size, MAX_ANNOTATION_BYTES);
      if (annotations.length >= MAX_ARCHIVED || bytes > MAX_ARCHIVED_BYTES) throw tooMany(path);
      if (size > MAX_ANNOTATION_BYTES) {
        annotations.push({ imageId, problem: `larger than ${MAX_ANNOTATION_BYTES} bytes` });
      } else annotations.push(parse(imageId, await body()));
    }
  } catch (cause) {
    if (cause instanceof AnnotationError) throw cause;
    throw new AnnotationError(`the archive cannot be read: ${(cause as Error).message}`, {
      code: 'annotations-corrupt-archive',
      path,
      fix: 'download it again',
      cause,
    });
  }
  if (annotations.length === 0) throw noneIn(path, 'there is no .xml file in this archive');
  return annotations;
}

function noneIn(path: string, problem: string): AnnotationError {
  return new AnnotationError(problem, {
    code: 'annotations-none',
    path,
    fix: 'check --annotations',
  });
}

function parse(imageId: string, bytes: Uint8Array): Annotation | MalformedAnnotation {
  if (!isImageId(imageId)) return { imageId, problem: 'its name cannot be an image id' };
  try {
    return parseAnnotationXml(imageId, bytes);
  } catch (error) {
    return { imageId, problem: (error as Error).message };
  }
}

function idOf(path: string): string {
  return path.slice(path.lastIndexOf('/') + 1).replace(/\.xml$/, '');
}

function tooMany(path: string): AnnotationError {
  return new AnnotationError('it holds more annotations than fit in memory', {
    code: 'annotations-too-many',
    path,
    fix: 'unpack it: the files of a folder are read one at a time',
  });
}
