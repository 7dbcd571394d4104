#include "tests/fuzz/driver.h"

#include "base/clock.h"
#include "base/file.h"
#include "base/rng.h"

#include <argp.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { SIZE_MOST = 1 << 15, FILES_MOST = 256 };
enum { KEY_SEED = 's', KEY_ROUNDS = 'n', KEY_SECONDS = 't', KEY_STATE = 256, KEY_ONLY };

typedef struct {
    uint64_t seed, rounds, only;
    double seconds;
    const char *state;
    bool shows_one;
    struct {
        char *bytes;
        size_t count;
    } files[FILES_MOST];
    size_t file_count;
} campaign;

/* ---- damage ------------------------------------------------------------------------------------------------------ */

static size_t insert(unsigned char *data, size_t size, size_t at, const void *bytes, size_t count)
{
    if (size + count > SIZE_MOST) return size;
    memmove(data + at + count, data + at, size - at);
    memcpy(data + at, bytes, count);
    return size + count;
}

static size_t damage_once(rng *r, const campaign *c, unsigned char *data, size_t size)
{
    size_t at = rng_below(r, size + 1), piece = rng_below(r, FUZZ_TARGET.piece_count);
    size_t left = size - at, length = 1 + rng_below(r, rng_below(r, 4) ? 8 : 200);
    if (length > left) length = left;
    switch (rng_below(r, 9)) {
    case 0:
    case 1: /* a byte changes, or a bit */
        if (left) data[at] = (unsigned char)(rng_below(r, 2) ? rng_below(r, 256) : data[at] ^ 1u << rng_below(r, 8));
        return size;
    case 2: /* some are lost */ memmove(data + at, data + at + length, left - length); return size - length;
    case 3: /* some come twice */ {
        unsigned char copy[256];
        memcpy(copy, data + at, length);
        return insert(data, size, rng_below(r, size + 1), copy, length);
    }
    case 4: /* a number grows or shrinks a little */
        if (left) data[at] = (unsigned char)(data[at] + rng_below(r, 9) - 4);
        return size;
    case 5: /* cut off, seldom */ return rng_below(r, 6) ? size : at;
    case 6: /* a part of another file */ {
        size_t other = rng_below(r, c->file_count), from = rng_below(r, c->files[other].count + 1);
        size_t count = c->files[other].count - from;
        return insert(data, size, at, c->files[other].bytes + from, count < length ? count : length);
    }
    case 7: /* written over with a piece */
        if (FUZZ_TARGET.pieces[piece].count > left) return size;
        memcpy(data + at, FUZZ_TARGET.pieces[piece].bytes, FUZZ_TARGET.pieces[piece].count);
        return size;
    default: return insert(data, size, at, FUZZ_TARGET.pieces[piece].bytes, FUZZ_TARGET.pieces[piece].count);
    }
}

static void run_round(const campaign *c, uint64_t round)
{
    static unsigned char data[SIZE_MOST];
    rng r = rng_stream(c->seed, 1, round);
    size_t from = rng_below(&r, c->file_count), size = c->files[from].count;
    memcpy(data, c->files[from].bytes, size);
    for (size_t times = rng_below(&r, 6); times > 0; times--) size = damage_once(&r, c, data, size);
    if (c->shows_one) (void)!fwrite(data, 1, size, stdout);
    LLVMFuzzerTestOneInput(data, size);
}

/* ---- campaign ---------------------------------------------------------------------------------------------------- */

static status load_files(campaign *c, char *const *paths)
{
    for (; *paths; paths++) {
        size_t count = 0;
        char *bytes = NULL;
        if (c->file_count == FILES_MOST) return FAIL(ERR_USAGE, "more than %d files", FILES_MOST);
        status st = file_read(*paths, SIZE_MOST, &bytes, &count);
        if (st != OK) return st;
        c->files[c->file_count].bytes = bytes;
        c->files[c->file_count++].count = count;
    }
    return c->file_count ? OK : FAIL(ERR_USAGE, "files to begin with are wanted (--help)");
}

