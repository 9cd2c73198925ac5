import { useEffect, useState } from 'preact/hooks';
import type {
  ImageDetail,
  ModelResults,
  Overview,
  Ranking,
  SetIndex,
  Versus,
} from '../../src/viewer/answers.js';

/** An answer of the server: on its way, there, or what went wrong. */
export interface Answer<T> {
  value?: T;
  error?: string;
}

const kept = new Map<string, Promise<unknown>>();
/** So many answers are kept. */
const MOST_KEPT = 500;

/** Asks once and keeps the answer; a failure is asked for again. */
async function ask(path: string): Promise<unknown> {
  const known = kept.get(path);
  if (known) return known;
  const answer = fetch(path).then(async (response) => {
    if (response.ok) return response.json() as Promise<unknown>;
    const text = await response.text();
    throw new Error(messageIn(text));
  });
  kept.set(path, answer);
  const [oldest] = kept.keys();
  if (kept.size > MOST_KEPT) kept.delete(oldest!);
  answer.catch(() => kept.delete(path));
  return answer;
}

function messageIn(text: string): string {
  try {
    return (JSON.parse(text) as { message: string }).message;
  } catch {
    return text;
  }
}

/** The answers to some paths; undefined paths are not asked for. */
function useAnswers(paths: readonly (string | undefined)[]): Answer<unknown[]> {
  const [state, setState] = useState<{ key: string; answer: Answer<unknown[]> }>();
  const key = JSON.stringify(paths);
  useEffect(() => {
    let isWanted = true;
    const show = (answer: Answer<unknown[]>): void => {
      if (isWanted) setState({ key, answer });
    };
    Promise.all(paths.map(async (path) => (path === undefined ? undefined : ask(path)))).then(
      (value) => {
        show({ value });
      },
      (error: unknown) => {
        const text = error instanceof Error ? error.message : String(error);
        show({ error: text === 'Failed to fetch' ? 'The viewer does not answer any more.' : text });
      },
    );
    return () => {
      isWanted = false;
    };
  }, [key]);
  return state?.key === key ? state.answer : {};
}

export function useOverview(): Answer<Overview> {
  const { value, ...rest } = useAnswers(['api/overview']);
  return value ? { value: value[0] as Overview } : rest;
}

/** What is filtered by. */
export interface SetAnswers {
  index: SetIndex;
  results: ModelResults[];
  versus: Versus | undefined;
}

/** Everything that a gallery of a set is made of. */
export function useSet(
  set: string,
  models: readonly string[],
  versus: string | undefined,
): Answer<SetAnswers> {
  const place = `api/sets/${encodeURIComponent(set)}`;
  const { value, ...rest } = useAnswers([
    `${place}/index`,
    versus === undefined ? undefined : `${place}/versus/${encodeURIComponent(versus)}`,
    ...models.map((model) => `${place}/models/${encodeURIComponent(model)}`),
  ]);
  if (!value) return rest;
  const [index, difference, ...results] = value;
  return {
    value: {
      index: index as SetIndex,
      versus: difference as Versus | undefined,
      results: results as ModelResults[],
    },
  };
}

/** One image of a set, by its place in it. */
export function useImage(set: string, image: number | undefined): Answer<ImageDetail> {
  const { value, ...rest } = useAnswers([image === undefined ? undefined : imagePath(set, image)]);
  return value?.[0] ? { value: value[0] as ImageDetail } : rest;
}

/** What models rank on top in an image, in the order of their keys. */
export function useRankings(
  set: string,
  image: number,
  models: readonly string[],
): Answer<Ranking[]> {
  return useAnswers(
    models.map(
      (model) =>
        `api/sets/${encodeURIComponent(set)}/models/${encodeURIComponent(model)}/images/${image}`,
    ),
  ) as Answer<Ranking[]>;
}

/** The address of an image's thumbnail, or of its picture in full. */
export function pictureOf(set: string, image: number, what: 'thumbnail' | 'picture'): string {
  return `${imagePath(set, image)}/${what}`;
}

function imagePath(set: string, image: number): string {
  return `api/sets/${encodeURIComponent(set)}/images/${image}`;
}
