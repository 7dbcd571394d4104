/* What ranks find together. Each part gathers a text of every rank to rank 0, which judges them. */
#include "base/clock.h"
#include "base/file.h"
#include "rank/doctor.h"
#include "rank/gpus.h"
#include "rank/libraries.h"
#include "tensor/tensor.h"
#include "video/decoder.h"

#include <errno.h>
#include <fcntl.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

enum { TOLD_MOST = 12 }; /* lines of one kind; what is wrong everywhere needs no more */

/* MAGISTER_TEST_DOCTOR="1 clock": tests let a rank look as if something were wrong with it. */
static bool pretends(const doctor_world *w, const char *what)
{
    const char *wish = getenv("MAGISTER_TEST_DOCTOR");
    char mine[64];
    snprintf(mine, sizeof mine, "%d %s", comm_rank(w->comm), what);
    return wish && !strcmp(wish, mine);
}

/* Host names of all ranks; only rank 0 needs them. */
static status hosts_gather(doctor_world *w, char ***out)
{
    return answers_gather(w->comm, comm_host(w->comm), out);
}

/* ---- versions ---------------------------------------------------------------------------------------------------- */

static bool decides_results(const char *library)
{
    static const char *const NAMES[] = {"magister-rank", "libtorch", "libc10", "libmpi.", "libnccl", "libcuda"};
    for (size_t i = 0; i < sizeof NAMES / sizeof NAMES[0]; i++)
        if (!strncmp(library, NAMES[i], strlen(NAMES[i]))) return true;
    return false;
}

static void tell_other_library(doctor_world *w, const char *library, const char *host, const char *other_host,
                               int other, int count)
{
    static const char ADVICE[] = "let all nodes see the same installation; what is found first may differ "
                                 "(LD_LIBRARY_PATH, modules)";
    char text[512];
    snprintf(text, sizeof text, "%s of rank %d (%s) is another than that of rank 0 (%s); %d rank%s differ%s", library,
             other, other_host, host, count, count == 1 ? "" : "s", count == 1 ? "s" : "");
    if (decides_results(library)) finding_fail(&w->found, "versions", ERR_RANK, ADVICE, "%s", text);
    else finding_warn(&w->found, "versions", ADVICE, "%s", text);
}

/* texts: "AVX512\nlibrary id\nlibrary id\n..." */
static void judge_versions(doctor_world *w, char **texts, char **hosts)
{
    int size = comm_size(w->comm), other_cpu = 0, others = 0;
    if (strcmp(w->launcher, MAGISTER_VERSION))
        finding_fail(&w->found, "versions", ERR_MISSING, "install them together, or set MAGISTER_RANK to the right one",
                     "this is magister %s and its magister-rank is %s", w->launcher, MAGISTER_VERSION);
    else
        finding_ok(&w->found, "versions", "magister %s, libtorch %s (%s), %s", MAGISTER_VERSION, t_library_version(),
                   t_cpu_capability(), video_library());
    char library[128], first[128] = "";
    int first_other = 0;
    for (int r = 1; r < size; r++) {
        size_t length = strcspn(texts[0], "\n");
        if (strcspn(texts[r], "\n") != length || strncmp(texts[0], texts[r], length))
            other_cpu = other_cpu ? other_cpu : r;
        libraries_compare(texts[0] + length, texts[r] + strcspn(texts[r], "\n"), decides_results, library,
                          sizeof library);
        if (!library[0]) continue;
        if (!others++ || (decides_results(library) && !decides_results(first))) {
            snprintf(first, sizeof first, "%s", library);
            first_other = r;
        }
    }
    if (others) tell_other_library(w, first, hosts[0], hosts[first_other], first_other, others);
    if (other_cpu)
        finding_warn(&w->found, "versions",
                     "results depend on which nodes a run gets: ask for nodes of one kind "
                     "(Slurm: --constraint)",
                     "rank %d (%s) computes with %.*s and rank 0 (%s) with %.*s", other_cpu, hosts[other_cpu],
                     (int)strcspn(texts[other_cpu], "\n"), texts[other_cpu], hosts[0], (int)strcspn(texts[0], "\n"),
                     texts[0]);
    if (!others && !other_cpu && size > 1)
        finding_ok(&w->found, "versions", "the same program and libraries on all ranks");
}

