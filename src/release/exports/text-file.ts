import { openOutput } from '../../evaluate/predictions/output-file.js';

const WRITE_LENGTH = 2 ** 16;

/** Writes a text file from its lines, each without its end, as they come. */
export async function writeLines(path: string, lines: AsyncIterable<string>): Promise<void> {
  const output = await openOutput(path);
  try {
    let pending = '';
    for await (const line of lines) {
      pending += `${line}\n`;
      if (pending.length < WRITE_LENGTH) continue;
      await output.write(Buffer.from(pending));
      pending = '';
    }
    await output.write(Buffer.from(pending));
  } catch (error) {
    await output.discard();
    throw error;
  }
  await output.close();
}
