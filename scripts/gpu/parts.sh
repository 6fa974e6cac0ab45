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

facts() {
    "$atrous" devices >"$out/facts.log"
    if ! command -v nvidia-smi >/dev/null; then
        note facts "done: there is no nvidia-smi here"
        return
    fi
    within "$1" nvidia-smi -q -d CLOCK,POWER,PERFORMANCE,TEMPERATURE,MEMORY >>"$out/facts.log" 2>&1 || true
    # Each second: power, use, clocks. Until run.sh ends.
    nvidia-smi dmon -s puc -o T >"$out/clocks.log" 2>/dev/null &
    clocks=$!
    note facts done
}

# count_tests PART STATUS FILTER: the note on a part's log of tests, which ended in this status.
count_tests() {
    local passed skipped
    passed=$(grep -c '^test .* ok$' "$out/$1.log") || true
    skipped=$(grep -c '^skipped: ' "$out/$1.log") || true
    grep '^test .* FAILED$' "$out/$1.log" | cut -d ' ' -f 2 >failures || true
    if [ "$2" = 0 ] && [ "$passed" = 0 ]; then
        note "$1" "failed: no test is called $3"
    elif [ "$2" = 0 ] && [ "$skipped" -gt 0 ]; then
        note "$1" "failed: no Vulkan device for $skipped of $passed tests"
    else
        note "$1" "$(result "$2"): $passed passed$(sed 's/^/, FAILED: /' failures | tr -d '\n')"
    fi
}

kernels() {
    local status=0 only=gpu::
    [ -z "$small" ] || only=max_pool::gpu::
    within "$1" env ATROUS_TEST_DEVICE="$device" "$kernels" --show-output "$only" >"$out/kernels.log" 2>&1 || status=$?
    count_tests kernels "$status" "$only"
}

# The languages of kernels that --device takes, the one that it gets by itself first, by what `atrous devices` says of it.
languages() {
    local row
    case $device in
        *:*) row=wgpu:${device##*:} ;;
        *) row=wgpu:0 ;;
    esac
    if grep -q "^$row .*, SPIR-V)" devices; then echo spirv wgsl; else echo wgsl; fi
}

