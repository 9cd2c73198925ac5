import { createHash, randomBytes, timingSafeEqual } from 'node:crypto';
import { extname } from 'node:path';
import { type Context, Hono } from 'hono';
import { getCookie, setCookie } from 'hono/cookie';
import { secureHeaders } from 'hono/secure-headers';
import { messageOf, PatchmlError } from '../errors.js';
import {
  type Collections,
  compareVersions,
  detailOf,
  indexOf,
  rankingOf,
  resultsOf,
} from './collections.js';
import { openThumbnails } from './thumbnails.js';
import type { ViewedModel, ViewedSet } from './viewed-set.js';

/** Whom a viewer answers. */
export interface Door {
  port: number;
  /** In the address that is printed; the page's own requests then carry it in a cookie. */
  token: string;
}

/** A token that nobody can guess. It reaches no output. */
export function newToken(): string {
  return randomBytes(24).toString('base64url');
}

/**
 * What the viewer answers. It changes nothing, and shows nothing but the page and what was opened:
 * no path of a file ever comes from a request.
 * @param page the page, an HTML file with its script and style in it
 */
export function viewerApp({ overview, sets }: Collections, page: string, door: Door): Hono {
  const app = new Hono();
  const thumbnails = openThumbnails();
  app.use(headersFor(page));
  app.use(async (context, next) => refusalOf(context, door) ?? next());

  app.get('/', (context) => context.html(page));
  app.get('/api/overview', (context) => context.json(overview));
  app.get('/api/sets/:set/index', (context) => {
    const set = setOf(context, sets);
    return set ? context.json(indexOf(set)) : context.notFound();
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
    return context.json(detailOf(set, image));
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
    const type = extname(set.fileOf(image) ?? '').toLowerCase();
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

/** Only the page's own script and style run, and it can ask nobody but this server. */
function headersFor(page: string): ReturnType<typeof secureHeaders> {
  const digests = (tag: string): string[] =>
    [...page.matchAll(new RegExp(`<${tag}[^>]*>([^]*?)</${tag}>`, 'g'))].map(
      ([, text]) => `'sha256-${createHash('sha256').update(text!).digest('base64')}'`,
    );
  return secureHeaders({
    contentSecurityPolicy: {
      defaultSrc: ["'none'"],
      scriptSrc: digests('script'),
      styleSrc: digests('style'),
      imgSrc: ["'self'", 'data:'],
      connectSrc: ["'self'"],
      baseUri: ["'none'"],
      formAction: ["'none'"],
      frameAncestors: ["'none'"],
    },
    xFrameOptions: 'DENY',
    referrerPolicy: 'no-referrer',
    crossOriginResourcePolicy: 'same-origin',
    crossOriginOpenerPolicy: 'same-origin',
    strictTransportSecurity: false,
  });
}

/**
 * The answer to a request that is not the page's: of another method; under another name of this
 * machine (a site that has its own name lead to 127.0.0.1); from another page; without the token.
 */
export function refusalOf(context: Context, { port, token }: Door): Response | undefined {
  const { method } = context.req;
  if (method !== 'GET' && method !== 'HEAD') {
    return context.text('The viewer changes nothing.', 405, { allow: 'GET, HEAD' });
  }
  context.header('cache-control', 'private, no-cache');
  const hosts = [`127.0.0.1:${port}`, `localhost:${port}`];
  if (!hosts.includes(context.req.header('host') ?? '')) {
    return context.text(`The viewer answers as ${hosts.join(' and ')} only.`, 403);
  }
  // What a browser says of where a request comes from; a link to the page itself may be anywhere.
  const site = context.req.header('sec-fetch-site') ?? 'none';
  const isPage = context.req.path === '/' && context.req.header('sec-fetch-dest') === 'document';
  if (site !== 'same-origin' && site !== 'none' && !isPage) {
    return context.text('The viewer answers its own page only.', 403);
  }
  const cookie = cookieName(port);
  const given = context.req.path === '/' ? context.req.query('token') : undefined;
  if (!isSame(given ?? getCookie(context, cookie) ?? '', token)) {
    return context.text('Open the address that patchml printed.', 403);
  }
  if (given !== undefined) {
    setCookie(context, cookie, token, { httpOnly: true, sameSite: 'Strict', path: '/' });
  }
  return undefined;
}

/** Cookies are for all ports of a machine: two viewers need two. */
function cookieName(port: number): string {
  return `patchml-${port}`;
}

function isSame(given: string, token: string): boolean {
  const [a, b] = [given, token].map((text) => createHash('sha256').update(text).digest());
  return timingSafeEqual(a!, b!);
}

function setOf(context: Context, sets: Collections['sets']): ViewedSet | undefined {
  return sets.get(context.req.param('set') ?? '');
}

function imageOf(context: Context, set: ViewedSet | undefined): number | undefined {
  const text = context.req.param('image') ?? '';
  const image = /^\d{1,8}$/.test(text) ? Number(text) : NaN;
  return set && image < set.columns.ids.length ? image : undefined;
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
