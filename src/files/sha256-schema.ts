import { z } from 'zod';

/** A SHA-256 as patchml writes it: 64 hex digits, lower case. */
const SHA256 = /^[0-9a-f]{64}$/;

/** {@link SHA256} in a file's schema. */
export const sha256Schema = z.string().regex(SHA256, 'expected a SHA-256');
