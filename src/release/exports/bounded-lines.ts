import { createReadStream } from 'node:fs';

/** No line that patchml writes is longer. */
const MAX_LENGTH = 2 ** 20;

/**
 * The lines of a text file, without their ends; what stands behind the last end is a line too,
 * unless it is nothing. A line of more than a million characters is cut, and is the last.
 */
export async function* boundedLines(path: string): AsyncGenerator<string> {
  let rest = '';
  for await (const chunk of createReadStream(path, 'utf8') as AsyncIterable<string>) {
    const lines = (rest + chunk).split('\n');
    rest = lines.pop() ?? '';
    yield* lines;
    if (rest.length > MAX_LENGTH) break;
  }
  if (rest !== '') yield `${rest} (without an end of line)`;
}
