# Reads what `atrous bench step --json` and torch_throughput.py --json write; run.sh calls it where there may be no Python.
#
#   awk -f summary.awk -v mode=plan FILE           a line per case: name, input, network and width for PyTorch or "-"
#   awk -f summary.awk -v mode=torch FILE          the width and the cases for torch_throughput.py
#   awk -f summary.awk -v mode=fit ... FILE        how many warm-up and timed steps fit into `left` seconds, given that
#                                                  three took `took`; at most `warmup` and `steps`
#   awk -f summary.awk -v mode=merge FILE...       the cases of several files in one
#   awk -f summary.awk -v mode=summary ...         the page, from the files that run.sh leaves in its folder

# A file's JSON without any blanks.
function compact(path,    line, text) {
    while ((getline line < path) > 0) {
        gsub(/[ \t\r]/, "", line)
        text = text line
    }
    close(path)
    return text
}

# The first number, string or list of `key` in compact JSON, without quotes or brackets.
function field(text, key,    value) {
    if (!match(text, "\"" key "\":(\\[[^]]*\\]|\"[^\"]*\"|[^,}]*)")) return ""
    value = substr(text, RSTART + length(key) + 3, RLENGTH - length(key) - 3)
    if (substr(value, 1, 1) == "[" || substr(value, 1, 1) == "\"") value = substr(value, 2, length(value) - 2)
    if (key == "rates") { match(text, /"rates":\[[0-9,]*\]/); value = substr(text, RSTART + 9, RLENGTH - 10) }
    return value == "null" ? "" : value
}

