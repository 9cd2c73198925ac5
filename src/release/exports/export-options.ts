import type { Stage, StageOptions } from '../../progress.js';

export interface ExportOptions extends Omit<StageOptions, 'jobs'> {
  /** Images a shard, 1 or more. Default: 5,000 (parquet), 1,000 (webdataset); others have none. */
  shardSize?: number | undefined;
  /** As progress names it. Default: release. */
  stage?: Stage;
}
