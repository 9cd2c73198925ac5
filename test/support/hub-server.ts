import { createHash } from 'node:crypto';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

/** A file in a repository: in git, or beside it by its SHA-256. */
export interface HubFile {
  content: Buffer;
  isLarge: boolean;
}

interface HubRepo {
  isPrivate: boolean;
  /** The last is what `main` points to. */
  commits: { oid: string; files: Map<string, HubFile> }[];
  tags: Map<string, string>;
}

/** What the Hub holds. */
export interface HubState {
  repos: Map<string, HubRepo>;
  /** Large files by SHA-256, committed or not. */
  large: Map<string, Buffer>;
  /** Parts of large files that are not complete, by SHA-256 and number. */
  parts: Map<string, Buffer>;
}

interface HubRequest {
  method: string;
  path: string;
  query: URLSearchParams;
  headers: IncomingMessage['headers'];
  /** Where the client reaches the Hub: for the addresses in answers. */
  origin: string;
  body: Buffer;
}

interface HubAnswer {
  status: number;
  headers?: Record<string, string>;
  /** Bytes as they are, anything else as JSON. */
  body?: unknown;
}

/** The token that the server takes. */
export const HUB_TOKEN = 'hf_theTokenThatMayWrite';

/** A small Hub on the loopback: repositories, commits, LFS, tags, downloads. */
export async function startHubServer(): Promise<{
  port: number;
  state: HubState;
  close: () => Promise<void>;
}> {
  const state: HubState = { repos: new Map(), large: new Map(), parts: new Map() };
  const server = createServer((incoming, answer) => {
    handle(state, incoming, answer).catch((error: unknown) => {
      answer.writeHead(500).end(String(error));
    });
  });
  server.listen(0, '127.0.0.1');
  await new Promise((resolve) => server.once('listening', resolve));
  return {
    port: (server.address() as AddressInfo).port,
    state,
    async close() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

async function handle(
  state: HubState,
  incoming: IncomingMessage,
  answer: ServerResponse,
): Promise<void> {
  const pieces: Buffer[] = [];
  for await (const piece of incoming as AsyncIterable<Buffer>) pieces.push(piece);
  const origin = `http://${incoming.headers.host!}`;
  const { pathname, searchParams } = new URL(incoming.url!, origin);
  const { status, headers, body } = routeHub(state, {
    method: incoming.method!,
    path: decodeURIComponent(pathname),
    query: searchParams,
    headers: incoming.headers,
    origin,
    body: Buffer.concat(pieces),
  });
  const isRaw = body === undefined || body instanceof Uint8Array;
  answer.writeHead(status, { ...(!isRaw && { 'Content-Type': 'application/json' }), ...headers });
  answer.end(isRaw ? body : JSON.stringify(body));
}

/** SHA-256 of bytes, or the digest by which git names them. */
function digestOf(content: Buffer, kind: 'sha256' | 'git'): string {
  if (kind === 'sha256') return createHash('sha256').update(content).digest('hex');
  return createHash('sha1').update(`blob ${content.length}\0`).update(content).digest('hex');
}

/** Entries of a page of a listing: few, so that there are several. */
const PAGE = 3;

/** Answers a request as the Hub does, as far as its official client asks. */
function routeHub(state: HubState, request: HubRequest): HubAnswer {
  const { method, path, headers, body } = request;
  const upload = path.startsWith('/lfs/');
  const isWrite = method !== 'GET' && !upload;
  // the real Hub does not repeat the token; one that did must not make us print it
  const refused = { status: 401, body: { error: `Invalid token ${headers.authorization ?? ''}` } };
  const isKnown = headers.authorization === `Bearer ${HUB_TOKEN}`;
  if ((isWrite || headers.authorization !== undefined) && !isKnown) return refused;
  if (upload || path.endsWith('.git/info/lfs/objects/batch')) return routeLarge(state, request);
  if (path === '/api/repos/create') return createRepo(state, JSON.parse(String(body)) as NewRepo);
  const [, name = '', call = '', rest = ''] =
    /^(?:\/api)?\/datasets\/([^/]+\/[^/]+)\/([^/]+)\/(.+)$/.exec(path) ?? [];
  const repo = state.repos.get(name);
  if (repo === undefined || (repo.isPrivate && !isKnown)) return notFound('RepoNotFound');
  if (method === 'POST') {
    if (call === 'preupload') return preupload(request);
    if (call === 'commit') return commit(state, repo, request);
    if (call === 'tag') return createTag(repo, rest, request);
  }
  const [revision = '', ...parts] = rest.split('/');
  const found = findCommit(repo, revision);
  if (found === undefined) return notFound('RevisionNotFound');
  if (call === 'revision') return { status: 200, body: infoOf(name, repo, found.oid) };
  if (call === 'tree') return listTree(found.files, request);
  if (call === 'resolve') return download(found.files.get(parts.join('/')), request);
  return notFound('Unknown');
}

interface NewRepo {
  name: string;
  organization: string;
  visibility?: string;
}

function createRepo({ repos }: HubState, { name, organization, visibility }: NewRepo): HubAnswer {
  const id = `${organization}/${name}`;
  if (repos.has(id)) return { status: 409, body: { error: 'You already created this' } };
  const repo = { isPrivate: visibility === 'private', commits: [], tags: new Map() };
  repos.set(id, repo);
  addCommit(repo, new Map([['.gitattributes', { content: Buffer.from('*.png'), isLarge: false }]]));
  return { status: 200, body: { url: `/datasets/${id}`, id } };
}

function preupload({ body }: HubRequest): HubAnswer {
  const { files } = JSON.parse(String(body)) as { files: { path: string; size: number }[] };
  const modes = files.map(({ path, size }) => ({
    path,
    uploadMode: path.endsWith('.png') || size > 1_000_000 ? 'lfs' : 'regular',
  }));
  return { status: 200, body: { files: modes } };
}

interface CommitLine {
  key: 'header' | 'file' | 'lfsFile' | 'deletedFile';
  value: { parentCommit?: string; path: string; content: string; oid: string };
}

function commit({ large }: HubState, repo: HubRepo, { body }: HubRequest): HubAnswer {
  const lines = String(body).split('\n');
  const [head, ...changes] = lines.map((line) => JSON.parse(line) as CommitLine);
  const last = repo.commits.at(-1)!;
  if (head!.value.parentCommit !== last.oid) {
    return { status: 412, body: { error: 'A commit has happened since. Please refresh.' } };
  }
  const files = new Map(last.files);
  for (const { key, value } of changes) {
    if (key === 'deletedFile') files.delete(value.path);
    else if (key === 'file') {
      files.set(value.path, { content: Buffer.from(value.content, 'base64'), isLarge: false });
    } else {
      const content = large.get(value.oid);
      if (content === undefined) return { status: 400, body: { error: 'LFS object missing' } };
      files.set(value.path, { content, isLarge: true });
    }
  }
  const oid = addCommit(repo, files);
  return { status: 200, body: { commitOid: oid, commitUrl: oid, hookOutput: '', success: true } };
}

function addCommit({ commits }: HubRepo, files: Map<string, HubFile>): string {
  const oid = createHash('sha1').update(`commit ${commits.length}`).digest('hex');
  commits.push({ oid, files });
  return oid;
}

function createTag(repo: HubRepo, revision: string, { body }: HubRequest): HubAnswer {
  const { tag } = JSON.parse(String(body)) as { tag: string };
  if (repo.tags.has(tag)) return { status: 409, body: { error: 'Tag reference exists already' } };
  repo.tags.set(tag, findCommit(repo, revision)!.oid);
  return { status: 200 };
}

function findCommit(
  { commits, tags }: HubRepo,
  revision: string,
): HubRepo['commits'][0] | undefined {
  if (revision === 'main' || revision === 'HEAD') return commits.at(-1);
  return commits.find(({ oid }) => oid === (tags.get(revision) ?? revision));
}

function infoOf(id: string, { isPrivate }: HubRepo, sha: string): Record<string, unknown> {
  const lastModified = '2024-01-01T00:00:00.000Z';
  return {
    _id: '1',
    id,
    private: isPrivate,
    sha,
    downloads: 0,
    likes: 0,
    gated: false,
    lastModified,
  };
}

function listTree(files: Map<string, HubFile>, { path, query, origin }: HubRequest): HubAnswer {
  const from = Number(query.get('cursor') ?? 0);
  const entries = [...files].map(([path, { content, isLarge }]) => {
    const large = { oid: digestOf(content, 'sha256'), size: content.length, pointerSize: 130 };
    const oid = digestOf(isLarge ? Buffer.from(large.oid) : content, 'git');
    return { type: 'file', path, oid, size: content.length, ...(isLarge && { lfs: large }) };
  });
  const next = `<${origin}${path}?recursive=true&expand=false&cursor=${from + PAGE}>; rel="next"`;
  const link = from + PAGE < entries.length ? { Link: next } : {};
  return { status: 200, headers: link, body: entries.slice(from, from + PAGE) };
}

function download(file: HubFile | undefined, { headers }: HubRequest): HubAnswer {
  if (file === undefined) return notFound('EntryNotFound');
  const { content } = file;
  const [, from, to] = /^bytes=(\d+)-(\d+)$/.exec(headers.range ?? '') ?? [];
  const etag = { ETag: `"${digestOf(content, file.isLarge ? 'sha256' : 'git')}"` };
  if (from === undefined) return { status: 200, headers: etag, body: content };
  const range = `bytes ${from}-${to!}/${content.length}`;
  const part = content.subarray(Number(from), Number(to) + 1);
  return { status: 206, headers: { ...etag, 'Content-Range': range }, body: part };
}

function notFound(code: string): HubAnswer {
  return { status: 404, headers: { 'X-Error-Code': code }, body: { error: code } };
}

/** Larger files are sent in parts of this size, bytes. */
const PART_SIZE = 80_000;

/** Answers the calls by which large files are sent: Git LFS, with the Hub's own parts. */
function routeLarge({ large, parts }: HubState, request: HubRequest): HubAnswer {
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
