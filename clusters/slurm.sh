#!/usr/bin/env bash
# A sweep under Slurm: a Ray cluster on the nodes of a job, as long as the job, for its user only.
#   sbatch clusters/slurm.sh run search_spaces/aman.yaml --out results/aman
#   sbatch clusters/slurm.sh resume results/aman           # after the time limit
# Submit it from the checkout, on a disk that all nodes share, after `make .venv/.installed` on a node
# with a GPU. docs/how-to/cluster.md explains each step. Change the sizes below to your needs.
#SBATCH --job-name=class-sweep
#SBATCH --nodes=4
#SBATCH --ntasks-per-node=1
#SBATCH --cpus-per-task=8
#SBATCH --gpus-per-node=1
#SBATCH --time=24:00:00
#SBATCH --signal=B:USR1@600
#SBATCH --output=class-sweep-%j.log
set -euo pipefail
set -m    # without it, background jobs of bash ignore SIGINT, which stops a sweep in good order

cd "$SLURM_SUBMIT_DIR"
export PATH=$PWD/.venv/bin:$PATH

# All nodes read the token from the shared disk; only the user may read it.
private=$PWD/.class-sweep-$SLURM_JOB_ID
mkdir -m 700 "$private"
python -c 'import secrets; print(secrets.token_hex(32), end="")' > "$private/token"
export RAY_AUTH_MODE=token RAY_AUTH_TOKEN_PATH=$private/token

# Jobs may share a machine, so each has its own port and temporary folder. Ray makes its files there
# readable by all, therefore the folder itself is private. Its name is short: the path of a socket has
# at most 107 bytes.
mapfile -t nodes < <(scontrol show hostnames "$SLURM_JOB_NODELIST")
port=$((20000 + SLURM_JOB_ID % 10000))
address=${nodes[0]}:$port
temporary=/tmp/sweep-$SLURM_JOB_ID

join() {  # let a machine join the cluster; it leaves when the step ends
  local node=$1
  shift
  # shellcheck disable=SC2016  # expanded on the node
  srun --nodes=1 --ntasks=1 --nodelist="$node" --overlap \
    bash -c 'mkdir -m 700 "$0" && exec ray start --temp-dir="$0/ray" "$@"' "$temporary" "$@" \
    --num-cpus="$SLURM_CPUS_PER_TASK" --num-gpus="${SLURM_GPUS_ON_NODE:-0}" \
    --disable-usage-stats --block > "$private/$node.log" 2>&1 &
}

# shellcheck disable=SC2329  # the trap calls it
leave() {
  jobs -p | xargs -r kill 2> /dev/null || true
  wait
  srun --ntasks-per-node=1 --overlap rm -rf "$temporary"
  rm -rf "$private"
}
trap leave EXIT

join "${nodes[0]}" --head --port="$port" --include-dashboard=false
head=$!
for attempt in {1..60}; do
  timeout 30 ray status --address "$address" > /dev/null 2>&1 && break
  if ((attempt == 60)) || ! kill -0 "$head" 2> /dev/null; then
    cat "$private"/*.log >&2
    echo "error: the head of the cluster must answer at $address, got the above" >&2
    exit 1
  fi
  sleep 2
done
for node in "${nodes[@]:1}"; do
  join "$node" --address="$address"
done

# Ten minutes before the limit Slurm sends USR1; running trials continue to their next report.
RAY_ADDRESS=$address class-sweep "$@" &
sweep=$!
trap 'kill -INT "$sweep"' USR1
status=0
wait "$sweep" || status=$?
if kill -0 "$sweep" 2> /dev/null; then    # the signal interrupted the first wait
  status=0
  wait "$sweep" || status=$?
fi
exit "$status"
