import { mkdirSync } from 'node:fs';
import { request } from 'node:http';
import { join } from 'node:path';
import {
  type EvaluationSet,
  openEvaluationSet,
  scorePredictions,
  type Viewer,
} from '../../src/index.js';
import { openPredictionWriter } from '../../src/predictions/writer.js';
import { makeScorecard } from '../../src/score/scorecard.js';
import { folderName, writeScores } from '../../src/score/scores-folder.js';
import { inOrder, madeSource } from './unit-scores.js';

/** {@link writeScoresOf} on a dataset. */
export async function writeScoresOn(
  dataset: string,
  root: string,
  model: string,
  wrongEvery: number,
): Promise<string> {
  return writeScoresOf(await openEvaluationSet({ dataset }), root, model, wrongEvery);
}

/**
 * The scores of a model on a set: it ranks all labels of an image on top, except that in every
 * n-th image its first class is class 999, which no image has.
 * @param wrongEvery n
 * @returns the folder
 */
export async function writeScoresOf(
  set: EvaluationSet,
  root: string,
  model: string,
  wrongEvery: number,
): Promise<string> {
  mkdirSync(root, { recursive: true });
  const rows = set.labels.map((labels, image) => {
    const wrong = image % wrongEvery === 0 ? [999] : [];
    return [...wrong, ...labels, 994, 995, 996, 997, 998].slice(0, 5);
  });
  const { body, perImage } = await scorePredictions(
    { source: madeSource('ranked', rows), positions: inOrder(rows.length), set },
    { resamples: 20 },
  );
  const predictions = join(root, `${folderName(model)}.parquet`);
  const writer = await openPredictionWriter(predictions, { n: 5, metadata: {} });
  const probabilities = rows.flatMap(() => [0.5, 0.25, 0.125, 0.0625, 0.03125]);
  await writer.write(set.ids, Int32Array.from(rows.flat()), Float32Array.from(probabilities));
  await writer.close();
  const out = join(root, 'scores', folderName(model));
  const scorecard = makeScorecard(body, { model: { name: model } });
  await writeScores({ out, scorecard, perImage, predictions });
  return out;
}

/** What a viewer answered. */
export interface ViewerAnswer {
  status: number;
  headers: Record<string, string | string[] | undefined>;
  text: string;
}

/**
 * Asks a viewer for exactly this path, which no client has put in order; with its cookie, unless
 * other headers are given.
 */
export function askViewer(
  { port, address }: Pick<Viewer, 'port' | 'address'>,
  path: string,
  { method = 'GET', headers = cookieOf(address) }: AskOptions = {},
): Promise<ViewerAnswer> {
  return new Promise((resolve, reject) => {
    const asked = request({ host: '127.0.0.1', port, path, method, headers }, (response) => {
      const pieces: Buffer[] = [];
      response.on('data', (piece: Buffer) => pieces.push(piece));
      response.on('end', () => {
        const text = Buffer.concat(pieces).toString('latin1');
        resolve({ status: response.statusCode!, headers: response.headers, text });
      });
    });
    asked.on('error', reject);
    asked.end();
  });
}

interface AskOptions {
  method?: string;
  headers?: Record<string, string>;
}

/** The cookie that a viewer gives for the address that it prints. */
export function cookieOf(address: string): Record<string, string> {
  const { port, searchParams } = new URL(address);
  return { cookie: `patchml-${port}=${searchParams.get('token')!}` };
}
