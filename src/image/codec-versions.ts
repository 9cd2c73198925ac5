import { createRequire } from 'node:module';
import sharp from 'sharp';

const require = createRequire(import.meta.url);

/** Versions of everything that turns files into pixels and back. */
export interface CodecVersions {
  sharp: string;
  libvips: string;
  /** The library in libvips that decodes JPEG. */
  jpegDecoder: string;
  /** The package that encodes JPEG. */
  jpegEncoder: string;
  /** The package that resizes and encodes PNG. */
  resizer: string;
}

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
