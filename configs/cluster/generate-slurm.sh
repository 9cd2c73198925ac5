#!/usr/bin/env bash
# Generates a dataset on a Slurm cluster, in folders that all its machines share:
#
#     generate-slurm.sh SHARDS OUT --recipe recipe.yaml --annotations XML --images train --work WORK
#
# Submits one job for each stage, after the one before it; extract and compose as arrays of SHARDS
# tasks, and what joins their parts. What jobs are given is said by sbatch's own variables
# (SBATCH_PARTITION, SBATCH_TIMELIMIT, ...), and the command to run by PATCHML. A task that is preempted
# is queued again, and resumes. Submit the same again after a failure: what is done is kept.
set -euo pipefail

shards=${1:?how many shards}
out=${2:?where the dataset goes}
shift 2
inputs=$(printf ' %q' "$@")
to=$(printf ' --out %q' "$out")
# Slurm says in each task which one it is.
shard=" --shard \$SLURM_ARRAY_TASK_ID/$shards"

# Submits a command after a job, if one is given; says its number.
submit() {
  local after=$1 command=$2
  shift 2
  sbatch --parsable --requeue ${after:+"--dependency=afterok:$after"} "$@" \
    --wrap "srun ${PATCHML:-npx patchml} $command$inputs --quiet"
}

job=$(submit '' index --job-name=patchml-index)
job=$(submit "$job" "extract$shard" --job-name=patchml-extract --array="1-$shards")
job=$(submit "$job" 'merge extract' --job-name=patchml-merge)
job=$(submit "$job" plan --job-name=patchml-plan)
job=$(submit "$job" "compose$to$shard" --job-name=patchml-compose --array="1-$shards")
submit "$job" "merge compose$to" --job-name=patchml-merge
