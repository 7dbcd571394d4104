#include "rank/doctor.h"

#include "base/file.h"
#include "conf/command_line.h"
#include "tensor/tensor.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* ---- command line ------------------------------------------------------------------------------------------------ */

enum {
    KEY_RANKS = 'n',
    KEY_OUT = 'o',
    KEY_DEVICE = 'd',
    KEY_GPUS = 'g',
    KEY_THREADS = 't',
    KEY_SEEN = 's',
    KEY_WAIT = 'w',
    KEY_VERSION = 'v',
    KEY_NODES = 'm',
    RANKS_MOST = 1 << 20
};

static const struct argp_option OPTIONS[] = {
    {"ranks", KEY_RANKS, "N", 0, "ranks that were promised", 0},
    {"nodes", KEY_NODES, "N", 0, "nodes that the ranks should be on", 0},
    {"out", KEY_OUT, "DIR", 0, "directory of the run", 0},
    {"device", KEY_DEVICE, "NAME", 0, "auto, cpu or cuda", 0},
    {"gpus", KEY_GPUS, "HOW", 0, "own or shared", 0},
    {"threads", KEY_THREADS, "N", 0, "threads of each rank", 0},
    {"wait", KEY_WAIT, "SECONDS", 0, "for other ranks", 0},
    {"launcher", KEY_VERSION, "VERSION", 0, "of the magister that starts this", 0},
    {"seen", KEY_SEEN, "HOST", 0, "host that the launcher looks at itself", 0},
    {0},
};

typedef struct {
    int ranks, nodes, threads, wait;
    const char *out, *device, *gpus, *seen, *launcher;
} options;

static int number(const char *text, struct argp_state *state)
{
    char *end;
    long value = strtol(text, &end, 10);
    if (end == text || *end || value < 1 || value > RANKS_MOST) argp_error(state, "%s is no number from 1", text);
    return (int)value;
}

static void take_option(int key, char *value, struct argp_state *state)
{
    options *o = ((command_line *)state->input)->self;
    if (key == KEY_RANKS) o->ranks = number(value, state);
    if (key == KEY_THREADS) o->threads = number(value, state);
    if (key == KEY_NODES) o->nodes = number(value, state);
    if (key == KEY_WAIT) o->wait = number(value, state);
    if (key == KEY_VERSION) o->launcher = value;
    if (key == KEY_OUT) o->out = value;
    if (key == KEY_DEVICE) o->device = value;
    if (key == KEY_GPUS) o->gpus = value;
    if (key == KEY_SEEN) o->seen = value;
}

/* ---- who is there ------------------------------------------------------------------------------------------------ */

status answers_gather(comm *c, const char *mine, char ***out)
{
    status st = OK;
    int size = comm_size(c);
    void *all = NULL;
    char **texts = NULL;
    size_t *offsets = calloc((size_t)size + 1, sizeof *offsets);
    if (comm_rank(c) == 0) texts = calloc((size_t)size + 1, sizeof *texts);
    bool full = !offsets || (comm_rank(c) == 0 && !texts);
    TRY(comm_agree(c, full ? FAIL(ERR_MEMORY, "no memory for the texts of %d ranks", size) : OK));
    TRY(comm_gather(c, mine, strlen(mine), 0, &all, offsets));
    for (int r = 0; texts && r < size; r++) {
        texts[r] = strndup((char *)all + offsets[r], offsets[r + 1] - offsets[r]);
        full |= !texts[r];
    }
    TRY(comm_agree(c, full ? FAIL(ERR_MEMORY, "no memory for the texts of %d ranks", size) : OK));
    *out = texts;
    texts = NULL;
done:
    answers_free(&texts, size);
    free(offsets);
    free(all);
    return st;
}

void answers_free(char ***texts, int count)
{
    for (int i = 0; *texts && i < count; i++) free((*texts)[i]);
    free(*texts);
    *texts = NULL;
}

static void find_place(doctor_world *w)
{
    const comm *c = w->comm;
    int node = comm_node_of(c, comm_rank(c));
    w->local_rank = w->local_size = 0;
    for (int r = 0; r < comm_size(c); r++) {
        if (comm_node_of(c, r) != node) continue;
        w->local_rank += r < comm_rank(c);
        w->local_size++;
    }
    w->first_of_node = w->local_rank == 0;
    w->use.ranks = (size_t)w->local_size;
    w->use.nodes = (size_t)comm_node_count(c);
}

