import { createRequire } from 'node:module';
import sharp from 'sharp';
import { z } from 'zod';

const require = createRequire(import.meta.url);

export const codecVersionsSchema = z.object({
  sharp: z.string(),
  libvips: z.string(),
  /** The library in libvips that decodes JPEG. */
  jpegDecoder: z.string(),
  /** The package that encodes JPEG. */
  jpegEncoder: z.string(),
  /** The package that resizes and encodes PNG. */
  resizer: z.string(),
});

/** Versions of everything that turns files into pixels and back. */
export type CodecVersions = z.output<typeof codecVersionsSchema>;

export function codecVersions(): CodecVersions {
  const {
    sharp: version,
    vips,
    mozjpeg,
    jpeg,
  } = sharp.versions as Record<string, string | undefined>;
  return {
    sharp: version ?? 'unknown',
    libvips: vips ?? 'unknown',
    jpegDecoder: mozjpeg ? `mozjpeg ${mozjpeg}` : `libjpeg ${jpeg ?? 'unknown'}`,
    jpegEncoder: `@julusian/jpeg-turbo ${packageVersion('@julusian/jpeg-turbo')}`,
    resizer: `@napi-rs/image ${packageVersion('@napi-rs/image')}`,
  };
}

function packageVersion(name: string): string {
  return (require(`${name}/package.json`) as { version: string }).version;
}
