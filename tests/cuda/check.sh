#!/usr/bin/env bash
# Checks and measures the CUDA part on a device, in the order of what matters most:
# each step has a time limit and a file of its own, so that what has run counts.
#
#     tests/cuda/check.sh OUT            on a machine with a GPU
#     tests/cuda/check.sh --cpu OUT      tries the script itself: fewer, shorter steps
#
# Needs what the build needs (docs/getting-started.md). CMAKE_PREFIX_PATH may name a
# folder that holds nlohmann-json. BUILD (build/cuda) is the build tree, and
# SECONDS_IN_ALL (780) the time after which no step begins.
set -u
cpu=0
if [ "${1:-}" = --cpu ]; then
  cpu=1
  shift
fi
if [ $# -ne 1 ]; then
  sed -n '2,11s/^# \{0,1\}//p' "$0"
  exit 2
fi
mkdir -p "$1"
out=$(cd "$1" && pwd)
cd "$(dirname "$0")/../.." || exit 1
build=$(realpath -m "${BUILD:-build/cuda}")
seconds_in_all=${SECONDS_IN_ALL:-780}
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
: >"$out/summary.txt"

# step NAME LIMIT COMMAND...: runs it for at most LIMIT seconds; the output goes to
# OUT/NAME.txt, and a line to OUT/summary.txt.
step() {
  local name=$1 limit=$2
  shift 2
  local left=$((seconds_in_all - SECONDS))
  if [ $left -lt 10 ]; then
    echo "$name: not begun, the time is up" | tee -a "$out/summary.txt"
    return 1
  fi
  if [ $limit -gt $left ]; then limit=$left; fi
  local begin=$SECONDS
  timeout --kill-after=5 "$limit" "$@" >"$out/$name.txt" 2>&1
  local status=$?
  echo "$name: status $status after $((SECONDS - begin)) s" | tee -a "$out/summary.txt"
  return $status
}

device=cuda
samples=()
epochs=3
targets=(test_train test_passes test_io test_distributed expandnet-bench expandnet-cifar)
if [ $cpu = 1 ]; then
  device=cpu
  samples=(--iterations 1)
  epochs=1
fi

step device 30 nvidia-smi
step configure 120 cmake -S . -B "$build" -G Ninja -DCMAKE_BUILD_TYPE=Release \
  "-DCMAKE_CXX_FLAGS_RELEASE=-O2 -DNDEBUG" -DCMAKE_UNITY_BUILD=ON \
  -DCMAKE_UNITY_BUILD_BATCH_SIZE=4 ${CONFIGURE_OPTIONS:-} || exit 1
step build 600 cmake --build "$build" --parallel --target "${targets[@]}" || exit 1

bench=$build/examples/benchmarks/step/expandnet-bench
cifar=$build/examples/trainers/cifar/expandnet-cifar

# 1. The tests of the device; those that need none are not repeated.
step tests_train 120 "$build/tests/train/test_train" --gtest_filter='*Cuda*:*OnCuda*'
step tests_passes 60 "$build/tests/passes/test_passes" --gtest_filter='*Cuda*:*Gpu*:*Device*'
step tests_io 60 "$build/tests/io/test_io" --gtest_filter='*Gpu*'

# 2. Steps of the SmallNets, as graphs, then of the nets for ImageNet.
measure() {
  local name=$1 limit=$2
  shift 2
  step "$name" "$limit" "$bench" --device "$device" --phase train \
    --json "$out/$name.json" ${samples[@]+"${samples[@]}"} "$@"
}
if [ $cpu = 1 ]; then
  measure bench_smallnets 300 --net smallnet3-cl-fc --batch-size 8
else
  measure bench_smallnets 90 --net smallnet7-ck-fc smallnet7-cl-fc smallnet3-cl-fc --mode graph
  measure bench_smallnets_in_turn 60 --net smallnet7-ck-fc --mode graph --no-overlap
  measure bench_mobilenets 120 --net mobilenet_v1 mobilenet_v2 --mode graph \
    --precision bf16 --layout channels_last --batch-size 256
  measure bench_shufflenet 60 --net shufflenet_v2 --mode graph --precision bf16 \
    --layout channels_last --batch-size 1024
  measure bench_mobilenets_in_turn 60 --net mobilenet_v2 --mode graph --no-overlap \
    --precision bf16 --layout channels_last --batch-size 256
fi

# 3. The trainer on images of CIFAR-10's shape: noise will do for the time.
python3 - "$scratch/cifar-10-batches-bin" <<'PYTHON'
import os, random, sys
folder = sys.argv[1]
os.makedirs(folder)
numbers = random.Random(0)
for name in [f"data_batch_{i}.bin" for i in range(1, 6)] + ["test_batch.bin"]:
    with open(os.path.join(folder, name), "wb") as file:
        for _ in range(10000):
            file.write(bytes([numbers.randrange(10)]) + numbers.randbytes(3072))
with open(os.path.join(folder, "batches.meta.txt"), "w") as file:
    file.write("\n".join("abcdefghij") + "\n")
PYTHON
train=(compare --data "$scratch" --device "$device" --epochs "$epochs" --expand none ck+fc)
if [ $cpu = 1 ]; then
  step cifar_one_seed 200 "$cifar" "${train[@]}" --validation 49000 --runs 1 --out "$scratch/one"
else
  step cifar_one_seed 60 "$cifar" "${train[@]}" --runs 1 --out "$scratch/one"
  step cifar_five_seeds 90 "$cifar" "${train[@]}" --runs 5 --jobs 5 --out "$scratch/five"
fi

# 4. A process by torchrun on NCCL.
step torchrun 60 torchrun --standalone --nproc-per-node 1 --no-python "$cifar" train \
  --data "$scratch" --device "$device" --epochs 1 --validation 49000 --expand ck+fc \
  --out "$scratch/ranks"

# 5. A profile of a captured step, and the memory checker where it is.
if [ $cpu = 0 ]; then
  if command -v nsys >/dev/null; then
    step profile 60 nsys profile --stats=true --force-overwrite=true -o "$scratch/step" \
      "$bench" --device cuda --phase train --mode graph --net smallnet7-ck-fc --iterations 3
  fi
  if command -v compute-sanitizer >/dev/null; then
    step sanitizer 120 compute-sanitizer "$build/tests/train/test_train" \
      --gtest_filter='StepOnCuda.ReplaysWhatTheEagerStepComputes'
  fi
fi
cat "$out/summary.txt"