/* "n1 2, n2 2": ranks of each node. */
static void tell_world(doctor_world *w, char **hosts)
{
    enum { NAMED = 8 };
    char text[700] = "";
    size_t used = 0;
    int named = 0, size = comm_size(w->comm), nodes = comm_node_count(w->comm);
    for (int r = 0; r < size && used < sizeof text; r++) {
        int node = comm_node_of(w->comm, r), count = 0, first = 0;
        while (comm_node_of(w->comm, first) != node) first++;
        if (first != r || ++named > NAMED) continue;
        for (int other = 0; other < size; other++) count += comm_node_of(w->comm, other) == node;
        used += (size_t)snprintf(text + used, sizeof text - used, "%s%s %d", used ? ", " : "", hosts[r], count);
    }
    const char *library = comm_library();
    finding_ok(&w->found, "MPI", "%s%s%d rank%s on %d node%s (%s%s)", library, library[0] ? ", " : "", size,
               size == 1 ? "" : "s", nodes, nodes == 1 ? "" : "s", text, named > NAMED ? ", ..." : "");
    if (nodes < w->nodes)
        finding_warn(&w->found, "MPI", "start magister in the job's own script, and not by srun as a step of one node",
                     "all ranks are on %d of the %d nodes they should be on", nodes, w->nodes);
}

static status look_around(doctor_world *w)
{
    char **hosts = NULL;
    status st = answers_gather(w->comm, comm_host(w->comm), &hosts);
    if (hosts) tell_world(w, hosts);
    answers_free(&hosts, comm_size(w->comm));
    return st;
}

/* ---- main -------------------------------------------------------------------------------------------------------- */

static bool print(const findings *found, size_t from)
{
    bool good = true;
    for (size_t i = from; good && i < found->count; i++) good = finding_write(&found->at[i], stdout);
    return good && fflush(stdout) == 0;
}

static const struct {
    const char *topic;
    status (*run)(doctor_world *w);
    const char *advice; /* where it breaks off */
} PARTS[] = {
    {"MPI", look_around, "see whether these nodes and their network run"},
    {"versions", doctor_versions, "see whether these nodes and their network run"},
    {"GPU", doctor_gpus, "see whether the driver of these nodes answers: nvidia-smi"},
    {"nodes", doctor_nodes_look, "see whether these nodes answer: their name server, their file systems"},
    {"out", doctor_out, "see whether the file system of `out` answers on these nodes"},
    {"clocks", doctor_clocks, "see whether these nodes and their network run"},
    {"network", doctor_network,
     "see whether a firewall keeps these nodes apart, and which network MPI may use "
     "(OMPI_MCA_btl_tcp_if_include)"},
};

/* The failure of this thread, without the hints that are for a run. */
static void tell_broken(doctor_world *w, const char *topic, const char *advice, status st)
{
    const char *text = fail_message(), *hint = strstr(text, "; see the logs of these ranks");
    if (!hint) hint = strstr(text, ": see its log");
    finding_fail(&w->found, topic, st, advice, "%.*s", hint ? (int)(hint - text) : (int)strlen(text), text);
    fail_clear();
}

/* A broken world is told by ranks 0 and 1: one of them lives, and the others know no more. */
static status examine(doctor_world *w)
{
    status st = OK;
    size_t printed = 0;
    for (size_t i = 0; st == OK && i < sizeof PARTS / sizeof PARTS[0]; i++) {
        st = PARTS[i].run(w);
        if (st != OK) tell_broken(w, PARTS[i].topic, PARTS[i].advice, st);
        if (comm_rank(w->comm) > (st == OK ? 0 : 1)) continue;
        if (!print(&w->found, printed)) return FAIL(ERR_IO, "cannot write to stdout");
        printed = w->found.count;
    }
    if (comm_rank(w->comm) == 0) puts(DOCTOR_DONE), fflush(stdout);
    return st;
}

int doctor_main(int argc, char **argv)
{
    static char command[] = "magister-rank doctor";
    options o = {.ranks = 1, .threads = 1, .wait = 3, .out = ".", .device = "auto", .gpus = "own"};
    command_line line = {
        OPTIONS, "", "What ranks find about each other. `magister doctor` starts it.", 0, 0, take_option, &o, {0}};
    doctor_world w = {0};
    argv[0] = command;
    status st = arguments_parse(&line, argc, argv);
    w.use = (machine_use){.out = o.out, .device = o.device, .threads = (size_t)o.threads};
    w.use.gpus_shared = !strcmp(o.gpus, "shared");
    w.seen = o.seen;
    w.nodes = o.nodes;
    w.launcher = o.launcher ? o.launcher : MAGISTER_VERSION;
    if (st == OK) st = comm_open(o.ranks, o.wait, &w.comm);
    if (st == OK) {
        find_place(&w);
        st = examine(&w);
    } else {
        finding_fail_told(&w.found, "MPI", st, "");
        print(&w.found, 0);
    }
    if (st == OK) st = findings_code(&w.found);
    findings_free(&w.found);
    comm_close(&w.comm);
    free(line.found.at);
    return status_exit_code(st);
}