status doctor_versions(doctor_world *w)
{
    status st = OK;
    char *list = libraries_list(), *mine = NULL, **texts = NULL, **hosts = NULL;
    char *torch = list && pretends(w, "library") ? strstr(list, "libtorch_cpu.so ") : NULL;
    if (torch) torch[strlen("libtorch_cpu.so ")] = '-';
    if (!list || asprintf(&mine, "%s\n%s", pretends(w, "cpu") ? "DEFAULT" : t_cpu_capability(), list) < 0) mine = NULL;
    TRY(comm_agree(w->comm, mine ? OK : FAIL(ERR_MEMORY, "no memory for the list of libraries")));
    TRY(hosts_gather(w, &hosts));
    TRY(answers_gather(w->comm, mine, &texts));
    if (texts) judge_versions(w, texts, hosts);
done:
    answers_free(&texts, comm_size(w->comm));
    answers_free(&hosts, comm_size(w->comm));
    free(mine);
    free(list);
    return st;
}

/* ---- GPUs -------------------------------------------------------------------------------------------------------- */

typedef struct {
    int count, driver, library;
    double gigabytes;
    char bus[32], uuid[33], name[96];
} gpu_text;

static gpu_text gpu_read(const char *text)
{
    gpu_text gpu = {0};
    sscanf(text, "%d %d %d %lf %31s %32s %95[^\n]", &gpu.count, &gpu.driver, &gpu.library, &gpu.gigabytes, gpu.bus,
           gpu.uuid, gpu.name);
    return gpu;
}

/* The first rank before `r` on the same GPU; -1 without. */
static int shares_gpu(char **texts, int r)
{
    gpu_text mine = gpu_read(texts[r]);
    for (int other = 0; other < r && mine.name[0]; other++)
        if (!strcmp(gpu_read(texts[other]).uuid, mine.uuid)) return other;
    return -1;
}

static void judge_gpus(doctor_world *w, char **texts, char **hosts)
{
    bool wanted = !strcmp(w->use.device, "cuda");
    int size = comm_size(w->comm), with = 0, told = 0;
    for (int r = 0; r < size; r++) with += gpu_read(texts[r]).name[0] != '\0';
    if (!with && !wanted) return; /* the launcher has told it of its machine */
    for (int r = 0; r < size && told < TOLD_MOST; r++) {
        gpu_text gpu = gpu_read(texts[r]);
        int other = shares_gpu(texts, r);
        if (!gpu.name[0])
            finding_fail(&w->found, "GPU", ERR_CONFIG,
                         "ask for a GPU a rank (Slurm: --gpus-per-node), take fewer ranks a "
                         "node, or set device: cpu",
                         "rank %d (%s) has none: %d can be seen there", r, hosts[r], gpu.count),
                told++;
        else if (other >= 0 && !w->use.gpus_shared)
            finding_fail(&w->found, "GPU", ERR_CONFIG,
                         "take as many ranks a node as it has GPUs, or set launch.gpus: shared",
                         "ranks %d and %d have the same %s at %s of %s", other, r, gpu.name, gpu.bus, hosts[r]),
                told++;
        else if (!gpu.library)
            finding_warn(&w->found, "GPU", "install libtorch with CUDA there",
                         "rank %d (%s) has a GPU and a libtorch without its CUDA half", r, hosts[r]),
                told++;
    }
    gpu_text first = gpu_read(texts[0]);
    if (!told)
        finding_ok(&w->found, "GPU", "%d rank%s, each with a GPU%s; rank 0: %s, %.0f GB, driver for CUDA %d.%d", size,
                   size == 1 ? "" : "s", w->use.gpus_shared ? " that others may use too" : "", first.name,
                   first.gigabytes, first.driver / 1000, first.driver % 1000 / 10);
}

