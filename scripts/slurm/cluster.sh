# Sourced by test.sh: a Slurm cluster on this machine alone, as long as the script runs.
#
#   cluster_install        installs Debian's slurm-wlm and munge, unless they are there
#   cluster_start FOLDER   starts munged, slurmctld and one slurmd, which keep all their files in FOLDER; exports SLURM_CONF
#   cluster_stop           ends them
#
# Needs root: a daemon that starts jobs as their users does. Nothing of the system is changed but the packages: no service, no
# file under /etc, no cgroup. Ports are 17817 and 17818 unless SLURM_TEST_PORT names the first of another two.
cluster_pids=()

fail() { echo "error: $*" >&2; exit 1; }

cluster_install() {
    if command -v slurmctld slurmd munged sbatch >/dev/null; then return; fi
    [ "$(id -u)" = 0 ] || fail "there is no Slurm: install it (Debian: slurm-wlm and munge), or run this as root"
    apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq slurm-wlm munge >/dev/null ||
        fail "cannot install slurm-wlm and munge: see above"
}

cluster_start() {
    local folder=$1 port=${SLURM_TEST_PORT:-17817} host
    [ "$(id -u)" = 0 ] || fail "the cluster of this test has to be started as root"
    host=$(hostname -s)
    mkdir -p "$folder"/{munge,state,spool,log}
    # munged insists on folders that nobody else can write, and on one for its socket that everybody can reach.
    chmod 711 "$folder" "$folder/munge"
    dd if=/dev/urandom of="$folder/munge/key" bs=128 count=1 status=none
    chmod 600 "$folder/munge/key"
    cluster_configuration "$folder" "$port" "$host" >"$folder/slurm.conf"
    echo "CgroupPlugin=$(cluster_cgroup_plugin)" >"$folder/cgroup.conf"
    export SLURM_CONF=$folder/slurm.conf

    munged --foreground --key-file="$folder/munge/key" --socket="$folder/munge/socket" \
        --pid-file="$folder/munge/pid" --seed-file="$folder/munge/seed" >"$folder/log/munged" 2>&1 &
    cluster_pids+=($!)
    cluster_wait "munged" test -S "$folder/munge/socket"
    slurmctld -D -L "$folder/log/slurmctld" >/dev/null 2>&1 &
    cluster_pids+=($!)
    cluster_wait "slurmctld" scontrol ping
    slurmd -D -N node -L "$folder/log/slurmd" >/dev/null 2>&1 &
    cluster_pids+=($!)
    cluster_wait "slurmd" sh -c 'sinfo --noheader --format=%t | grep -qx idle'
}

# A cluster of one node that says it has two processors, whatever this machine has. Requeued jobs start again as soon as the
# credentials of their first start have expired, which takes two minutes unless told otherwise.
cluster_configuration() {
    local folder=$1 port=$2 host=$3
    cat <<CONF
ClusterName=atrous
SlurmctldHost=$host(127.0.0.1)
SlurmctldPort=$port
SlurmdPort=$((port + 1))
SlurmUser=root
SlurmdUser=root
AuthType=auth/munge
CredType=cred/munge
AuthInfo=socket=$folder/munge/socket,cred_expire=5
StateSaveLocation=$folder/state
SlurmdSpoolDir=$folder/spool
SlurmctldPidFile=$folder/slurmctld.pid
SlurmdPidFile=$folder/slurmd.pid
SlurmctldLogFile=$folder/log/slurmctld
SlurmdLogFile=$folder/log/slurmd
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
JobAcctGatherType=jobacct_gather/none
AccountingStorageType=accounting_storage/none
SelectType=select/cons_tres
SelectTypeParameters=CR_CPU
SlurmdParameters=config_overrides
ReturnToService=2
KillWait=5
MinJobAge=3600
NodeName=node NodeHostname=$host NodeAddr=127.0.0.1 CPUs=2 State=UNKNOWN
PartitionName=all Nodes=ALL Default=YES MaxTime=INFINITE State=UP
CONF
}

# No cgroups. Before version 23.02 there is no word for that; the plugin for version 1 does nothing unless another one asks it to.
cluster_cgroup_plugin() {
    local version
    version=$(slurmd -V | awk '{ split($2, part, "."); print part[1] * 100 + part[2] }')
    if [ "$version" -ge 2302 ]; then echo disabled; else echo cgroup/v1; fi
}

# Waits until a command succeeds; the daemons' logs say why it does not.
cluster_wait() {
    local what=$1 pid=${cluster_pids[-1]}
    shift
    until "$@" >/dev/null 2>&1; do
        kill -0 "$pid" 2>/dev/null || fail "$what has ended: see $(dirname "$SLURM_CONF")/log"
        sleep 0.2
    done
}

cluster_stop() {
    local index
    # In the reverse order: slurmctld writes its state through munged.
    for ((index = ${#cluster_pids[@]} - 1; index >= 0; index--)); do
        kill "${cluster_pids[index]}" 2>/dev/null || true
        wait "${cluster_pids[index]}" 2>/dev/null || true
    done
    cluster_pids=()
}
