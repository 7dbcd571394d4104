/* bench_store DIRECTORY - how fast predictions are written and read by uid, what they take on disk, and how a reader's
 * memory grows with the store. Run by bench/store, which shows a pickle of the same predictions beside it. */
#include "distill/store.h"
#include "base/rng.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { COMMIT_EVERY = 4096, SAMPLES = 64, UID_BYTES = 24, READS = 200000, PUBLISHED_BYTES = 13230 };

typedef struct {
    const char *label;
    int64_t classes, width;
    size_t segments;
} setting;

static double seconds(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

/* A line of /proc/self/status ("RssAnon:"), in MB. */
static double memory_mb(const char *name)
{
    char line[256];
    long kb = 0;
    FILE *file = fopen("/proc/self/status", "r");
    while (file && fgets(line, sizeof line, file))
        if (!strncmp(line, name, strlen(name))) kb = strtol(line + strlen(name), NULL, 10);
    if (file) fclose(file);
    return (double)kb / 1024;
}

static const char *uid_of(size_t i)
{
    static char uid[UID_BYTES];
    snprintf(uid, sizeof uid, "%07zu", i);
    return uid;
}

static status put_labels(store *s, const setting *is)
{
    status st = OK;
    action_class *actions = calloc((size_t)is->classes, sizeof *actions);
    segment *segments = calloc(is->segments, sizeof *segments);
    char(*uids)[UID_BYTES] = calloc(is->segments, sizeof *uids);
    if (!actions || !segments || !uids) TRY(FAIL(ERR_MEMORY, "no memory for %zu segments", is->segments));
    for (int64_t i = 0; i < is->classes; i++) actions[i] = (action_class){"take_pan", "take <v> pan", -1, -1};
    for (size_t i = 0; i < is->segments; i++) {
        memcpy(uids[i], uid_of(i), sizeof uids[i]);
        segments[i] = (segment){.uid = uids[i],
                                .sequence = "P01_02",
                                .start = (double)i / 30,
                                .end = (double)i / 30 + 2,
                                .action = (int64_t)i % is->classes,
                                .verb = -1,
                                .noun = -1};
    }
    class_list classes = {NULL, actions, NULL, NULL, (size_t)is->classes, 0, 0};
    segment_list list = {NULL, segments, is->segments};
    TRY(store_put_classes(s, &classes));
    TRY(store_put_segments(s, "train", &list, NULL));
    TRY(store_commit(s));
done:
    free(actions);
    free(segments);
    free(uids);
    return st;
}

static set_info set_of(const setting *is)
{
    return (set_info){.name = "teacher",
                      .role = "teacher",
                      .encoding = ENCODE_TOPK,
                      .features = is->width ? FEATURES_F16 : FEATURES_NONE,
                      .classes = is->classes,
                      .k = 50,
                      .feature_width = is->width};
}

/* Writes a whole store; `*rate` gets the writes a second, commits included. */
static status write_store(const char *path, const setting *is, double *rate)
{
    status st = OK;
    store *s = NULL;
    set_info info = set_of(is);
    int64_t set = 0;
    rng random = rng_stream(1, 2, 3);
    size_t numbers = (size_t)(is->classes + is->width);
    float *values = malloc(SAMPLES * numbers * sizeof *values);
    if (!values) TRY(FAIL(ERR_MEMORY, "no memory for samples"));
    for (size_t i = 0; i < SAMPLES * numbers; i++) values[i] = (float)rng_normal(&random);
    unlink(path);
    TRY(store_open(path, STORE_WRITE, &s));
    TRY(put_labels(s, is));
    double start = seconds();
    TRY(store_begin_set(s, &info, &set));
    for (size_t i = 0; i < is->segments; i++) {
        const float *sample = values + i % SAMPLES * numbers;
        TRY(store_put(s, set, uid_of(i), sample, is->width ? sample + is->classes : NULL));
        if (i % COMMIT_EVERY == COMMIT_EVERY - 1) TRY(store_commit(s));
    }
    TRY(store_complete_set(s, set, (int64_t)is->segments));
    TRY(store_commit(s));
    *rate = (double)is->segments / (seconds() - start);
done:
    store_close(&s);
    free(values);
    return st;
}

/* READS records in random order; `*grown` and `*grown_private`: MB of memory that took, all and this process's own. */
static status read_store(const char *path, const setting *is, double *rate, double *grown, double *grown_private)
{
    status st = OK;
    store *s = NULL;
    set_info info;
    int64_t set = 0;
    size_t count = 0;
    int32_t classes[50];
    float logits[50], *features = malloc((size_t)(is->width + 1) * sizeof *features);
    rng random = rng_stream(4, 5, 6);
    double all = memory_mb("VmRSS:"), own = memory_mb("RssAnon:");
    if (!features) TRY(FAIL(ERR_MEMORY, "no memory for features"));
    TRY(store_open(path, STORE_READ, &s));
    TRY(store_find_set(s, "teacher", 0, &info, &set));
    double start = seconds();
    for (size_t i = 0; i < READS; i++)
        TRY(store_get_topk(s, set, uid_of(rng_below(&random, is->segments)), classes, logits, &count,
                           is->width ? features : NULL));
    *rate = READS / (seconds() - start);
    *grown = memory_mb("VmRSS:") - all;
    *grown_private = memory_mb("RssAnon:") - own;
done:
    store_close(&s);
    free(features);
    return st;
}

/* One line of the table. Reading is done in a process of its own, whose memory tells nothing of the writing. */
static status measure(const char *path, const setting *is)
{
    status st = OK;
    struct stat info;
    double writes = 0, reads[3] = {0};
    int ends[2] = {-1, -1};
    TRY(write_store(path, is, &writes));
    if (stat(path, &info) || pipe(ends)) TRY(FAIL(ERR_IO, "%s: cannot measure it", path));
    pid_t child = fork();
    if (child == 0) {
        st = read_store(path, is, &reads[0], &reads[1], &reads[2]);
        if (st != OK) fprintf(stderr, "%s\n", fail_message());
        _exit(st != OK || write(ends[1], reads, sizeof reads) != (ssize_t)sizeof reads);
    }
    int how = 1;
    if (child < 0 || waitpid(child, &how, 0) < 0 || how || read(ends[0], reads, sizeof reads) != (ssize_t)sizeof reads)
        TRY(FAIL(ERR_INTERNAL, "%s: reading failed", path));
    double bytes = (double)info.st_size / (double)is->segments;
    printf("%-36s %9zu %9.0f %9.0f %9.0f %9.1f %9.1f %9.1f\n", is->label, is->segments, writes, reads[0], bytes,
           PUBLISHED_BYTES / bytes, reads[1], reads[2]);
done:
    for (int i = 0; i < 2; i++)
        if (ends[i] >= 0) close(ends[i]);
    unlink(path);
    return st;
}

int main(int argc, char **argv)
{
    static const setting SETTINGS[] = {
        {"C=106 k=50", 106, 0, 28472},
        {"C=106 k=50, 768 features float16", 106, 768, 28472},
        {"C=2513 k=50, 768 features float16", 2513, 768, 28472},
        {"the same, 8 times the segments", 2513, 768, 8 * 28472},
    };
    char path[4096];
    status st = OK;
    setvbuf(stdout, NULL, _IOLBF, 0);
    snprintf(path, sizeof path, "%s/bench.sqlite", argc > 1 ? argv[1] : ".");
    printf("%-36s %9s %9s %9s %9s %9s %9s %9s\n", "store", "records", "writes/s", "reads/s", "bytes", "13230 /",
           "MB grown", "private");
    for (size_t i = 0; i < sizeof SETTINGS / sizeof SETTINGS[0]; i++) TRY(measure(path, &SETTINGS[i]));
done:
    if (st != OK) fprintf(stderr, "bench_store: %s\n", fail_message());
    return status_exit_code(st);
}