status doctor_gpus(doctor_world *w)
{
    status st = OK;
    t_gpu gpu = {0};
    char mine[256], **texts = NULL, **hosts = NULL;
    if (strcmp(w->use.device, "cpu")) t_gpu_ask(0, &gpu);
    if (gpu.count) t_gpu_ask(gpu_for_rank(w->local_rank, gpu.count, w->use.gpus_shared), &gpu);
    snprintf(mine, sizeof mine, "%d %d %d %.1f %s %s %s", gpu.count, gpu.driver, gpu.library, gpu.gigabytes,
             gpu.bus[0] ? gpu.bus : "-", gpu.uuid[0] ? gpu.uuid : "-", gpu.name);
    TRY(hosts_gather(w, &hosts));
    TRY(answers_gather(w->comm, mine, &texts));
    if (texts) judge_gpus(w, texts, hosts);
done:
    answers_free(&texts, comm_size(w->comm));
    answers_free(&hosts, comm_size(w->comm));
    return st;
}

/* ---- nodes ------------------------------------------------------------------------------------------------------- */

/* New string: this node's findings as lines. */
static char *look_here(const doctor_world *w)
{
    static void (*const CHECKS[])(const machine_use *, findings *) = {check_host,   check_ports, check_cores,
                                                                      check_memory, check_shm,   check_clock};
    findings found = {0};
    char *text = NULL;
    size_t size;
    FILE *to = open_memstream(&text, &size);
    bool mine = w->first_of_node && !(w->seen && !strcmp(w->seen, comm_host(w->comm)));
    for (size_t i = 0; mine && i < sizeof CHECKS / sizeof CHECKS[0]; i++) CHECKS[i](&w->use, &found);
    for (size_t i = 0; to && i < found.count; i++) finding_write(&found.at[i], to);
    if (to) fclose(to);
    findings_free(&found);
    return text;
}

/* "n2, n3: found", the hosts in front of what they have in common. */
static void add_for_host(findings *all, const finding *f, const char *host)
{
    for (size_t i = 0; i < all->count; i++) {
        finding *known = &all->at[i];
        char *colon = strstr(known->found, ": ");
        if (!colon || strcmp(known->topic, f->topic) || strcmp(colon + 2, f->found)) continue;
        char merged[sizeof known->found];
        snprintf(merged, sizeof merged, "%.*s, %s%s", (int)(colon - known->found), known->found, host, colon);
        memcpy(known->found, merged, sizeof merged);
        return;
    }
    finding copy = *f;
    snprintf(copy.found, sizeof copy.found, "%s: %.900s", host, f->found);
    finding_copy(all, &copy);
}

static void judge_nodes(doctor_world *w, char **texts, char **hosts)
{
    findings all = {0};
    finding f;
    char looked_at[512] = "";
    size_t used = 0;
    for (int r = 0; r < comm_size(w->comm); r++) {
        char *rest = NULL;
        if (texts[r][0] && used < sizeof looked_at)
            used += (size_t)snprintf(looked_at + used, sizeof looked_at - used, "%s%s", used ? ", " : "", hosts[r]);
        for (char *line = strtok_r(texts[r], "\n", &rest); line; line = strtok_r(NULL, "\n", &rest))
            if (finding_read(line, &f) && f.level != FINDING_OK) add_for_host(&all, &f, hosts[r]);
    }
    for (size_t i = 0; i < all.count && i < TOLD_MOST; i++) finding_copy(&w->found, &all.at[i]);
    if (all.count > TOLD_MOST)
        finding_note(&w->found, "nodes", "", "%zu more lines like these are left out", all.count - TOLD_MOST);
    if (used && findings_worst(&all) < FINDING_WARNING)
        finding_ok(&w->found, "nodes", "host, ports, cores, memory and shm are well on %s", looked_at);
    findings_free(&all);
}

status doctor_nodes_look(doctor_world *w)
{
    status st = OK;
    char *mine, **texts = NULL, **hosts = NULL;
    if (pretends(w, "hang")) pause();
    if (pretends(w, "die")) _exit(9);
    mine = look_here(w);
    TRY(hosts_gather(w, &hosts));
    TRY(answers_gather(w->comm, mine ? mine : "", &texts));
    if (texts) judge_nodes(w, texts, hosts);
done:
    answers_free(&texts, comm_size(w->comm));
    answers_free(&hosts, comm_size(w->comm));
    free(mine);
    return st;
}

