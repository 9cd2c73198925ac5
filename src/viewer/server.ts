import { createHash } from 'node:crypto';
import { extname } from 'node:path';
import { type Context, Hono } from 'hono';
import { messageOf, PatchmlError } from '../errors.js';
import { type Collections, compareVersions, rankingOf, resultsOf } from './collections.js';
import { type Door, headersFor, refusalOf } from './door.js';
import { openThumbnails } from './thumbnails.js';
import type { ViewedModel, ViewedSet } from './viewed-set.js';

/**
 * What the viewer answers. It changes nothing, and shows nothing but the page and what was opened:
 * no path of a file ever comes from a request.
 * @param page the page, an HTML file with its script and style in it
 */
export function viewerApp({ overview, sets }: Collections, page: string, door: Door): Hono {
  const app = new Hono();
  const thumbnails = openThumbnails();
  app.use(headersFor(digests(page, 'script'), digests(page, 'style')));
  app.use(async (context, next) => refusalOf(context, door) ?? next());

  app.get('/', (context) => context.html(page));
  app.get('/api/overview', (context) => context.json(overview));
  app.get('/api/sets/:set/index', (context) => {
    const set = setOf(context, sets);
    return set ? context.body(bytesOf(set.columns.index()), 200, JSON_TYPE) : context.notFound();
  });
  app.get('/api/sets/:set/models/:model', async (context) => {
    const model = modelOf(context);
    return model ? context.json(await resultsOf(model)) : context.notFound();
  });
  app.get('/api/sets/:set/models/:model/images/:image', async (context) => {
    const model = modelOf(context);
    const image = imageOf(context, setOf(context, sets));
    if (!model || image === undefined) return context.notFound();
    return context.json(await rankingOf(model, image));
  });
  app.get('/api/sets/:set/versus/:other', (context) => {
    const set = setOf(context, sets);
    const other = sets.get(context.req.param('other'));
    return set && other ? context.json(compareVersions(set, other)) : context.notFound();
  });
  app.get('/api/sets/:set/images/:image', (context) => {
    const set = setOf(context, sets);
    const image = imageOf(context, set);
    if (!set || image === undefined) return context.notFound();
    return context.json(set.columns.detailOf(image));
  });
  app.get('/api/sets/:set/images/:image/thumbnail', async (context) => {
    const set = setOf(context, sets);
    const image = imageOf(context, set);
    const read = set?.readPixels;
    if (!read || image === undefined) return context.notFound();
    const name = JSON.stringify([context.req.param('set'), image]);
    const thumbnail = await thumbnails.get(name, () => read(image), context.req.raw.signal);
    return thumbnail ? picture(thumbnail, '.jpg') : context.body(null, 499 as never);
  });
  app.get('/api/sets/:set/images/:image/picture', async (context) => {
    const set = setOf(context, sets);
    const image = imageOf(context, set);
    if (!set || image === undefined) return context.notFound();
    const type = extname(set.columns.fileOf(image) ?? '').toLowerCase();
    if (set.readFile && type in TYPES) return picture(await set.readFile(image), type);
    return context.notFound();
  });

  app.notFound((context) => context.text('There is nothing here.', 404));
  app.onError((error, context) =>
    error instanceof PatchmlError
      ? context.json({ message: messageOf(error), code: error.code }, 422)
      : context.text('This failed unexpectedly.', 500),
  );
  return app;

  function modelOf(context: Context): ViewedModel | undefined {
    const summary = overview.sets.find(({ key }) => key === context.req.param('set'));
    const at = summary?.models.findIndex(({ key }) => key === context.req.param('model')) ?? -1;
    return setOf(context, sets)?.models[at];
  }
}

/** The digests by which a page's own scripts or styles are let run. */
function digests(page: string, tag: string): string[] {
  return [...page.matchAll(new RegExp(`<${tag}[^>]*>([^]*?)</${tag}>`, 'g'))].map(
    ([, text]) => `'sha256-${createHash('sha256').update(text!).digest('base64')}'`,
  );
}

function setOf(context: Context, sets: Collections['sets']): ViewedSet | undefined {
  return sets.get(context.req.param('set') ?? '');
}

function imageOf(context: Context, set: ViewedSet | undefined): number | undefined {
  const text = context.req.param('image') ?? '';
  const image = /^\d{1,8}$/.test(text) ? Number(text) : NaN;
  return set && image < set.columns.images ? image : undefined;
}

const JSON_TYPE = { 'content-type': 'application/json' };

/** A long text, made as it is sent. */
function bytesOf(pieces: Iterable<string>): ReadableStream<Uint8Array> {
  return ReadableStream.from(pieces).pipeThrough(new TextEncoderStream());
}

/** The formats of pictures that are sent. */
const TYPES: Record<string, string> = {
  '.png': 'image/png',
  '.jpg': 'image/jpeg',
  '.jpeg': 'image/jpeg',
  '.webp': 'image/webp',
};

function picture(bytes: Buffer, extension: string): Response {
  const headers = { 'content-type': TYPES[extension]!, 'cache-control': 'private, max-age=3600' };
  return new Response(new Uint8Array(bytes), { headers });
}
