import { randomUUID } from 'node:crypto';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { z } from 'zod';
import { digestOf } from '../../files/digest.js';
import { toJson } from '../../files/json.js';
import { writeWhole } from '../../files/output-file.js';
import { codecVersions } from '../../image/codecs.js';
import { onnxruntimeVersion } from '../../models/onnxruntime.js';
import { PATCHML_VERSION } from '../../version.js';
import {
  isRemote,
  openStorage,
  type Storage,
  STORAGE_FOLDER,
  type StorageOptions,
} from '../storage.js';

/** Whose pieces a worker does: those of its own code, in its own storage. */
export const versionsSchema = z.strictObject({
  patchml: z.string().max(100),
  /** A digest of all that turns files into pixels and back. */
  codecs: z.string().max(100),
  /** What runs models; a worker may lack it. */
  onnxruntime: z.string().max(100),
  /** Which storage it is, however each machine names it. */
  storage: z.string().max(300),
});

export type Versions = z.output<typeof versionsSchema>;

/** A storage and the versions of those who work in it. */
export interface Place {
  storage: Storage;
  versions: Versions;
}

/** Opens the storage at a root, for this machine's code. */
export async function openPlace(root: string, options: StorageOptions = {}): Promise<Place> {
  const storage = await openStorage(root, options);
  const versions = {
    patchml: PATCHML_VERSION,
    codecs: digestOf(await codecVersions()).slice(0, 16),
    onnxruntime: onnxruntimeVersion(),
    storage: await identify(storage),
  };
  return { storage, versions };
}

/** Pieces of other versions, or of another storage, wait in other queues. */
export function queueNameOf(versions: Versions): string {
  return `pieces-${digestOf(versions).slice(0, 16)}`;
}

/** Versions in a message. */
export function versionsText({ patchml, codecs, onnxruntime, storage }: Versions): string {
  return `patchml ${patchml}, codecs ${codecs}, onnxruntime ${onnxruntime}, storage ${storage}`;
}

/** The file with the id of a storage that is a folder: machines may have it at different paths. */
const ID_FILE = 'storage.json';

const idSchema = z.strictObject({ format: z.literal('patchml-storage'), id: z.uuid() });

/** The id of a storage: the same on every machine that has it. */
async function identify(storage: Storage): Promise<string> {
  if (isRemote(storage)) return storage.root;
  if (!(await storage.exists(STORAGE_FOLDER))) {
    const draft = await mkdtemp(join(tmpdir(), 'patchml-'));
    try {
      const own: z.output<typeof idSchema> = { format: 'patchml-storage', id: randomUUID() };
      await writeWhole(join(draft, ID_FILE), toJson(own));
      await storage.publish(draft, STORAGE_FOLDER); // of several at once, the first
    } finally {
      await rm(draft, { recursive: true, force: true });
    }
  }
  return readId(storage);
}

/** @throws TransferError, OutputError where the storage is not there, as where it is no longer mounted */
export async function readId(storage: Storage): Promise<string> {
  if (isRemote(storage)) return storage.root;
  const text = await readFile(join(await storage.fetch(STORAGE_FOLDER), ID_FILE), 'utf8');
  return idSchema.parse(JSON.parse(text)).id;
}
