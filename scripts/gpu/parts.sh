# Sourced by run.sh: its parts. Each gets the seconds that it may take, runs in run.sh's scratch folder, and ends with a
# note.

# note PART RESULT: a row of the summary, with the time since `began`; the log gets it, too.
note() {
    local seconds=$((SECONDS - began))
    printf '%s\t%s\t%s\n' "$1" "$2" "$seconds" >>notes
    echo "$1: $2, after $seconds s" | tee -a "$out/$1.log"
    case $2 in done*|"not run: no "*) ;; *) failed=1 ;; esac
}
# within SECONDS COMMAND...: status 124 or 137 where it took longer. A sweep gets the time to write a checkpoint.
# In the foreground, Ctrl-C reaches the command.
within() { timeout --foreground -k 5 "$@"; }
result() {
    case $1 in
        0) echo done ;;
        124|137) echo "stopped, exit status $1: the time was up" ;;
        *) echo "failed, exit status $1" ;;
    esac
}

tests() {
    local status=0 passed skipped
    within "$1" "$parity" --show-output ${filter:+"$filter"} >"$out/tests.log" 2>&1 || status=$?
    passed=$(grep -c '^test .* ok$' "$out/tests.log") || true
    skipped=$(grep -c '^skipped: ' "$out/tests.log") || true
    grep '^test .* FAILED$' "$out/tests.log" | cut -d ' ' -f 2 >failures || true
    if [ "$status" = 0 ] && [ "$passed" = 0 ]; then
        note tests "failed: no test is called $filter"
    elif [ "$status" = 0 ] && [ "$skipped" -gt 0 ]; then
        note tests "failed: no Vulkan device for $skipped of $passed tests"
    else
        note tests "$(result "$status"): $passed passed$(sed 's/^/, FAILED: /' failures | tr -d '\n')"
    fi
}

# The card's used memory, in MiB, twice a second, while a command runs; gives the command's status. What came on top of
# the use before goes to `card`, of the card where that was most.
watched() {
    local status=0
    : >card
    if command -v nvidia-smi >/dev/null; then
        cards index,memory.used >used
        echo - >>used
        nvidia-smi --query-gpu=index,memory.used --format=csv,noheader,nounits -lms 500 >>used 2>/dev/null &
        watcher=$!
    fi
    "$@" || status=$?
    if [ -n "$watcher" ]; then
        kill "$watcher" 2>/dev/null || true
        wait "$watcher" 2>/dev/null || true
        watcher=''
        awk -F ', *' '$0 == "-" { running = 1; next } !running { before[$1] = $2; next }
            $2 - before[$1] > most { most = $2 - before[$1] } END { print most + 0 }' used >card
    fi
    return "$status"
}

# bench CASE SECONDS WARMUP STEPS: to CASE.json and the log.
bench() {
    local status=0 start=$SECONDS
    watched within "$2" "$atrous" bench step "$spec" --only "$1" --device "$device" --warmup "$3" --steps "$4" \
        --json "$1.json" >>"$out/step.log" 2>&1 || status=$?
    [ "$status" != 0 ] || printf '%s\t%s\t%s\t%s\n' "$1" "$(cat card)" "$((SECONDS - start))" $(($3 + $4)) >>runs
    return "$status"
}

# A few steps say how many fit into the time, and compile the kernels; where there are none, they are the result.
measure() {
    local case=$1 end=$((SECONDS + $2)) start=$SECONDS status=0 fit
    if [ $((warmup + steps)) -gt 6 ]; then
        bench "$case" "$2" 1 2 || return
        fit=$(awk -f "$here/summary.awk" -v mode=fit -v took=$((SECONDS - start)) -v left=$((end - SECONDS)) \
            -v warmup="$warmup" -v steps="$steps" "$case.json")
        read -r some_warmup some_steps <<<"$fit"
        if [ "$some_steps" -lt 3 ]; then
            echo "$case: no time for more steps" >>"$out/step.log"
            return
        fi
    else
        some_warmup=$warmup some_steps=$steps
    fi
    cp "$case.json" "$case.first" 2>/dev/null || true
    bench "$case" $((end - SECONDS > 1 ? end - SECONDS : 1)) "$some_warmup" "$some_steps" || status=$?
    # What a few steps gave still stands.
    if [ "$status" != 0 ] && [ -f "$case.first" ]; then mv "$case.first" "$case.json"; fi
    return "$status"
}

