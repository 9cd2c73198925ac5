import { fileURLToPath } from 'node:url';
import { loadModelCard } from './model-card.js';
import { openModelSession } from './model-session.js';

const CARD = fileURLToPath(new URL('../../../configs/models/sample.yaml', import.meta.url));

/** Runs the bundled model once: `works`, or what onnxruntime says. */
export async function checkModels(): Promise<string> {
  try {
    const session = await openModelSession(await loadModelCard(CARD));
    await session.close();
    return 'works';
  } catch (error) {
    return (error as Error).message;
  }
}