/* ---- out --------------------------------------------------------------------------------------------------------- */

enum { PATH_BYTES = 4096, TOKEN_BYTES = 64 };
static const double SEE_SECONDS = 1.5; /* until a file must be seen by all */

typedef struct {
    char path[PATH_BYTES], token[TOKEN_BYTES];
} shared_file;

/* Rank 0's file, locked while `*fd` is open. */
static status shared_create(const doctor_world *w, shared_file *file, int *fd)
{
    status st = OK;
    char *directory = NULL;
    struct flock whole = {.l_type = F_WRLCK, .l_whence = SEEK_SET};
    TRY(nearest_directory(w->use.out, &directory));
    int length = snprintf(file->path, sizeof file->path, "%s/.magister-doctor.XXXXXX", directory);
    if (length >= (int)sizeof file->path) TRY(FAIL(ERR_CREATE, "%s: its name is too long", directory));
    snprintf(file->token, sizeof file->token, "%.6f", wall_seconds());
    *fd = mkostemp(file->path, O_CLOEXEC);
    if (*fd < 0) TRY(FAIL(ERR_CREATE, "%s: nothing can be created there: %s", directory, strerror(errno)));
    if (write(*fd, file->token, sizeof file->token) != sizeof file->token || fsync(*fd))
        TRY(FAIL(ERR_IO, "%s: nothing can be written there: %s", directory, strerror(errno)));
    if (fcntl(*fd, F_SETLK, &whole))
        TRY(FAIL(ERR_CREATE, "%s: files cannot be locked: %s", directory, strerror(errno)));
done:
    free(directory);
    return st;
}

/* What this rank makes of rank 0's file: a letter, and words for a person. */
static void shared_look(const doctor_world *w, const shared_file *file, char *out, size_t size)
{
    char token[TOKEN_BYTES] = "", mine[PATH_BYTES + 32];
    struct flock whole = {.l_type = F_WRLCK, .l_whence = SEEK_SET};
    double end = monotonic_seconds() + SEE_SECONDS;
    int fd;
    while ((fd = open(file->path, O_RDWR | O_CLOEXEC)) < 0 && errno == ENOENT && monotonic_seconds() < end)
        nanosleep(&(struct timespec){.tv_nsec = 50000000}, NULL);
    if (fd < 0) {
        snprintf(out, size, "m%s", strerror(errno));
        return;
    }
    bool same = read(fd, token, sizeof token) == sizeof token && !memcmp(token, file->token, sizeof token);
    bool locked = fcntl(fd, F_SETLK, &whole) && (errno == EAGAIN || errno == EACCES);
    close(fd);
    snprintf(mine, sizeof mine, "%s.rank%d", file->path, comm_rank(w->comm));
    int own = open(mine, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600), reason = errno;
    if (own >= 0) close(own), unlink(mine);
    if (!same) snprintf(out, size, "d");
    else if (own < 0) snprintf(out, size, "w%s", strerror(reason));
    else snprintf(out, size, "%s", locked ? "s" : "l");
}

