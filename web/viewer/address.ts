import { useEffect, useState } from 'preact/hooks';

/** How many labels a model must have found in an image that is shown. */
export type Result = 'all' | 'some' | 'none' | 'missed';
/** How an image must differ from that of the same id in another set. */
export type Differs = 'any' | 'labels' | 'pixels' | 'missing';

/** What is shown. All of it is in the address, so that an address restores it. */
export interface View {
  /** The set, by its key; undefined for the list of all sets. */
  set?: string | undefined;
  /** The image, by its id; undefined for the gallery. */
  image?: string | undefined;
  /** Numbers of objects; empty for all. */
  k: number[];
  /** Classes that must all be in the image: none, one, or a pair. */
  classes: number[];
  /** Words that must all be in the id, the labels or the sources. */
  text: string;
  /** One or two models, with what they must have found. */
  models: { key: string; result?: Result | undefined }[];
  /** Another set to show beside this one, by its key. */
  versus?: string | undefined;
  differs?: Differs | undefined;
  /** What the list of all sets sorts: the set's key, `/`, and the column as `name.desc`. */
  sort?: string | undefined;
}

/** A view of everything. */
export const EVERYTHING: View = { k: [], classes: [], text: '', models: [] };

const RESULTS: readonly Result[] = ['all', 'some', 'none', 'missed'];
const DIFFERS: readonly Differs[] = ['any', 'labels', 'pixels', 'missing'];

/** Reads an address; what it cannot say is left out. */
function readAddress(search: string): View {
  const params = new URLSearchParams(search);
  const numbers = (name: string): number[] =>
    (params.get(name) ?? '').split(',').flatMap((text) => (/^\d{1,9}$/.test(text) ? [+text] : []));
  const oneOf = <T extends string>(name: string, values: readonly T[]): T | undefined =>
    values.find((value) => value === params.get(name));
  const models = ['', '2'].flatMap((number) => {
    const key = params.get(`model${number}`);
    return key === null ? [] : [{ key, result: oneOf(`result${number}`, RESULTS) }];
  });
  return {
    set: params.get('set') ?? undefined,
    image: params.get('image') ?? undefined,
    k: numbers('k'),
    classes: numbers('class').slice(0, 2),
    text: params.get('q') ?? '',
    models,
    versus: params.get('versus') ?? undefined,
    differs: oneOf('differs', DIFFERS),
    sort: params.get('sort') ?? undefined,
  };
}

/** The address of a view, to be read again by {@link readAddress}. */
export function writeAddress(view: View): string {
  const params = new URLSearchParams();
  const put = (name: string, value: string | undefined): void => {
    if (value !== undefined && value !== '') params.set(name, value);
  };
  put('set', view.set);
  put('k', view.k.join(','));
  put('class', view.classes.join(','));
  put('q', view.text);
  view.models.forEach(({ key, result }, at) => {
    put(`model${at === 0 ? '' : '2'}`, key);
    put(`result${at === 0 ? '' : '2'}`, result);
  });
  put('versus', view.versus);
  put('differs', view.differs);
  put('sort', view.sort);
  put('image', view.image);
  return `?${params.toString()}`;
}

/** What the address says, and how to go elsewhere: a step back leads here again, unless replaced. */
export function useView(): [View, (view: View, options?: { replace?: boolean }) => void] {
  const [view, setView] = useState(() => readAddress(location.search));
  useEffect(() => {
    const follow = (): void => {
      setView(readAddress(location.search));
    };
    addEventListener('popstate', follow);
    return () => {
      removeEventListener('popstate', follow);
    };
  }, []);
  return [
    view,
    (next, { replace = false } = {}) => {
      const address = writeAddress(next);
      if (replace) history.replaceState(null, '', address);
      else history.pushState(null, '', address);
      setView(next);
    },
  ];
}
