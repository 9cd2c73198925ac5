import { sha256File } from '../files/digest.js';
import { serve } from './serve.js';

/** The digests of files, in their order. */
export default serve((paths: string[]) => Promise.resolve(paths.map((path) => sha256File(path))));
