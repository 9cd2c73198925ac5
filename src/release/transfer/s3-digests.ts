import type { HeadObjectCommandOutput } from '@aws-sdk/client-s3';
import type { Digest } from './remote.js';

/**
 * What S3 computed itself of an object, the surest first. Metadata is not looked at: who put the
 * object wrote it.
 *
 * An ETag is an MD5, or one of the MD5s of the parts and their number; where the object is
 * encrypted it may be neither and look like one.
 * https://docs.aws.amazon.com/AmazonS3/latest/userguide/checking-object-integrity.html
 */
export function digestsIn({
  ChecksumSHA256 = '',
  ChecksumType,
  ETag = '',
}: Pick<HeadObjectCommandOutput, 'ChecksumSHA256' | 'ChecksumType' | 'ETag'>): Digest[] {
  const digests: Digest[] = [];
  const [, base64, sums] = /^([A-Za-z0-9+/]{43}=)(-\d+)?$/.exec(ChecksumSHA256) ?? [];
  if (base64 !== undefined) {
    const isOfParts = sums !== undefined || ChecksumType === 'COMPOSITE';
    const hex = Buffer.from(base64, 'base64').toString('hex');
    digests.push({ kind: isOfParts ? 'sha256-of-parts' : 'sha256', hex });
  }
  const [, hex, parts] = /^"?([0-9a-f]{32})(-\d+)?"?$/.exec(ETag) ?? [];
  if (hex !== undefined) digests.push({ kind: parts === undefined ? 'md5' : 'md5-of-parts', hex });
  return digests;
}
