/* Damaged files of weights: each is read or refused with a message that names it, never more.
 *
 * Under clang's libFuzzer (-fsanitize=fuzzer,address,undefined) this is its target. Otherwise (WITH_MAIN) a driver of
 * its own damages good files by a seed: a round is a function of (seed, round), so it can be shown again, and a
 * campaign that was interrupted goes on where it was.
 */
#include "weights/weights.h"
#include "base/rng.h"
#include "weights/bytes.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <zlib.h>

enum { READ_MOST = 16 << 20 };

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static size_t files_read; /* of all that were tried: that are not all refused is what makes the rest worth something */

static void give_up(const char *what)
{
    fprintf(stderr, "%s: \"%s\"\n", what, fail_message());
    abort();
}

static void read_everything(weight_file *f)
{
    char *text = json_dumps(weight_file_values(f), 0);
    free(text);
    for (size_t i = 0; i < weight_file_count(f); i++) {
        const weight_info *info = weight_file_at(f, i);
        void *bytes = info->bytes <= READ_MOST ? malloc((size_t)info->bytes + 1) : NULL;
        const char *at_hand = weight_file_at_hand(f, info);
        if (weight_file_find(f, info->name) != info) give_up("a tensor is not found by its name");
        status st = bytes ? weight_file_read(f, info, bytes) : OK;
        if (st != OK && st != ERR_INPUT) give_up("a tensor that is neither read nor refused");
        if (bytes && at_hand && memcmp(bytes, at_hand, (size_t)info->bytes))
            give_up("what is at hand is not what is read");
        free(bytes);
        fail_clear();
    }
}

static void try_bytes(const void *bytes, size_t size, bool all)
{
    static const char path[] = "damaged.pth";
    weight_file *f = NULL;
    status st = weight_file_open_bytes(path, bytes, size, all, &f);
    if (st != OK && (st != ERR_INPUT || !strstr(fail_message(), path))) give_up("neither read nor refused");
    if ((st == OK) != (f != NULL) || (st == OK) != !fail_message()[0]) give_up("read and refused");
    fail_clear();
    files_read += f != NULL;
    if (f) read_everything(f);
    weight_file_close(&f);
}

