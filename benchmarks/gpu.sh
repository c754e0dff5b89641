#!/usr/bin/env bash
# All that needs a GPU: speed, training, evaluation, weights. Call it again and again until it prints DONE:
#
#     bash benchmarks/gpu.sh
#
# A call ends by itself, with exit code 75 while something is left to do; the next one goes on there. Needs Python with
# torch, numba, h5py, matplotlib, tqdm, tensorboard, safetensors and huggingface_hub; wheels in a folder .whl are
# installed first. From the environment:
#
#     OUT      folder of the results: SUMMARY.md and results.tar.gz.NN (cat OUT/results.tar.gz.* | tar xz); gpu-results
#     WORK     folder of datasets, runs and what is done; datasets built beforehand go to WORK/data; gpu-work
#     LIMIT    seconds of one call; 540
#     STAGES   what to do, in that order; by default all that is in ALL below
#     COMPILE  how to train: blocks, default, reduce-overhead ...; see which is fastest in bench-step; blocks
#     FLOAT8   runs to train with float8 products, such as "sudoku-extreme-1k maze-hard-1k"; none
#     MINUTES  of training, such as "sudoku-extreme-1k=9 maze-hard=5"; by default those of benchmarks/gpu_run.py
#     INIT     weights to begin with, such as "sudoku-extreme-1k=FOLDER", what an earlier machine exported of that run
#     TINY     1 for toy sizes, on a CPU too: minutes in all
#     AIR_ENVS_DATA  folder of published puzzles, where there is one
set -u -o pipefail
cd "$(dirname "$0")/.."

# What is worth most comes first, for a machine that is lent for minutes; the paper's settings take what is left.
RUNS="sudoku-extreme sudoku-wide sudoku-candidates-1k maze-hard"
PAPER_RUNS="sudoku-1k-in-minutes sudoku-extreme-1k maze-hard-1k"
ALL="bench-step"
for name in sudoku-extreme-1k sudoku-published sudoku-mixture maze-hard-1k maze-generated maze-mixture; do ALL+=" data-$name"; done
for name in $RUNS; do ALL+=" train-$name evaluate-$name export-$name"; done
ALL+=" bench-fused bench-kernels bench-evaluation bench-maze"
for name in $PAPER_RUNS; do ALL+=" train-$name evaluate-$name export-$name"; done
for name in $RUNS $PAPER_RUNS; do ALL+=" analyze-$name"; done

OUT=${OUT:-gpu-results} WORK=${WORK:-gpu-work} LIMIT=${LIMIT:-540} STAGES=${STAGES:-$ALL} COMPILE=${COMPILE:-blocks}
FLOAT8=${FLOAT8:-} MINUTES=${MINUTES:-} INIT=${INIT:-} PYTHON=${PYTHON:-python3}
export PYTHONUNBUFFERED=1 TQDM_MININTERVAL=10
tiny=(${TINY:+--tiny})
bench=("${tiny[@]}" --folder "$WORK/bench")
folders=(--work "$WORK" --results "$WORK/results")
failed=()

main() {
    mkdir -p "$OUT" "$WORK/bench" "$WORK/done" "$WORK/logs" "$WORK/results"
    if [ -d .whl ] && [ ! -d "$WORK/site" ]; then
        "$PYTHON" -m pip install -q --no-index --no-deps --no-compile --target "$WORK/site" .whl/*.whl || exit 1
    fi
    [ ! -d "$WORK/site" ] || export PYTHONPATH=$WORK/site${PYTHONPATH:+:$PYTHONPATH}
    for name in $STAGES; do
        run_stage "$name"
    done
    collect
    if ((${#failed[@]})); then
        echo "FAILED: ${failed[*]}; logs in $WORK/logs, the same command tries them again"
        exit 1
    fi
    echo "DONE: $OUT/SUMMARY.md"
}

run_stage() { # NAME
    local what=${1#*-}
    case $1 in
    bench-step) stage "$1" 120 benchmarks.gpu ceiling loss step "${bench[@]}" --json "$WORK/results/$1.json" ;;
    bench-*) stage "$1" 120 benchmarks.gpu "$what" "${bench[@]}" --json "$WORK/results/$1.json" ;;
    data-*) stage "$1" 10 benchmarks.gpu_data "$what" --folder "$WORK/data" "${tiny[@]}" ;;
    train-*) stage "$1" 60 benchmarks.gpu_run train "$what" "${folders[@]}" "${tiny[@]}" \
        --compile "$COMPILE" --seconds $((LIMIT - SECONDS - 30)) \
        $(flag --float8 "$what" $FLOAT8) $(flag --minutes "$what" $MINUTES) $(flag --init-from "$what" $INIT) ;;
    evaluate-*) stage "$1" 60 benchmarks.gpu_run evaluate "$what" "${folders[@]}" "${tiny[@]}" ;;
    analyze-*) stage "$1" 60 benchmarks.gpu_run analyze "$what" "${folders[@]}" "${tiny[@]}" ;;
    export-*) stage "$1" 20 benchmarks.gpu_run export "$what" "${folders[@]}" "${tiny[@]}" ;;
    *)
        echo "no stage $1, expected some of: $ALL" >&2
        exit 2
        ;;
    esac
}

stage() { # NAME LEAST_SECONDS MODULE ARGUMENT...: run a module unless it is done, as long as this call has time
    local name=$1 least=$2 left=$((LIMIT - SECONDS)) code
    shift 2
    [ ! -e "$WORK/done/$name" ] || return 0
    ((left >= least)) || pause "$name"
    echo "$name ..."
    timeout --signal=INT --kill-after=20 "$left" "$PYTHON" -m "$@" >"$WORK/logs/$name.txt" 2>>"$WORK/logs/$name.log"
    code=$?
    case $code in
    0) touch "$WORK/done/$name" ;;
    75 | 124 | 130 | 137) pause "$name" ;;
    *)
        failed+=("$name")
        echo "$name: exit code $code"
        tail -n 5 "$WORK/logs/$name.log"
        ;;
    esac
}

flag() { # FLAG RUN PAIR...: the flag, and the value of the pair RUN=VALUE; alone where RUN stands there
    for pair in "${@:3}"; do
        case $pair in
        "$2") echo "$1" ;;
        "$2"=*) echo "$1 ${pair#*=}" ;;
        esac
    done
}

pause() { # NAME: end this call in the middle of a stage
    if [ -e "$WORK/runs/${1#*-}/model.safetensors" ]; then
        "$PYTHON" -m benchmarks.gpu_run export "${1#*-}" "${folders[@]}" "${tiny[@]}" >/dev/null
    fi
    collect
    echo "NOT DONE: $1 goes on with the next call"
    exit 75
}

collect() { # pack what there is by now, in pieces of 15 MiB
    {
        echo "# GPU results, $(date -u +%F), commit $(git rev-parse --short HEAD 2>/dev/null || echo unknown)"
        for table in "$WORK"/logs/{bench,analyze}-*.txt; do
            [ ! -e "$table" ] || { echo && cat "$table"; }
        done
        echo
        "$PYTHON" -m benchmarks.gpu_run summary "${folders[@]}"
    } >"$WORK/results/SUMMARY.md"
    cp "$WORK/results/SUMMARY.md" "$OUT"
    rm -f "$OUT"/results.tar.gz.*
    tar -C "$WORK" -cz results logs | split -b 15M -d - "$OUT/results.tar.gz."
}

main
