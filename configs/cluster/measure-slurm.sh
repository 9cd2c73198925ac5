#!/usr/bin/env bash
# Evaluates models, or runs a study, on a Slurm cluster, in folders that all its machines share:
#
#     measure-slurm.sh SHARDS evaluate --models 'cards/*.yaml' --images val --work WORK --out SCORES
#     measure-slurm.sh SHARDS study study.yaml --work WORK --out RESULTS
#
# Submits the command as an array of SHARDS tasks, and after them what joins their parts. A model that
# fails does so in its tasks, and is named again in the end; the others have their scores. What jobs are
# given is said by sbatch's own variables (SBATCH_PARTITION, SBATCH_TIMELIMIT, ...), and the command to
# run by PATCHML. A task that is preempted is queued again, and resumes. Submit the same again after a
# failure: what is done is kept.
set -euo pipefail

shards=${1:?how many shards}
stage=${2:?evaluate or study}
shift 2
flags=$(printf ' %q' "$@")

# Submits a command; says the number of its job.
submit() {
  local command=$1
  shift
  sbatch --parsable --requeue --job-name="patchml-$stage" "$@" \
    --wrap "srun ${PATCHML:-npx patchml} $command$flags --quiet"
}

# Slurm says in each task which one it is.
job=$(submit "$stage --shard \$SLURM_ARRAY_TASK_ID/$shards" --array="1-$shards")
submit "merge $stage" --dependency="afterany:$job"