/* Makes the check sums of a zip archive's stored entries right again, so that what was damaged is looked at. */
static void mend_check_sums(unsigned char *data, size_t size)
{
    for (size_t at = 0; at + 46 <= size; at++) {
        if (memcmp(data + at, "PK\1\2", 4)) continue;
        uint64_t packed = bytes_number(data + at + 20, 4), header = bytes_number(data + at + 42, 4);
        if (header + 30 > size || memcmp(data + header, "PK\3\4", 4)) continue;
        uint64_t begin = header + 30 + bytes_number(data + header + 26, 2) + bytes_number(data + header + 28, 2);
        if (begin > size || packed > size - begin) continue;
        uint32_t crc = (uint32_t)crc32_z(0, data + begin, (size_t)packed);
        memcpy(data + at + 16, &crc, sizeof crc);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    unsigned char *copy = malloc(size ? size : 1); /* of its size, so that a byte read behind it is seen */
    if (!copy) give_up("no memory");
    if (size) memcpy(copy, data, size);
    if (size % 4) mend_check_sums(copy, size);
    try_bytes(copy, size, false);
    try_bytes(copy, size, true);
    free(copy);
    return 0;
}

#ifdef WITH_MAIN

#include "base/clock.h"
#include "base/file.h"

#include <argp.h>
#include <fcntl.h>

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

/* Operations and names that mean something in a pickle, and sizes that are edges. */
#define PIECE(TEXT)                                                                                                    \
    {                                                                                                                  \
        TEXT, sizeof TEXT - 1                                                                                          \
    }
static const struct {
    const char *bytes;
    size_t count;
} PIECES[] = {
    PIECE("("),
    PIECE("."),
    PIECE("0"),
    PIECE("1"),
    PIECE("2"),
    PIECE("N"),
    PIECE("\x88"),
    PIECE("K\x00"),
    PIECE("K\xff"),
    PIECE("M\xff\xff"),
    PIECE("]"),
    PIECE("}"),
    PIECE(")"),
    PIECE("\x8f"),
    PIECE("t"),
    PIECE("l"),
    PIECE("d"),
    PIECE("\x85"),
    PIECE("\x86"),
    PIECE("\x87"),
    PIECE("a"),
    PIECE("e"),
    PIECE("s"),
    PIECE("u"),
    PIECE("\x90"),
    PIECE("q\x00"),
    PIECE("h\x00"),
    PIECE("h\x05"),
    PIECE("\x94"),
    PIECE("R"),
    PIECE("b"),
    PIECE("\x81"),
    PIECE("\x92"),
    PIECE("\x93"),
    PIECE("Q"),
    PIECE("J\xff\xff\xff\xff"),
    PIECE("J\xff\xff\xff\x7f"),
    PIECE("r\xff\xff\x3f\x00"),
    PIECE("\x8a\x08\xff\xff\xff\xff\xff\xff\xff\x7f"),
    PIECE("\x8a\x00"),
    PIECE("\x8a\x09\x01\x00\x00\x00\x00\x00\x00\x00\x01"),
    PIECE("X\xff\xff\xff\xff"),
    PIECE("\x8d\xff\xff\xff\xff\xff\xff\xff\xff"),
    PIECE("\x95\x00\x00\x00\x00\x00\x00\x00\x00"),
    PIECE("ctorch._utils\n_rebuild_tensor_v2\n"),
    PIECE("ctorch._utils\n_rebuild_tensor_v3\n"),
    PIECE("ctorch._tensor\n_rebuild_from_type_v2\n"),
    PIECE("ctorch._utils\n_rebuild_parameter\n"),
    PIECE("ctorch\nFloatStorage\n"),
    PIECE("ctorch.storage\nUntypedStorage\n"),
    PIECE("ctorch\nint8\n"),
    PIECE("ctorch\nSize\n"),
    PIECE("ccollections\nOrderedDict\n"),
    PIECE("c_codecs\nencode\n"),
    PIECE("cnumpy\ndtype\n"),
    PIECE("cnumpy._core.multiarray\nscalar\n"),
    PIECE("cos\nsystem\n"),
    PIECE("X\x05\x00\x00\x00model"),
    PIECE("\xff\xff\xff\xff"),
    PIECE("\x00\x00\x00\x00"),
    PIECE("\xff\xff\xff\xff\xff\xff\xff\x7f"),
    PIECE("PK\3\4"),
    PIECE("PK\1\2"),
    PIECE("PK\5\6"),
    PIECE("PK\6\6"),
    PIECE("PK\6\7"),
};

static size_t insert(unsigned char *data, size_t size, size_t at, const void *bytes, size_t count)
{
    if (size + count > SIZE_MOST) return size;
    memmove(data + at + count, data + at, size - at);
    memcpy(data + at, bytes, count);
    return size + count;
}

static size_t damage_once(rng *r, const campaign *c, unsigned char *data, size_t size)
{
    size_t at = rng_below(r, size + 1), piece = rng_below(r, sizeof PIECES / sizeof *PIECES);
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
        if (PIECES[piece].count > left) return size;
        memcpy(data + at, PIECES[piece].bytes, PIECES[piece].count);
        return size;
    default: return insert(data, size, at, PIECES[piece].bytes, PIECES[piece].count);
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
           c->seed, first, round, last - begun, slowest, files_read, 2 * (round - first));
    if (!files_read || files_read == 2 * (round - first))
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
    static const struct argp about = {options, take, "FILE ...", "Damages good files of weights and has them read.",
                                      NULL,    NULL, NULL};
    campaign c = {.seed = 1, .rounds = UINT64_MAX};
    status st = argp_parse(&about, argc, argv, 0, NULL, &c) == 0 ? OK : ERR_USAGE;
    if (st == OK && c.shows_one) run_round(&c, c.only);
    else if (st == OK) st = run_campaign(&c);
    if (st != OK) fprintf(stderr, "%s\n", fail_message());
    for (size_t i = 0; i < c.file_count; i++) free(c.files[i].bytes);
    return status_exit_code(st);
}

#endif
