#include "events/truth.h"

#include "data/csv.h"

#include <ctype.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { FRAME_MOST = INT32_MAX, RULSTM_COLUMNS = 7 };

typedef enum { IN_CLOCKS, IN_SECONDS, IN_FRAMES } time_form;

typedef struct {
    csv file;
    double fps;
    time_form form;
    size_t video, start, end, rate, label, verb, noun; /* columns; SIZE_MAX: not there */
    truth_list *to;
} reader;

/* ---- telling the form -------------------------------------------------------------------------------------------- */

static size_t either(const csv *header, const char *a, const char *b)
{
    size_t column = csv_column(header, a);
    return column == SIZE_MAX ? csv_column(header, b) : column;
}

/* Columns of times, if the header has both. */
static bool take_times(reader *r, time_form form, size_t start, size_t end)
{
    if (start == SIZE_MAX || end == SIZE_MAX) return false;
    r->form = form;
    r->start = start;
    r->end = end;
    return true;
}

static bool take_header(reader *r)
{
    const csv *header = &r->file;
    r->video = either(header, "video", "video_id");
    r->rate = csv_column(header, "fps");
    r->label = csv_column(header, "label");
    r->verb = csv_column(header, "verb_class");
    r->noun = csv_column(header, "noun_class");
    return r->video != SIZE_MAX &&
           (take_times(r, IN_CLOCKS, csv_column(header, "start_timestamp"), csv_column(header, "stop_timestamp")) ||
            take_times(r, IN_SECONDS, csv_column(header, "start"), csv_column(header, "end")) ||
            take_times(r, IN_FRAMES, csv_column(header, "start_frame"), either(header, "stop_frame", "end_frame")));
}

static bool take_rulstm(reader *r)
{
    if (r->file.count != RULSTM_COLUMNS || !isdigit((unsigned char)r->file.fields[2][0])) return false;
    *r = (reader){r->file, r->fps, IN_FRAMES, 1, 2, 3, SIZE_MAX, 6, SIZE_MAX, SIZE_MAX, r->to};
    return true;
}

/* Reads up to the first row with a segment. */
static status read_head(reader *r, bool *more)
{
    status st = OK;
    TRY(csv_next(&r->file, more));
    if (!*more) TRY(FAIL(ERR_INPUT, "%s: a file without segments", r->file.path));
    if (take_rulstm(r)) goto done;
    if (!take_header(r))
        TRY(FAIL(ERR_INPUT,
                 "%s:%zu: no known form of a ground truth: expected a header with video or video_id, and "
                 "start_timestamp and stop_timestamp, or start and end (seconds), or start_frame and stop_frame; or "
                 "rows of 7 columns (uid, video, start_frame, end_frame, verb, noun, action)",
                 r->file.path, r->file.line));
    TRY(csv_next(&r->file, more));
done:
    return st;
}

/* ---- rows -------------------------------------------------------------------------------------------------------- */

static status read_rate(const reader *r, double *out)
{
    if (r->rate != SIZE_MAX) {
        status st = csv_real(&r->file, r->rate, "fps", out);
        if (st != OK || *out > 0) return st;
        return FAIL(ERR_INPUT, "%s:%zu: fps %g is no rate", r->file.path, r->file.line, *out);
    }
    *out = r->fps;
    if (*out > 0) return OK;
    return FAIL(ERR_INPUT, "%s:%zu: times are frames, and their rate is not known: say it with --fps", r->file.path,
                r->file.line);
}

static status read_frame(const reader *r, size_t column, const char *what, double fps, double *out)
{
    int64_t frame = 0;
    status st = csv_int(&r->file, column, what, 0, FRAME_MOST, &frame);
    *out = (double)frame / fps;
    return st;
}

static status read_times(const reader *r, event *e)
{
    status st = OK;
    double fps = 0;
    if (r->form == IN_CLOCKS) {
        TRY(csv_clock(&r->file, r->start, "start_timestamp", &e->start));
        TRY(csv_clock(&r->file, r->end, "stop_timestamp", &e->end));
    } else if (r->form == IN_SECONDS) {
        TRY(csv_real(&r->file, r->start, "start", &e->start));
        TRY(csv_real(&r->file, r->end, "end", &e->end));
    } else {
        TRY(read_rate(r, &fps));
        TRY(read_frame(r, r->start, "start frame", fps, &e->start));
        TRY(read_frame(r, r->end, "end frame", fps, &e->end));
    }
    if (e->start < 0 || e->end > EVENT_SECONDS_MAX || e->end < e->start)
        TRY(FAIL(ERR_INPUT, "%s:%zu: a segment from %.3f to %.3f s", r->file.path, r->file.line, e->start, e->end));
done:
    return st;
}