products() {
    local status=0 end=$((SECONDS + $1)) only=times_of launch count language found
    read -ra found <<<"$(languages)"
    [ -z "$small" ] || only=times_of_launches
    : >"$out/products.log"
    for ((i = 0; i < ${#found[@]} && status == 0; i++)); do
        language=${found[i]}
        echo "== $language" >>"$out/products.log"
        within $(((end - SECONDS) / (${#found[@]} - i))) env ATROUS_TEST_DEVICE="$device" ATROUS_GPU_LANGUAGE="$language" \
            "$kernels" --ignored --nocapture --test-threads 1 "$only" >>"$out/products.log" 2>&1 || status=$?
    done
    launch=$(sed -n 's/^.*\(a launch: .*\)$/\1/p' "$out/products.log" | paste -sd ';' | sed 's/;/; /g')
    count=$(grep -c ' | [0-9.]* |$' "$out/products.log") || true
    if [ "$status" = 0 ] && [ -z "$launch" ]; then
        note products "failed: nothing was timed"
    else
        note products "$(result "$status"): $count products in ${found[*]}; ${launch:-no launch was timed}"
    fi
}

# profiled CASE SECONDS: what the last of two steps launched, kernel by kernel, in profiled/kernels: lines such as
# "| 12.3µs | AddOp_7369d84d".
profiled() {
    local steps count end=$((SECONDS + $2))
    for steps in 1 2; do
        rm -f profiled/log
        (cd profiled && within $((end - SECONDS > 1 ? end - SECONDS : 1)) "$atrous" bench step "$spec" --only "$1" \
            --device "$device" --warmup 0 --steps "$steps") >>"$out/profile.log" 2>&1 || return
        sed -n 's/^| *\([0-9.]*[nµm]*s\) *| \(.*\)_[0-9a-f]*$/\1 \2/p' profiled/log >"profiled/$steps" || true
    done
    count=$(($(wc -l <profiled/2) - $(wc -l <profiled/1)))
    [ "$count" -gt 0 ] || return 1
    tail -n "$count" profiled/2 >profiled/kernels
}

# One step of each case by the device's own clock: where its time goes.
profile() {
    local end=$((SECONDS + $1)) cases case status worst=0 done=0
    mapfile -t cases < <(sed -n 's/^  \([^ ]*\) .*/\1/p' plan.txt | uniq)
    mkdir -p profiled
    : >"$out/profile.log"
    { cat cubecl.toml; printf '\n[profiling]\nlogger = { level = "basic", file = "%s" }\n' "$PWD/profiled/log"; } >profiled/cubecl.toml
    for ((i = 0; i < ${#cases[@]}; i++)); do
        case=${cases[i]} status=0
        echo "== $case" >>"$out/profile.log"
        profiled "$case" $(((end - SECONDS) / (${#cases[@]} - i))) || status=$?
        if [ "$status" != 0 ]; then
            echo "$case: $(result "$status")" >>"$out/profile.log"
            worst=$status
            continue
        fi
        done=$((done + 1))
        kernels_page "$case" <profiled/kernels | tee -a "$out/profile.log" >>profile.md
    done
    note profile "$(result "$worst"): $done of ${#cases[@]} cases"
}

# kernels_page CASE: a table of the kernels that take longest, of lines "12.3µs NAME".
kernels_page() {
    awk -v case="$1" '
        { unit = $1; sub(/^[0-9.]*/, "", unit); time = $1 + 0
          time *= unit == "s" ? 1e3 : unit == "ms" ? 1 : unit == "ns" ? 1e-6 : 1e-3
          name = $2; for (i = 3; i <= NF; i++) name = name ($i == "|" ? ":" : " " $i)
          name = substr(name, 1, 60)
          sum[name] += time; count[name]++; all += time; launches++ }
        END { printf "\n%s: %d launches, %.2f ms on the device.\n\n| kernel | launches | ms | share |\n|---|---|---|---|\n", case, launches, all
              fflush()
              longest = "sort -rg | head -n 12 | cut -f 2"
              for (name in sum)
                  printf "%.6f\t| `%s` | %d | %.3f | %.1f %% |\n", sum[name], name, count[name], sum[name], 100 * sum[name] / all | longest
              close(longest) }'
}

tests() {
    local status=0
    within "$1" "$parity" --show-output ${filter:+"$filter"} >"$out/tests.log" 2>&1 || status=$?
    count_tests tests "$status" "$filter"
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

# bench CASE FILE SECONDS WARMUP STEPS: to the file and the log. A tenth of the time is kept back.
bench() {
    local status=0
    watched within "$3" "$atrous" bench step "$spec" --only "$1" --device "$device" --warmup "$4" --steps "$5" \
        --within $(($3 * 9 / 10 + 1)) --json "$2" >>"$out/step.log" 2>&1 || status=$?
    [ "$status" != 0 ] || [ ! -s card ] || printf '%s\t%s\n' "$1" "$(cat card)" >>card.tsv
    return "$status"
}

# A few steps compile the kernels, and stand where there is no time for more; then all of them, in a process that finds
# the kernels compiled.
measure() {
    local case=$1 start=$SECONDS end=$((SECONDS + $2)) left=$2
    if [ $((warmup + steps)) -gt 6 ]; then
        bench "$case" "$case.first.json" "$2" 1 2 || return
        measured+=("$case.first.json")
        left=$((end - SECONDS))
        if [ "$left" -le $((SECONDS - start)) ]; then
            echo "$case: no time for more steps" >>"$out/step.log"
            return
        fi
    fi
    bench "$case" "$case.json" "$left" "$warmup" "$steps" || return
    measured+=("$case.json")
}

# Measured are the files of all processes, in their order.
measured=()
step() {
    local end=$((SECONDS + $1)) cases case status worst=0 done=0
    mapfile -t cases < <(sed -n 's/^  \([^ ]*\) .*/\1/p' plan.txt | uniq)
    for ((i = 0; i < ${#cases[@]}; i++)); do
        case=${cases[i]} status=0
        echo "== $case" >>"$out/step.log"
        measure "$case" $(((end - SECONDS) / (${#cases[@]} - i))) || status=$?
        [ "$status" = 0 ] || echo "$case: $(result "$status")" >>"$out/step.log"
        [ "$status" = 0 ] || worst=$status
        [[ " ${measured[*]} " != *" $case."* ]] || done=$((done + 1))
    done
    note step "$(result "$worst"): $done of ${#cases[@]} cases"
}

# The page's part on steps, and step.json with all cases.
steps_page() {
    local options=(--json step.json)
    [ ${#measured[@]} -gt 0 ] || return 0
    [ ! -f torch.json ] || options+=(--torch torch.json)
    [ ! -f card.tsv ] || options+=(--card card.tsv)
    "$atrous" bench page "${measured[@]}" "${options[@]}" >steps.md && cp step.json "$out/step.json" || failed=1
}

torch() {
    local end=$((SECONDS + $1)) python=${PYTHON:-python3} found where status=0
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
    within $((end - SECONDS > 1 ? end - SECONDS : 1)) "$python" -u -B "$here/torch_throughput.py" --device "$where" \
        --like plan.json --steps "$steps" --warmup $((warmup > 0 ? warmup : 1)) --json torch.json >"$out/torch.log" 2>&1 ||
        status=$?
    if [ "$status" = 3 ]; then
        note torch "not run: no case of $spec is one that torch_throughput.py knows"
        return
    fi
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
