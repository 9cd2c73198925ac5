import { digestOf, type HubAnswer, type HubRequest, type HubState } from './hub-server.js';

/** Larger files are sent in parts of this size, bytes. */
const PART_SIZE = 80_000;

/** Answers the calls by which large files are sent: Git LFS, with the Hub's own parts. */
export function routeLarge({ large, parts }: HubState, request: HubRequest): HubAnswer {
  const { method, path, body, origin } = request;
  if (path.endsWith('/batch')) {
    const { objects } = JSON.parse(String(body)) as { objects: LargeObject[] };
    const wanted = objects.map((object) =>
      large.has(object.oid) ? object : { ...object, actions: { upload: uploadOf(object, origin) } },
    );
    return { status: 200, body: { transfer: 'basic', objects: wanted } };
  }
  const [, oid = '', part] = /^\/lfs\/([0-9a-f]+)(?:\/(\d+))?$/.exec(path) ?? [];
  if (method === 'PUT' && part !== undefined) {
    parts.set(`${oid}/${part}`, body);
    return { status: 200, headers: { ETag: `"${part}"` } };
  }
  const whole = method === 'PUT' ? body : joinParts(oid, parts, body);
  if (digestOf(whole, 'sha256') !== oid) return { status: 400, body: { error: 'other bytes' } };
  large.set(oid, whole);
  return { status: 200 };
}

interface LargeObject {
  oid: string;
  size: number;
}

function uploadOf({ oid, size }: LargeObject, origin: string): Record<string, unknown> {
  const href = `${origin}/lfs/${oid}`;
  if (size <= PART_SIZE) return { href };
  const count = Math.ceil(size / PART_SIZE);
  const numbers = Array.from({ length: count }, (_, index) => String(index + 1).padStart(5, '0'));
  const addresses = numbers.map((number) => [number, `${href}/${Number(number)}`]);
  return { href, header: { chunk_size: String(PART_SIZE), ...Object.fromEntries(addresses) } };
}

function joinParts(oid: string, parts: HubState['parts'], body: Buffer): Buffer {
  const complete = JSON.parse(String(body)) as { parts: { partNumber: number; etag: string }[] };
  return Buffer.concat(
    complete.parts.map(({ partNumber, etag }) =>
      etag === `"${partNumber}"` ? parts.get(`${oid}/${partNumber}`)! : Buffer.from('no such part'),
    ),
  );
}