/* The state says which round is at work: one that was killed there is told, and passed over. */
static status state_open(const campaign *c, int *fd, uint64_t *round)
{
    char text[64] = "";
    uint64_t seed = 0;
    *fd = open(c->state, O_RDWR | O_CREAT | O_CLOEXEC, 0644);
    if (*fd < 0) return FAIL(ERR_CREATE, "%s: cannot create", c->state);
    if (pread(*fd, text, sizeof text - 1, 0) <= 0) return OK;
    if (sscanf(text, "seed %" SCNu64 " round %" SCNu64, &seed, round) != 2 || seed != c->seed)
        return FAIL(ERR_INPUT, "%s: is the state of another campaign", c->state);
    if (strstr(text, "at work"))
        fprintf(stderr, "round %" PRIu64 " did not end: see it with --seed %" PRIu64 " --only %" PRIu64 "\n", *round,
                seed, *round);
    *round += strstr(text, "at work") != NULL;
    return OK;
}

static void state_put(const campaign *c, int fd, uint64_t round, const char *what)
{
    char text[64];
    if (fd < 0) return;
    int length = snprintf(text, sizeof text, "seed %-12" PRIu64 " round %-16" PRIu64 " %-7s\n", c->seed, round, what);
    if (pwrite(fd, text, (size_t)length, 0) != length) fprintf(stderr, "%s: cannot write\n", c->state);
}

static status run_campaign(const campaign *c)
{
    status st = OK;
    uint64_t round = 0, first;
    double begun = monotonic_seconds(), slowest = 0, last = begun;
    int fd = -1;
    if (c->state) TRY(state_open(c, &fd, &round));
    for (first = round; round - first < c->rounds && (c->seconds <= 0 || last - begun < c->seconds); round++) {
        state_put(c, fd, round, "at work");
        run_round(c, round);
        double now = monotonic_seconds();
        if (now - last > slowest) slowest = now - last;
        last = now;
    }
    state_put(c, fd, round, "done");
    printf("seed %" PRIu64 ", rounds %" PRIu64 " to %" PRIu64 ", %.0f s, slowest %.3f s, %zu of %" PRIu64 " read\n",
           c->seed, first, round, last - begun, slowest, fuzz_files_read, FUZZ_TARGET.tries * (round - first));
    if (!fuzz_files_read || fuzz_files_read == FUZZ_TARGET.tries * (round - first))
        TRY(FAIL(ERR_INTERNAL, "all files were read, or none: nothing was tried"));
done:
    if (fd >= 0) close(fd);
    return st;
}

static error_t take(int key, char *value, struct argp_state *state)
{
    campaign *c = state->input;
    switch (key) {
    case KEY_SEED: c->seed = strtoull(value, NULL, 10); break;
    case KEY_ROUNDS: c->rounds = strtoull(value, NULL, 10); break;
    case KEY_SECONDS: c->seconds = strtod(value, NULL); break;
    case KEY_STATE: c->state = value; break;
    case KEY_ONLY:
        c->only = strtoull(value, NULL, 10);
        c->shows_one = true;
        break;
    case ARGP_KEY_ARGS: return load_files(c, state->argv + state->next) == OK ? 0 : EINVAL;
    default: return ARGP_ERR_UNKNOWN;
    }
    return 0;
}

int main(int argc, char **argv)
{
    static const struct argp_option options[] = {
        {"seed", KEY_SEED, "S", 0, "Which damages (1)", 0},
        {"rounds", KEY_ROUNDS, "N", 0, "Files tried (without an end)", 0},
        {"seconds", KEY_SECONDS, "T", 0, "Stop after T seconds", 0},
        {"state", KEY_STATE, "FILE", 0, "Keep the place in FILE, and go on there", 0},
        {"only", KEY_ONLY, "ROUND", 0, "This round alone; its file to stdout", 0},
        {0},
    };
    const struct argp about = {options, take, "FILE ...", FUZZ_TARGET.about, NULL, NULL, NULL};
    campaign c = {.seed = 1, .rounds = UINT64_MAX};
    status st = argp_parse(&about, argc, argv, 0, NULL, &c) == 0 ? OK : ERR_USAGE;
    if (st == OK && c.shows_one) run_round(&c, c.only);
    else if (st == OK) st = run_campaign(&c);
    if (st != OK) fprintf(stderr, "%s\n", fail_message());
    for (size_t i = 0; i < c.file_count; i++) free(c.files[i].bytes);
    return status_exit_code(st);
}