step() {
    local end=$((SECONDS + $1)) cases case some_warmup some_steps status worst=0 measured=()
    mapfile -t cases < <(awk -f "$here/summary.awk" -v mode=plan plan.json | cut -f 1 | uniq)
    for ((i = 0; i < ${#cases[@]}; i++)); do
        case=${cases[i]} status=0
        echo "== $case" >>"$out/step.log"
        measure "$case" $(((end - SECONDS) / (${#cases[@]} - i))) || status=$?
        [ "$status" = 0 ] || echo "$case: $(result "$status")" >>"$out/step.log"
        [ "$status" = 0 ] || worst=$status
        [ ! -f "$case.json" ] || measured+=("$case.json")
    done
    if [ ${#measured[@]} -gt 0 ]; then
        awk -f "$here/summary.awk" -v mode=merge "${measured[@]}" >step.json
        mv step.json "$out/step.json"
    fi
    note step "$(result "$worst"): ${#measured[@]} of ${#cases[@]} cases"
}

torch() {
    local end=$((SECONDS + $1)) python=${PYTHON:-python3} found cases width where status=0
    if ! command -v "$python" >/dev/null; then
        note torch "not run: no $python here"
        return
    fi
    found=$(within "$1" "$python" -c 'import torch; print(torch.cuda.is_available())' 2>"$out/torch.log") || true
    case $found,$device in
        True,*) where=cuda ;;
        # A software device is held against PyTorch on the CPU.
        False,*:cpu|False,flex) where=cpu ;;
        False,*) note torch "not run: no CUDA device for PyTorch"; return ;;
        *) note torch "not run: no PyTorch in $python"; return ;;
    esac
    read -r width cases < <(awk -f "$here/summary.awk" -v mode=torch plan.json) || true
    if [ -z "$cases" ]; then
        note torch "not run: no case of $spec is one that torch_throughput.py knows"
        return
    fi
    within $((end - SECONDS > 1 ? end - SECONDS : 1)) "$python" -u -B "$here/torch_throughput.py" --device "$where" \
        --width "$width" --cases "$cases" --steps "$steps" --warmup $((warmup > 0 ? warmup : 1)) --json torch.json \
        >"$out/torch.log" 2>&1 || status=$?
    [ ! -f torch.json ] || cp torch.json "$out/torch.json"
    note torch "$(result "$status")"
}

sweep() {
    local status=0 options=() what about
    if [ -n "$sweep" ]; then
        what=$sweep
    else
        what=quick
        [ ! -d "$here/data/STARE" ] || what=retina-small
        options=(--only stare --seeds 1)
        iterations=${iterations:-200}
    fi
    [ -z "$iterations" ] || options+=(--set "train.iterations=$iterations")
    about="${what##*/}${options[*]:+ ${options[*]}}"
    [ ! -d "$here/data" ] || options+=(--data-root "$here/data")
    options+=(--device "$device" --out sweep)
    within "$1" "$atrous" sweep "$what" "${options[@]}" >table.md 2>"$out/sweep.log" || status=$?
    # Of the runs that were finished.
    [ "$status" = 0 ] || "$atrous" table --out sweep >table.md 2>/dev/null || true
    cat table.md >>"$out/sweep.log"
    [ ! -f sweep/results.csv ] || cp sweep/results.csv "$out/sweep.csv"
    note sweep "$(result "$status"): $about"
}