static void judge_out(doctor_world *w, char **texts, char **hosts)
{
    static const char ADVICE[] = "take a place on a file system that all nodes share: out=DIR";
    const char *out = w->use.out;
    int size = comm_size(w->comm), told = 0;
    for (int r = 1; r < size && told < TOLD_MOST; r++) {
        char *text = texts[r];
        bool again = false; /* ranks of one host see the same */
        for (int before = 1; before < r; before++)
            again |= !strcmp(hosts[before], hosts[r]) && !strcmp(texts[before], text);
        if (again || text[0] == 's') continue;
        told++;
        if (text[0] == 'm')
            finding_fail(&w->found, "out", ERR_CREATE, ADVICE,
                         "a file that rank 0 (%s) has written in %s is not seen by "
                         "rank %d (%s): %s",
                         hosts[0], out, r, hosts[r], text + 1);
        else if (text[0] == 'd')
            finding_fail(&w->found, "out", ERR_IO, ADVICE,
                         "rank %d (%s) reads something else in %s than rank 0 (%s) has "
                         "written",
                         r, hosts[r], out, hosts[0]);
        else if (text[0] == 'w')
            finding_fail(&w->found, "out", ERR_CREATE, ADVICE, "rank %d (%s) cannot write in %s: %s", r, hosts[r], out,
                         text + 1);
        else
            finding_warn(&w->found, "out",
                         "start one run at a time in a directory: two would not notice each other "
                         "(Lustre: mount with flock)",
                         "in %s rank %d (%s) does not see a lock that rank 0 (%s) holds", out, r, hosts[r], hosts[0]);
    }
    if (!told && size > 1) finding_ok(&w->found, "out", "all ranks see what is written there, and who locks it");
}

static status doctor_out_look(doctor_world *w, const shared_file *file)
{
    status st = OK;
    char mine[256] = "s", **texts = NULL, **hosts = NULL;
    if (pretends(w, "out")) snprintf(mine, sizeof mine, "m%s", strerror(ENOENT));
    else if (comm_rank(w->comm)) shared_look(w, file, mine, sizeof mine);
    TRY(hosts_gather(w, &hosts));
    TRY(answers_gather(w->comm, mine, &texts));
    if (texts) judge_out(w, texts, hosts);
done:
    answers_free(&texts, comm_size(w->comm));
    answers_free(&hosts, comm_size(w->comm));
    return st;
}

status doctor_out(doctor_world *w)
{
    status st = OK;
    int fd = -1;
    shared_file file = {.path = ""};
    bool root = comm_rank(w->comm) == 0, failed = false;
    status made = root ? shared_create(w, &file, &fd) : OK;
    failed = made != OK;
    if (failed) finding_fail_told(&w->found, "out", made, "take another place: out=DIR");
    TRY(comm_any(w->comm, &failed));
    if (failed) goto done;
    TRY(comm_broadcast(w->comm, &file, sizeof file, 0));
    TRY(doctor_out_look(w, &file));
done:
    if (fd >= 0) unlink(file.path);
    if (fd >= 0) close(fd);
    return st;
}

/* ---- clocks ------------------------------------------------------------------------------------------------------ */

enum { CLOCK_ROUNDS = 8 };
static const double CLOCK_GOOD = 2; /* seconds */

typedef struct {
    double enter[CLOCK_ROUNDS], leave[CLOCK_ROUNDS]; /* of barriers, by this rank's clock */
} clock_times;

/* Nobody leaves a barrier before all have entered it: so each round bounds how far rank b's clock is ahead of rank
 * a's, whatever the barrier took. */
static void bound_offset(const clock_times *a, const clock_times *b, double *least, double *most)
{
    *least = -INFINITY;
    *most = INFINITY;
    for (int i = 0; i < CLOCK_ROUNDS; i++) {
        *least = fmax(*least, b->enter[i] - a->leave[i]);
        *most = fmin(*most, b->leave[i] - a->enter[i]);
    }
}

static void judge_clocks(doctor_world *w, const clock_times *times, char **hosts)
{
    double worst = 0, width = 0;
    int worst_rank = 0;
    for (int r = 1; r < comm_size(w->comm); r++) {
        double least, most;
        bound_offset(&times[0], &times[r], &least, &most);
        double offset = least > 0 ? least : most < 0 ? most : 0; /* the smallest that fits */
        if (fabs(offset) >= fabs(worst)) worst = offset, worst_rank = r;
        width = fmax(width, most - least);
    }
    if (fabs(worst) > CLOCK_GOOD)
        finding_warn(&w->found, "clocks",
                     "let all nodes follow one time server (chrony): logs cannot be put side by side, "
                     "and Slurm's munge refuses messages of 5 minutes",
                     "rank %d (%s) is %.1f s %s rank 0 (%s)", worst_rank, hosts[worst_rank], fabs(worst),
                     worst > 0 ? "ahead of" : "behind", hosts[0]);
    else if (comm_node_count(w->comm) > 1)
        finding_ok(&w->found, "clocks", "all nodes agree within %.0f ms (measured to %.1f ms)",
                   ceil(1e3 * (fabs(worst) + width)), 1e3 * width);
}