static const char *field(const csv *row, size_t column)
{
    return column < row->count ? row->fields[column] : "";
}

/* The label's words, or "VERB:NOUN"; NULL where the row has none. Errors: ERR_MEMORY. */
static status read_label(const reader *r, const char **out)
{
    const char *label = field(&r->file, r->label), *verb = field(&r->file, r->verb), *noun = field(&r->file, r->noun);
    bool parts = !label[0] && verb[0] && noun[0];
    char *text = NULL;
    *out = NULL;
    if (!label[0] && !parts) return OK;
    if (asprintf(&text, "%s%s%s", parts ? verb : label, parts ? ":" : "", parts ? noun : "") >= 0) {
        *out = arena_copy(r->to->strings, text, strlen(text));
        free(text);
    }
    return *out ? OK : FAIL(ERR_MEMORY, "%s:%zu: no memory for its label", r->file.path, r->file.line);
}

static status add_video(truth_list *t, const char *name)
{
    if (t->count == t->room) {
        size_t room = t->room ? t->room * 2 : 64;
        truth_video *larger = realloc(t->at, room * sizeof *larger);
        if (!larger) return FAIL(ERR_MEMORY, "no memory for %zu videos", room);
        t->at = larger;
        t->room = room;
    }
    t->at[t->count++] = (truth_video){.video = name};
    return OK;
}

static status find_video(truth_list *t, const char *file, truth_video **out)
{
    status st = OK;
    size_t length, at = 0;
    const char *base = video_base_name(file, &length);
    char *name = arena_copy(t->strings, base, length);
    if (!name) TRY(FAIL(ERR_MEMORY, "no memory for the name of video %.80s", file));
    TRY(names_add(&t->names, name, t->count, &at));
    if (at == t->count) TRY(add_video(t, name));
    *out = &t->at[at];
done:
    return st;
}

static status read_row(reader *r)
{
    status st = OK;
    event e = {.error = NAN};
    const char *file = NULL;
    truth_video *video = NULL;
    TRY(csv_text(&r->file, r->video, "video", &file));
    TRY(read_times(r, &e));
    TRY(read_label(r, &e.label));
    if (e.start == e.end) {
        r->to->empty++;
        goto done;
    }
    TRY(find_video(r->to, file, &video));
    TRY(event_list_add(&video->segments, &e));
done:
    return st;
}

/* ---- the whole file ---------------------------------------------------------------------------------------------- */

static status read_rows(reader *r)
{
    status st = OK;
    bool more = false;
    TRY(read_head(r, &more));
    while (more) {
        TRY(read_row(r));
        TRY(csv_next(&r->file, &more));
    }
    if (!r->to->count) TRY(FAIL(ERR_INPUT, "%s: a file without segments", r->file.path));
    for (size_t i = 0; i < r->to->count; i++) event_list_sort(&r->to->at[i].segments);
done:
    return st;
}

status truth_read(const char *path, double fps, truth_list *out)
{
    status st = OK;
    truth_list t = {.strings = arena_new()};
    reader r = {.fps = fps, .to = &t};
    if (!t.strings) TRY(FAIL(ERR_MEMORY, "%s: no memory for its names", path));
    TRY(csv_open(path, CSV_GUESS, &r.file));
    TRY(read_rows(&r));
    *out = t;
    t = (truth_list){0};
done:
    csv_close(&r.file);
    truth_free(&t);
    return st;
}

status truth_is_there(const char *path, bool *out)
{
    bool more = false;
    reader r = {.fps = 0};
    status st = csv_open(path, CSV_GUESS, &r.file);
    if (st == OK) st = csv_next(&r.file, &more);
    *out = st == OK && more && (take_rulstm(&r) || take_header(&r));
    csv_close(&r.file);
    if (st != ERR_INPUT) return st;
    fail_clear(); /* no CSV */
    return OK;
}

void truth_free(truth_list *t)
{
    for (size_t i = 0; i < t->count; i++) event_list_free(&t->at[i].segments);
    free(t->at);
    names_free(&t->names);
    arena_free(&t->strings);
    *t = (truth_list){0};
}

const truth_video *truth_find(const truth_list *t, const char *file)
{
    size_t length, at = 0;
    const char *base = video_base_name(file, &length);
    char *name = strndup(base, length);
    bool found = name && names_find(&t->names, name, &at);
    free(name);
    return found ? &t->at[at] : NULL;
}

void truth_merge(truth_list *t, double gap)
{
    for (size_t i = 0; i < t->count; i++) event_list_merge(&t->at[i].segments, gap);
}
