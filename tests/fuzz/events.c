/* Damaged files of events, ground truth, signals and errors: each is read or refused with a message that names it. What
 * was read is sound: events in order, and scores between 0 and 1.
 */
#include "base/file.h"
#include "events/errors.h"
#include "events/event_files.h"
#include "events/scores.h"
#include "events/signals.h"
#include "events/truth.h"
#include "tests/fuzz/driver.h"

#include <fcntl.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

size_t fuzz_files_read;

static void give_up(const char *what)
{
    fprintf(stderr, "%s: \"%s\"\n", what, fail_message());
    abort();
}

static char path[64];

static void remove_file(void)
{
    unlink(path);
}

/* The bytes as a file, under a name that messages have to have. */
static void make_file(const uint8_t *data, size_t size)
{
    static int fd = -1;
    if (fd < 0) {
        snprintf(path, sizeof path, "/tmp/magister-fuzz-%ld", (long)getpid());
        fd = open(path, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
        atexit(remove_file);
    }
    if (fd < 0 || ftruncate(fd, 0) || pwrite(fd, data, size, 0) != (ssize_t)size) give_up("no file to read");
}

/* Whether it was read; refused it must say why. */
static bool was_read(status st)
{
    if (st != OK && (st != ERR_INPUT || !strstr(fail_message(), path))) give_up("neither read nor refused");
    if ((st == OK) != !fail_message()[0]) give_up("read and refused");
    fail_clear();
    fuzz_files_read += st == OK;
    return st == OK;
}

static void check_layer(const event_list *layer, double duration)
{
    double last = 0;
    for (size_t i = 0; i < layer->count; i++) {
        const event *e = &layer->at[i];
        if (!(e->start >= last && e->end > e->start && e->end <= duration + 1e-6)) give_up("events out of order");
        last = e->end;
    }
}

static void check_share(double x)
{
    if (!isnan(x) && !(x >= 0 && x <= 1 + 1e-9)) give_up("a score out of bounds");
}

static void score(const hierarchy *h, const event_list *against)
{
    video_score s = {0};
    if (video_score_make(h, against, &SCORE_DEFAULTS, &s) != OK) give_up("not scored");
    check_share(s.at[SCORE_IOU]);
    check_share(s.at[SCORE_MOF]);
    for (size_t l = 0; l < s.layer_count; l++)
        for (size_t i = LAYER_IOU; i < LAYER_VALUES; i++) check_share(s.layers[l].at[i]);
    video_score_free(&s);
}

static void try_events(void)
{
    hierarchy_list list = {0};
    if (was_read(events_read(path, &list)))
        for (size_t i = 0; i < list.count; i++) {
            const hierarchy *h = &list.at[i];
            for (size_t l = 0; l < h->layer_count; l++) check_layer(&h->layers[l], h->duration);
            if (h->layer_count) score(h, &h->layers[0]);
        }
    hierarchy_list_free(&list);
}

static void try_truth(void)
{
    truth_list truth;
    if (!was_read(truth_read(path, 30, &truth))) return;
    for (size_t i = 0; i < truth.count; i++) {
        hierarchy h;
        if (hierarchy_new("a", 10, 0, &h) != OK) give_up("no hierarchy");
        score(&h, &truth.at[i].segments);
        hierarchy_free(&h);
    }
    truth_free(&truth);
}

static void try_curves(void)
{
    error_curves errors;
    signal_list signals;
    if (was_read(errors_read(path, "a", &errors))) errors_free(&errors);
    if (was_read(signals_read(path, &signals))) signals_free(&signals);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    make_file(data, size);
    try_events();
    try_truth();
    try_curves();
    return 0;
}

static const fuzz_piece PIECES[] = {
    FUZZ_PIECE("\""),
    FUZZ_PIECE("{"),
    FUZZ_PIECE("}"),
    FUZZ_PIECE("["),
    FUZZ_PIECE("]"),
    FUZZ_PIECE(","),
    FUZZ_PIECE("\n"),
    FUZZ_PIECE(":"),
    FUZZ_PIECE("-"),
    FUZZ_PIECE("0"),
    FUZZ_PIECE("1e300"),
    FUZZ_PIECE("1e-300"),
    FUZZ_PIECE("999999999"),
    FUZZ_PIECE("4294967296"),
    FUZZ_PIECE("null"),
    FUZZ_PIECE("true"),
    FUZZ_PIECE("\"video\""),
    FUZZ_PIECE("\"layer\""),
    FUZZ_PIECE("\"event\""),
    FUZZ_PIECE("\"start\""),
    FUZZ_PIECE("\"end\""),
    FUZZ_PIECE("\"duration\": 3"),
    FUZZ_PIECE("\"order\": 63"),
    FUZZ_PIECE("\"annots\": []"),
    FUZZ_PIECE("\\u0000"),
    FUZZ_PIECE("\xff"),
    FUZZ_PIECE("00:00:01"),
    FUZZ_PIECE("video,start,end"),
    FUZZ_PIECE("fps"),
    FUZZ_PIECE("|"),
};

const fuzz_target FUZZ_TARGET = {
    .about = "Damages good files of events, ground truth, signals and errors, and has them read.",
    .pieces = PIECES,
    .piece_count = sizeof PIECES / sizeof PIECES[0],
    .tries = 4,
};