status doctor_clocks(doctor_world *w)
{
    status st = OK;
    clock_times mine;
    char **hosts = NULL;
    void *all = NULL;
    double ahead = pretends(w, "clock") ? 100 : 0;
    for (int i = 0; i < CLOCK_ROUNDS; i++) {
        mine.enter[i] = wall_seconds() + ahead;
        TRY(comm_barrier(w->comm));
        mine.leave[i] = wall_seconds() + ahead;
    }
    TRY(hosts_gather(w, &hosts));
    TRY(comm_gather(w->comm, &mine, sizeof mine, 0, &all, NULL));
    if (all) judge_clocks(w, all, hosts);
done:
    answers_free(&hosts, comm_size(w->comm));
    free(all);
    return st;
}

/* ---- network ----------------------------------------------------------------------------------------------------- */

enum { LARGE_BYTES = 1 << 20, SUM_VALUES = 1 << 16 };

/* Small whole numbers: their sum is exact in any order. */
static status check_sum(doctor_world *w, double *seconds)
{
    status st = OK;
    int size = comm_size(w->comm);
    float *values = NULL;
    bool wrong = false;
    TRY(comm_shared_alloc(w->comm, SUM_VALUES, &values));
    for (int i = 0; i < SUM_VALUES; i++) values[i] = (float)((i + comm_rank(w->comm)) % 7);
    double begun = monotonic_seconds();
    TRY(comm_sum_shared(w->comm, values, SUM_VALUES, false));
    *seconds = monotonic_seconds() - begun;
    for (int i = 0; i < SUM_VALUES; i++) {
        int expected = 0;
        for (int r = 0; r < size; r++) expected += (i + r) % 7;
        wrong |= values[i] != (float)expected;
    }
    TRY(comm_agree(w->comm, wrong ? FAIL(ERR_RANK, "the sum over all ranks is wrong") : OK));
done:
    return st;
}

static void judge_network(doctor_world *w, const comm_link *links, double sum_seconds, char **hosts)
{
    const comm_link *slow = NULL, *narrow = NULL;
    int slow_rank = 0, narrow_rank = 0, nodes = comm_node_count(w->comm);
    for (int r = 0; r < comm_size(w->comm); r++) {
        if (links[r].bandwidth <= 0) continue;
        if (!slow || links[r].latency > slow->latency) slow = &links[r], slow_rank = r;
        if (!narrow || links[r].bandwidth < narrow->bandwidth) narrow = &links[r], narrow_rank = r;
    }
    if (!slow)
        finding_ok(&w->found, "network", "one node; a sum of %d KB over its ranks in %.2f ms", SUM_VALUES * 4 / 1000,
                   1e3 * sum_seconds);
    else
        finding_ok(
            &w->found, "network",
            "%d nodes reach each other; slowest: %.0f us (%s, %s), %.2f GB/s (%s, %s); a sum of %d KB in %.2f ms",
            nodes, 1e6 * slow->latency, hosts[slow->latency_rank], hosts[slow_rank], 1e-9 * narrow->bandwidth,
            hosts[narrow->bandwidth_rank], hosts[narrow_rank], SUM_VALUES * 4 / 1000, 1e3 * sum_seconds);
}

status doctor_network(doctor_world *w)
{
    status st = OK;
    comm_link mine;
    double sum_seconds = 0;
    void *all = NULL;
    char **hosts = NULL;
    if (comm_size(w->comm) == 1) goto done;
    TRY(comm_probe(w->comm, LARGE_BYTES, &mine));
    TRY(check_sum(w, &sum_seconds));
    TRY(hosts_gather(w, &hosts));
    TRY(comm_gather(w->comm, &mine, sizeof mine, 0, &all, NULL));
    if (all) judge_network(w, all, sum_seconds, hosts);
done:
    answers_free(&hosts, comm_size(w->comm));
    free(all);
    return st;
}
