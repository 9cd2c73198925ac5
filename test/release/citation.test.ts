import { describe, expect, it } from '@jest/globals';
import { bibtexOf } from '../../src/release/citation.js';
import type { ReleaseSummary } from '../../src/release/release-folder.js';

function entryOf(authors: string[]): string {
  const release = { name: 'mini', version: '1.0.0', authors, repository: null, date: null };
  return bibtexOf(release as unknown as ReleaseSummary);
}

describe('bibtexOf', () => {
  it('gives people by family and given name, and keeps an organisation whole', () => {
    expect(entryOf(['Anzaku, Esla', 'The Makers'])).toContain(
      'author = {Anzaku, Esla and {The Makers}},',
    );
  });

  it('leaves no sign in a name that TeX would take for its own', () => {
    expect(entryOf(['A } B & Co_'])).toContain('author = {{A  B \\& Co\\_}},');
  });
});
