/* hostile - the good videos whose changed copies are tried, and what must not grow over them. */
#ifndef MAGISTER_TESTS_VIDEO_HOSTILE_H
#define MAGISTER_TESTS_VIDEO_HOSTILE_H

#include "tests/fault/video/mutate.h"
#include "tests/unit/data/scratch.h"

#include <dirent.h>
#include <time.h>

enum { FILES_MOST = 24, FILE_BYTES_MOST = 1 << 20 };
#ifdef __SANITIZE_ADDRESS__
#define GROWTH_MOST 512 /* it keeps what was freed, and looks for leaks itself */
#else
#define GROWTH_MOST 64 /* MiB of resident memory, after the first tenth of the copies */
#endif

typedef struct {
    char *bytes;
    size_t count;
} content;

static content files[FILES_MOST];
static size_t file_count;

static inline double seconds_now(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec + 1e-9 * (double)now.tv_nsec;
}

static inline size_t open_descriptors(void)
{
    size_t count = 0;
    DIR *folder = opendir("/proc/self/fd");
    assert_non_null(folder);
    while (readdir(folder)) count++;
    closedir(folder);
    return count;
}

static inline double resident_mebibytes(void)
{
    long total = 0, resident = 0;
    FILE *file = fopen("/proc/self/statm", "r");
    assert_non_null(file);
    assert_int_equal(fscanf(file, "%ld %ld", &total, &resident), 2);
    fclose(file);
    return (double)resident * (double)sysconf(_SC_PAGESIZE) / (1 << 20);
}

static inline void add_file(const char *path)
{
    content *c = &files[file_count];
    if (file_count < FILES_MOST && file_exists(path) && file_read(path, FILE_BYTES_MOST, &c->bytes, &c->count) == OK)
        file_count++;
    fail_clear();
}

static inline void make_file(const char *name, const char *options)
{
    char command[1024], path[256];
    snprintf(path, sizeof path, "%s/%s", scratch_directory, name);
    snprintf(command, sizeof command,
             "ffmpeg -v quiet -f lavfi -i testsrc2=size=96x64:rate=25:duration=1 %s '%s' 2>/dev/null", options, path);
    if (system(command) == 0) add_file(path);
}

static inline int find_files(void **state)
{
    static const char *const SHARED[] = {"decord_unordered.mov",     "torchcodec_h265_video.mp4", "decord_video_90.mov",
                                         "torchcodec_av1_video.mkv", "decord_corrupted.mp4",      "mmaction2_test.avi"};
    if (scratch_open(state)) return -1;
    for (size_t i = 0; i < sizeof SHARED / sizeof SHARED[0]; i++) {
        char path[256];
        snprintf(path, sizeof path, "../shared/data/videos/%s", SHARED[i]);
        add_file(path);
    }
    make_file("a.mp4", "-c:v libx264 -bf 2 -g 8");
    make_file("b.mkv", "-c:v libx264 -bf 2 -g 8");
    make_file("c.ts", "-c:v libx264 -bf 2 -g 8");
    make_file("d.avi", "-c:v mpeg4 -bf 2");
    make_file("e.webm", "-c:v libvpx -auto-alt-ref 1 -lag-in-frames 8");
    make_file("f.mp4", "-c:v libx264 -movflags frag_keyframe+empty_moov -g 8");
    make_file("g.flv", "-c:v flv1");
    return 0;
}

static inline int drop_files(void **state)
{
    while (file_count) free(files[--file_count].bytes);
    return scratch_close(state);
}

/* Tries a changed copy, number `i`; OK when it gave frames, else the reason. `r` goes on from what changed it. */
typedef status (*hostile_try)(rng *r, size_t i, const char *bytes, size_t count);

/* So many changed copies, by seed; returns the longest that one took, in seconds. Skips where there are no files. */
static inline double try_mutations(uint64_t seed, size_t copies, hostile_try attempt)
{
    size_t good = 0, bad = 0, descriptors = 0;
    double memory = 0, slowest = 0;
    char *bytes = malloc(FILE_BYTES_MOST);
    assert_non_null(bytes);
    if (!file_count) {
        print_message("neither shared videos nor ffmpeg are here\n");
        free(bytes);
        skip();
    }
    for (size_t i = 0; i < copies; i++) {
        rng r = rng_stream(seed, 1, i);
        size_t count = mutate(&r, files[i % file_count].bytes, files[i % file_count].count, bytes);
        double start = seconds_now();
        if (attempt(&r, i, bytes, count) == OK) good++;
        else bad++;
        double took = seconds_now() - start;
        if (took > slowest) slowest = took;
        if (i == copies / 10) {
            descriptors = open_descriptors();
            memory = resident_mebibytes();
        }
    }
    free(bytes);
    double grown = resident_mebibytes() - memory;
    print_message("%zu copies of %zu files: %zu gave frames, %zu a reason; slowest %.2f s, memory grew by %.1f MiB\n",
                  copies, file_count, good, bad, slowest, grown);
    assert_true(good > copies / 10 && bad > copies / 50); /* or the changes try nothing */
    assert_int_equal(open_descriptors(), descriptors);
    assert_true(grown < GROWTH_MOST);
    return slowest;
}

#endif