# Sets `cases` and, by number, name, input, batch, network, width, median, count, resting, peak.
function read_step(path,    text, part, i, size) {
    text = compact(path)
    program = field(text, "program"); commit = field(text, "commit")
    cases = split(text, part, /"settings":\{"experiment":/) - 1
    for (i = 1; i <= cases; i++) {
        text = part[i + 1]
        match(text, /^"[^"]*"/)
        name[i] = substr(text, 2, RLENGTH - 2)
        split(field(text, "crop"), size, ",")
        batch[i] = field(text, "batch")
        input[i] = size[1] "x" size[2]
        width[i] = field(text, "base_channels")
        network[i] = counterpart(text)
        median[i] = middle(field(text, "seconds"))
        count[i] = numbers
        resting[i] = field(text, "resting_bytes")
        peak[i] = field(text, "peak_bytes")
    }
}

# The name of the same network in torch_throughput.py, which has one number of classes, ASPP channels and rates for each.
function counterpart(text,    kind, dataset) {
    kind = field(text, "kind")
    dataset = field(text, "dataset")
    if (field(text, "rates") != "1,12,24,36") return "-"
    if (kind == "unet-s5-d16" && field(text, "aspp_channels") == 16 && dataset ~ /^(stare|chase_db1|hrf)$/) return "unet"
    if (kind == "deeplabv3-r50-d8" && field(text, "aspp_channels") == 512 && dataset == "cityscapes") return "deeplabv3"
    return "-"
}

# Median of a list of numbers; sets `numbers`, how many they are.
function middle(list,    value, i, j, held) {
    numbers = split(list, value, ",")
    for (i = 2; i <= numbers; i++) {
        held = value[i] + 0
        for (j = i - 1; j >= 1 && value[j] + 0 > held; j--) value[j + 1] = value[j]
        value[j + 1] = held
    }
    if (numbers == 0) return ""
    return numbers % 2 ? value[(numbers + 1) / 2] + 0 : (value[numbers / 2] + value[numbers / 2 + 1]) / 2
}

# Sets `results` and, by case of PyTorch and precision, theirs_ms, theirs_bytes, theirs_error.
function read_torch(path,    text, part, i, key) {
    text = compact(path)
    torch_version = field(text, "torch"); torch_width = field(text, "base_channels")
    torch_cuda = field(text, "cuda")
    results = split(text, part, /\{"network":/) - 1
    for (i = 1; i <= results; i++) {
        text = "\"network\":" part[i + 1]
        key = field(text, "network") " " field(text, "height") "x" field(text, "width") " " field(text, "batch") " " \
            field(text, "precision")
        theirs_ms[key] = field(text, "median_ms")
        theirs_bytes[key] = field(text, "peak_memory_bytes")
        theirs_error[key] = field(text, "error") != ""
    }
}

function plan(    i) {
    read_step(ARGV[1])
    for (i = 1; i <= cases; i++) print name[i] "\t" input[i] "\t" network[i] "\t" width[i]
}

# torch_throughput.py takes one width: that of the first case.
function torch_cases(    i, chosen, case_of_theirs, seen, list) {
    read_step(ARGV[1])
    for (i = 1; i <= cases; i++) {
        if (network[i] == "-") continue
        if (chosen == "") chosen = width[i]
        if (width[i] != chosen) continue
        case_of_theirs = network[i] ":" input[i] ":" batch[i]
        # In two precisions of ours.
        if (seen[case_of_theirs]++) continue
        list = list (list == "" ? "" : ",") case_of_theirs
    }
    if (list != "") print chosen, list
}

# The start of a process is what it took besides its three steps (of each case). A tenth of the time is kept back.
function fit(    i, each, most, before, start) {
    read_step(ARGV[1])
    for (i = 1; i <= cases; i++) each += median[i]
    start = took - 3 * each
    most = int((0.9 * left - (start > 0 ? start : 0)) / (each > 0 ? each : 1e-3))
    if (most >= warmup + steps) print warmup, steps
    else {
        before = int(most * warmup / (warmup + steps))
        print before, (most - before > 0 ? most - before : 0)
    }
}

# The files are pretty printed: their cases lie between two lines.
function merge(    i, line, within, seen, held) {
    for (i = 1; i < ARGC; i++) {
        within = 0
        while ((getline line < ARGV[i]) > 0) {
            if (line ~ /^  \]/) within = 0
            if (within) {
                if (line == "    {" && seen++) { print "    },"; held = "" }
                if (held != "") print held
                held = line
            } else if (i == 1 && line !~ /^  \]/ && line != "}") print line
            if (line ~ /^  "cases": \[/) within = 1
        }
    }
    if (held != "") print held
    print "  ]"
    print "}"
}

# The value as `format` prints it; a dash where there is none.
function shown(format, value) { return value == "" ? "-" : sprintf(format, value) }
function mebibytes(bytes) { return bytes == "" ? "-" : sprintf("%.0f", bytes / 1048576) }

function rate(images, time) { return time == "" ? "-" : sprintf("%.1f", 1000 * images / time) }

function read_facts(    line, at) {
    while ((getline line < "facts") > 0) {
        at = index(line, "=")
        fact[substr(line, 1, at - 1)] = substr(line, at + 1)
    }
}

function head(    line, of) {
    print "# atrous on a GPU machine\n"
    print fact["program"] "; " fact["built"] "; Vulkan loader: " fact["loader"] "."
    if (fact["card"] != "") print "Card: " fact["card"] " MiB."
    if (fact["opened"] != "") print "Computed on " fact["opened"] "."
    if (torch_version != "") print "PyTorch " torch_version (torch_cuda == "" ? ", on the CPU" : ", CUDA " torch_cuda) "."
    print "\n```"
    while ((getline line < "devices") > 0) print line
    print "```\n\n| part | result | seconds |\n|---|---|---|"
    while ((getline line < "notes") > 0) {
        split(line, of, "\t")
        print "| " of[1] " | " of[2] " | " of[3] " |"
    }
}

function row(i, precision,    key, ours, theirs) {
    key = network[i] " " input[i] " " batch[i] " " precision
    ours = median[i] == "" ? "" : 1000 * median[i]
    theirs = width[i] == torch_width ? theirs_ms[key] : ""
    printf "| %s | %s x %s | %s | %s", name[i], batch[i], input[i], count[i], precision
    printf " | %s | %s", shown("%.1f", ours), theirs_error[key] ? "failed" : shown("%.1f", theirs)
    printf " | %s | %s", rate(batch[i], ours), rate(batch[i], theirs)
    printf " | %s |\n", ours == "" || theirs == "" ? "-" : sprintf("%.2f", ours / theirs)
}

function speeds(    i, j, of, found, key) {
    print "\n## Training steps\n"
    print "Median of the timed steps; images and labels lie on the device. atrous computes in float32; what is called mixed multiplies"
    print "float16 in its convolutions and adds float32.\n"
    printf "| case | input | steps of atrous | PyTorch's precision | atrous, ms | PyTorch, ms"
    print " | atrous, images/s | PyTorch, images/s | atrous / PyTorch, time |"
    print "|---|---|---|---|---|---|---|---|---|"
    split("float32 tf32 bf16", of, " ")
    for (i = 1; i <= cases; i++) {
        found = 0
        for (j = 1; j <= 3; j++) {
            key = network[i] " " input[i] " " batch[i] " " of[j]
            if (key in theirs_ms && width[i] == torch_width) { row(i, of[j]); found = 1 }
        }
        if (!found) row(i, "-")
    }
}

function memories(    line, of, i, j, times, card, began, again, precision, key, cell, each) {
    while ((getline line < "runs") > 0) {
        split(line, of, "\t")
        if (of[2] != "" && of[2] + 0 > card[of[1]] + 0) card[of[1]] = of[2]
        if (times[of[1]]++) again[of[1]] = of[3] "\t" of[4]; else began[of[1]] = of[3] "\t" of[4]
    }
    print "\n## Memory and start\n"
    print "atrous, card: its used memory at the peak, less what was used before (nvidia-smi). atrous, process: what came on"
    print "top of its memory at rest. PyTorch: the peak of its allocator; the CUDA context is not in it. Start: seconds of a"
    print "process besides its steps, where kernels are compiled; a later process has them from the caches.\n"
    print "| case | atrous, card, MiB | atrous, process, MiB | PyTorch float32, MiB | tf32 | bf16 | start, s | later, s |"
    print "|---|---|---|---|---|---|---|---|"
    split("float32 tf32 bf16", precision, " ")
    # A process times an experiment with all its rates.
    for (i = 1; i <= cases; i++) each[name[i]] += median[i]
    for (i = 1; i <= cases; i++) {
        cell = ""
        for (j = 1; j <= 3; j++) {
            key = network[i] " " input[i] " " batch[i] " " precision[j]
            cell = cell " | " (width[i] == torch_width ? mebibytes(theirs_bytes[key]) : "-")
        }
        printf "| %s | %s", name[i], card[name[i]] == "" ? "-" : card[name[i]]
        printf " | %s%s", mebibytes(peak[i] == "" ? "" : peak[i] - resting[i]), cell
        printf " | %s | %s |\n", start(began[name[i]], each[name[i]]), start(again[name[i]], each[name[i]])
    }
}

# `process` is its seconds and its steps.
function start(process, step,    of, rest) {
    if (process == "") return "-"
    split(process, of, "\t")
    rest = of[1] - of[2] * step
    return sprintf("%.0f", rest > 0 ? rest : 0)
}

function summary(    line, first) {
    read_facts()
    if (torch != "") read_torch(torch)
    if (step != "") read_step(step)
    head()
    if (step != "") { speeds(); memories() }
    first = 1
    while ((getline line < "table.md") > 0) {
        # Its headings go below this one.
        if (first) print "\n## Sweep"
        else print (line ~ /^#/ ? "#" line : line)
        first = 0
    }
    printf "\n## Caches\n\nFrom %d to %d KiB; of it, what was tuned: ", fact["cache_before"], fact["cache_after"]
    if (fact["tuned"] == "") print "nothing (a program without `autotune`)."
    else print int(fact["tuned"] / 1024) " KiB."
}

BEGIN {
    if (mode == "plan") plan()
    else if (mode == "torch") torch_cases()
    else if (mode == "fit") fit()
    else if (mode == "merge") merge()
    else summary()
}
