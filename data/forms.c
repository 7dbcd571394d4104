/* A file's form is one row of FORMS: the columns it has and a function that turns a row into entries. */
#include "data/forms.h"

#include "data/classes.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { FRAME_MOST = INT32_MAX };

struct form {
    const char *name;
    const char *columns[FORM_COLUMNS]; /* names in the header */
    size_t needed;                     /* the first so many must be there; 0: the form has no header */
    char separator;
    form_kind kind;
    status (*read_row)(reader *r);
};

/* ---- parts of rows ----------------------------------------------------------------------------------------------- */

static status keep(reader *r, const char *text, const char **out)
{
    *out = arena_copy(r->strings, text, strlen(text));
    return *out ? OK : FAIL(ERR_MEMORY, "%s: no memory for its names", r->file.path);
}

/* As keep, for sequences: most rows repeat that of the row before. */
static status keep_sequence(reader *r, const char *text, const char **out)
{
    const char *last = r->count ? r->at[r->count - 1].s.sequence : NULL;
    if (!last || strcmp(last, text)) return keep(r, text, out);
    *out = last;
    return OK;
}

static status add(reader *r, const entry *e)
{
    if (r->count == r->room) {
        size_t room = r->room ? r->room * 2 : 1024;
        entry *larger = realloc(r->at, room * sizeof *larger);
        if (!larger) return FAIL(ERR_MEMORY, "%s: no memory for %zu segments", r->file.path, room);
        r->at = larger;
        r->room = room;
    }
    entry *to = &r->at[r->count];
    *to = *e;
    to->line = r->file.line;
    to->s.place = r->count++;
    return OK;
}

static status check_times(const reader *r, const segment *s)
{
    if (s->end >= s->start) return OK;
    return FAIL(ERR_INPUT, "%s:%zu: the segment ends (%.3f s) before it starts (%.3f s)", r->file.path, r->file.line,
                s->end, s->start);
}

/* `inclusive`: the last frame belongs to the segment. */
static status read_frames(const reader *r, size_t start, size_t stop, bool inclusive, segment *s)
{
    status st = OK;
    int64_t first = 0, last = 0;
    TRY(csv_int(&r->file, start, "start frame", 0, FRAME_MOST, &first));
    TRY(csv_int(&r->file, stop, "end frame", 0, FRAME_MOST, &last));
    if (last < first)
        TRY(FAIL(ERR_INPUT, "%s:%zu: the segment ends (frame %lld) before it starts (frame %lld)", r->file.path,
                 r->file.line, (long long)last, (long long)first));
    s->start = (double)first / r->fps;
    s->end = (double)(inclusive ? last + 1 : last) / r->fps;
done:
    return st;
}

/* A class id, one of `count`; while classes are collected any. */
static status read_class(const reader *r, size_t column, const char *what, size_t count, int64_t *out)
{
    status st = OK;
    TRY(csv_int(&r->file, column, what, 0, CLASS_ID_MOST, out));
    if (r->classes && (size_t)*out >= count)
        TRY(FAIL(ERR_INPUT, "%s:%zu: unknown class: %s %lld; the action classes end at %lld", r->file.path,
                 r->file.line, what, (long long)*out, (long long)count - 1));
done:
    return st;
}

static status read_name(reader *r, size_t column, const char *what, const char **out)
{
    status st = OK;
    TRY(csv_text(&r->file, column, what, out));
    TRY(keep(r, *out, out));
done:
    return st;
}

static status read_sequence(reader *r, size_t column, const char *what, const char **out)
{
    status st = OK;
    TRY(csv_text(&r->file, column, what, out));
    TRY(keep_sequence(r, *out, out));
done:
    return st;
}

/* ---- rulstm ------------------------------------------------------------------------------------------------------ */

static status check_action(const reader *r, const segment *s)
{
    const action_class *action = &r->classes->actions[s->action];
    if (action->verb == s->verb && action->noun == s->noun) return OK;
    return FAIL(ERR_INPUT,
                "%s:%zu: verb %lld and noun %lld do not fit action %lld, %.60s (verb %lld, noun %lld): are the action "
                "classes those of this file?",
                r->file.path, r->file.line, (long long)s->verb, (long long)s->noun, (long long)s->action, action->name,
                (long long)action->verb, (long long)action->noun);
}

static status read_rulstm(reader *r)
{
    status st = OK;
    entry e = {0};
    if (!r->classes)
        TRY(FAIL(ERR_INPUT, "%s: this form has class ids without names; say with data.actions what they are",
                 r->file.path));
    if (r->file.count != 7)
        TRY(FAIL(ERR_INPUT,
                 "%s:%zu: %zu columns where this form has 7: uid, video, start_frame, end_frame, verb, noun, action",
                 r->file.path, r->file.line, r->file.count));
    TRY(read_name(r, 0, "uid", &e.s.uid));
    TRY(read_sequence(r, 1, "video", &e.s.sequence));
    TRY(read_frames(r, 2, 3, false, &e.s));
    TRY(read_class(r, 4, "verb", r->classes->verb_count, &e.s.verb));
    TRY(read_class(r, 5, "noun", r->classes->noun_count, &e.s.noun));
    TRY(read_class(r, 6, "action", r->classes->action_count, &e.s.action));
    TRY(check_action(r, &e.s));
    TRY(add(r, &e));
done:
    return st;
}

static bool looks_like_rulstm(const csv *row)
{
    return row->count == 7 && isdigit((unsigned char)row->fields[2][0]);
}

/* ---- epic -------------------------------------------------------------------------------------------------------- */

enum {
    EPIC_VIDEO,
    EPIC_VERB_CLASS,
    EPIC_NOUN_CLASS,
    EPIC_UID,
    EPIC_NARRATION_ID,
    EPIC_START_TIME,
    EPIC_STOP_TIME,
    EPIC_START_FRAME,
    EPIC_STOP_FRAME,
    EPIC_VERB,
    EPIC_NOUN
};

static status read_epic_times(const reader *r, segment *s)
{
    status st = OK;
    if (r->column[EPIC_START_TIME] == SIZE_MAX || r->column[EPIC_STOP_TIME] == SIZE_MAX)
        return read_frames(r, r->column[EPIC_START_FRAME], r->column[EPIC_STOP_FRAME], false, s);
    TRY(csv_clock(&r->file, r->column[EPIC_START_TIME], "start_timestamp", &s->start));
    TRY(csv_clock(&r->file, r->column[EPIC_STOP_TIME], "stop_timestamp", &s->end));
    TRY(check_times(r, s));
done:
    return st;
}

static status read_epic(reader *r)
{
    status st = OK;
    entry e = {.s.action = -1};
    bool words = !r->classes && r->column[EPIC_VERB] != SIZE_MAX && r->column[EPIC_NOUN] != SIZE_MAX;
    size_t uid = r->column[EPIC_UID] != SIZE_MAX ? r->column[EPIC_UID] : r->column[EPIC_NARRATION_ID];
    TRY(read_name(r, uid, "uid (or narration_id)", &e.s.uid));
    TRY(read_sequence(r, r->column[EPIC_VIDEO], "video_id", &e.s.sequence));
    TRY(read_epic_times(r, &e.s));
    TRY(read_class(r, r->column[EPIC_VERB_CLASS], "verb_class", r->classes ? r->classes->verb_count : 0, &e.s.verb));
    TRY(read_class(r, r->column[EPIC_NOUN_CLASS], "noun_class", r->classes ? r->classes->noun_count : 0, &e.s.noun));
    if (words) TRY(read_name(r, r->column[EPIC_VERB], "verb", &e.word));
    if (words) TRY(read_name(r, r->column[EPIC_NOUN], "noun", &e.noun));
    TRY(add(r, &e));
done:
    return st;
}

/* ---- egtea --------------------------------------------------------------------------------------------------------
 */

/* Splits "VIDEO-1002316-1004005-F024051-F024101" at its last four dashes: parts[0 .. 3] begin behind them. */
static bool split_clip(char *name, char *parts[4])
{
    for (int i = 3; i >= 0; i--) {
        parts[i] = strrchr(name, '-');
        if (!parts[i] || parts[i] == name) return false;
        *parts[i]++ = '\0';
    }
    return parts[2][0] == 'F' && parts[3][0] == 'F' && isdigit((unsigned char)parts[0][0]) &&
           isdigit((unsigned char)parts[1][0]);
}

static status check_egtea(const reader *r, bool good, const char *line)
{
    if (good) return OK;
    return FAIL(ERR_INPUT,
                "%s:%zu: \"%.80s\" is not a line like OP01-R01-PastaSalad-1002316-1004005-F024051-F024101 1 1 1: clip "
                "(with milliseconds and frames), action, verb, nouns",
                r->file.path, r->file.line, line);
}

/* Class ids count from 1 here. Verb and noun are the action's: the published lists number nouns in ways of their own.
 */
static status read_egtea(reader *r)
{
    status st = OK;
    entry e = {0};
    char *line = r->file.fields[0], *rest = line, *parts[4], *end = NULL, whole[128];
    if (!r->classes)
        TRY(FAIL(ERR_INPUT, "%s: this form has class ids without names; say with data.actions what they are",
                 r->file.path));
    snprintf(whole, sizeof whole, "%s", line);
    char *clip = strsep(&rest, " \t"), *action = rest ? strsep(&rest, " \t") : NULL;
    long long id = action ? strtoll(action, &end, 10) : 0;
    TRY(check_egtea(r, action && end != action && !*end, whole));
    TRY(keep(r, clip, &e.s.uid));
    TRY(check_egtea(r, split_clip(clip, parts), whole));
    e.s.start = strtod(parts[0], NULL) / 1000;
    e.s.end = strtod(parts[1], NULL) / 1000;
    TRY(check_times(r, &e.s));
    TRY(keep_sequence(r, clip, &e.s.sequence));
    if (id < 1 || (size_t)id > r->classes->action_count)
        TRY(FAIL(ERR_INPUT, "%s:%zu: unknown class: action %lld; the action classes are 1 to %zu here", r->file.path,
                 r->file.line, id, r->classes->action_count));
    e.s.action = id - 1;
    e.s.verb = r->classes->actions[id - 1].verb;
    e.s.noun = r->classes->actions[id - 1].noun;
    TRY(add(r, &e));
done:
    return st;
}

static bool looks_like_egtea(const csv *row)
{
    const char *first = row->fields[0], *frame = strstr(first, "-F");
    return row->count == 1 && frame && isdigit((unsigned char)frame[2]) && strstr(frame + 2, "-F");
}

/* ---- glosses ----------------------------------------------------------------------------------------------------- */

/* Glosses of one sentence without times. */
static status add_sentence(reader *r, const char *name, char *glosses)
{
    status st = OK;
    char *rest = glosses;
    size_t before = r->count;
    for (char *word; (word = strsep(&rest, " \t\r\n"));) {
        if (!*word) continue;
        double place = (double)(r->count - before);
        entry e = {.s = {.start = place, .end = place + 1, .action = -1, .verb = -1, .noun = -1}};
        TRY(keep(r, word, &e.word));
        TRY(keep_sequence(r, name, &e.s.sequence));
        TRY(add(r, &e));
    }
    if (r->count == before) TRY(FAIL(ERR_INPUT, "%s:%zu: a sentence without glosses", r->file.path, r->file.line));
done:
    return st;
}

enum { PHOENIX_NAME, PHOENIX_GLOSS };

static status read_phoenix(reader *r)
{
    status st = OK;
    const char *name = NULL, *glosses = NULL;
    size_t line = r->file.line, first = 0;
    TRY(read_name(r, r->column[PHOENIX_NAME], "name", &name));
    TRY(csv_text(&r->file, r->column[PHOENIX_GLOSS], "gloss", &glosses));
    TRY(names_add(&r->sentences, name, line, &first));
    if (first != line)
        TRY(FAIL(ERR_INPUT, "%s:%zu: the sentence %.80s stands in line %zu already", r->file.path, line, name, first));
    TRY(add_sentence(r, name, r->file.fields[r->column[PHOENIX_GLOSS]]));
done:
    return st;
}

static status read_line(reader *r)
{
    const char *slash = strrchr(r->file.path, '/'), *base = slash ? slash + 1 : r->file.path;
    char *name = NULL;
    if (asprintf(&name, "%s:%zu", base, r->file.line) < 0)
        return FAIL(ERR_MEMORY, "%s: no memory for its names", r->file.path);
    status st = add_sentence(r, name, r->file.fields[0]);
    free(name);
    return st;
}

enum { BOSTON_VIDEO, BOSTON_WORD, BOSTON_START, BOSTON_END };

static status read_boston(reader *r)
{
    status st = OK;
    entry e = {.s = {.action = -1, .verb = -1, .noun = -1}};
    TRY(read_sequence(r, r->column[BOSTON_VIDEO], "video", &e.s.sequence));
    TRY(read_name(r, r->column[BOSTON_WORD], "word", &e.word));
    TRY(read_frames(r, r->column[BOSTON_START], r->column[BOSTON_END], true, &e.s));
    TRY(add(r, &e));
done:
    return st;
}

/* The uids of glosses: the I-th of a sequence is SEQUENCE/I. */
static status name_glosses(reader *r)
{
    status st = OK;
    name_table sequences = {0};
    size_t *seen = calloc(r->count, sizeof *seen); /* glosses so far, by the first segment of their sequence */
    if (!seen) TRY(FAIL(ERR_MEMORY, "%s: no memory for %zu segments", r->file.path, r->count));
    for (size_t i = 0; i < r->count; i++) {
        segment *s = &r->at[i].s;
        size_t first = 0, bytes = strlen(s->sequence) + 24;
        TRY(names_add(&sequences, s->sequence, i, &first));
        char *uid = arena_alloc(r->strings, bytes);
        if (!uid) TRY(FAIL(ERR_MEMORY, "%s: no memory for its names", r->file.path));
        snprintf(uid, bytes, "%s/%zu", s->sequence, seen[first]++);
        s->uid = uid;
    }
done:
    names_free(&sequences);
    free(seen);
    return st;
}

/* ---- telling the form -------------------------------------------------------------------------------------------- */

static const form FORMS[] = {
    {.name = "epic",
     .columns = {"video_id", "verb_class", "noun_class", "uid", "narration_id", "start_timestamp", "stop_timestamp",
                 "start_frame", "stop_frame", "verb", "noun"},
     .needed = 3,
     .kind = HAS_PAIRS,
     .read_row = read_epic},
    {.name = "phoenix", .columns = {"name", "gloss"}, .needed = 2, .kind = HAS_GLOSSES, .read_row = read_phoenix},
    {.name = "boston104",
     .columns = {"video", "word", "startframe", "endframe"},
     .needed = 4,
     .kind = HAS_GLOSSES,
     .read_row = read_boston},
    {.name = "rulstm", .kind = HAS_ACTION_IDS, .read_row = read_rulstm},
    {.name = "egtea", .separator = CSV_LINES, .kind = HAS_ACTION_IDS, .read_row = read_egtea},
    {.name = "lines", .separator = CSV_LINES, .kind = HAS_GLOSSES, .read_row = read_line},
};
enum { FORM_COUNT = sizeof FORMS / sizeof FORMS[0] };

static const char *missing_column(const form *f, const csv *header)
{
    for (size_t i = 0; i < f->needed; i++)
        if (csv_column(header, f->columns[i]) == SIZE_MAX) return f->columns[i];
    return NULL;
}

/* From the first row. Errors: ERR_INPUT. */
static status tell_form(const csv *row, const form **out)
{
    for (size_t i = 0; i < FORM_COUNT; i++) {
        const form *f = &FORMS[i];
        bool fits = f->needed                    ? !missing_column(f, row)
                    : f->read_row == read_rulstm ? looks_like_rulstm(row)
                                                 : f->read_row == read_egtea && looks_like_egtea(row);
        if (!fits) continue;
        *out = f;
        return OK;
    }
    return FAIL(
        ERR_INPUT,
        "%s:%zu: none of the known forms: expected a header with video_id, verb_class and noun_class (epic), with "
        "name and gloss (phoenix), with video, word, startframe and endframe (boston104), or rows of 7 columns "
        "(rulstm: uid, video, start_frame, end_frame, verb, noun, action), or EGTEA's lines (egtea)",
        row->path, row->line);
}

/* The form called `name`; `*out` stays NULL for "auto". Errors: ERR_CONFIG. */
static status find_form(const char *name, const form **out)
{
    *out = NULL;
    for (size_t i = 0; i < FORM_COUNT; i++)
        if (!strcmp(FORMS[i].name, name)) *out = &FORMS[i];
    if (*out || !strcmp(name, "auto")) return OK;
    return FAIL(ERR_CONFIG,
                "data.format \"%.60s\" is not known: auto, rulstm, epic, egtea, phoenix, boston104 or lines", name);
}

form_kind reader_kind(const reader *r)
{
    return r->form->kind;
}

/* ---- the whole file ---------------------------------------------------------------------------------------------- */

/* Reads up to the first row with data; `*more` tells whether there is one. */
static status read_head(reader *r, bool *more)
{
    status st = OK;
    TRY(csv_next(&r->file, more));
    if (!*more) TRY(FAIL(ERR_INPUT, "%s: a file without segments", r->file.path));
    if (!r->form) TRY(tell_form(&r->file, &r->form));
    if (!r->form->needed) return OK;
    const char *missing = missing_column(r->form, &r->file);
    if (missing)
        TRY(FAIL(ERR_INPUT, "%s:%zu: not of the form %s: the header has no column %s", r->file.path, r->file.line,
                 r->form->name, missing));
    for (size_t i = 0; i < FORM_COLUMNS; i++)
        r->column[i] = r->form->columns[i] ? csv_column(&r->file, r->form->columns[i]) : SIZE_MAX;
    TRY(csv_next(&r->file, more));
done:
    return st;
}

static status check_uids(const reader *r)
{
    status st = OK;
    name_table uids = {0};
    for (size_t i = 0, first; i < r->count; i++) {
        TRY(names_add(&uids, r->at[i].s.uid, i, &first));
        if (first != i)
            TRY(FAIL(ERR_INPUT, "%s:%zu: uid %.80s stands in line %zu already; uids must be unique", r->file.path,
                     r->at[i].line, r->at[i].s.uid, r->at[first].line));
    }
done:
    names_free(&uids);
    return st;
}

static status read_rows(reader *r)
{
    status st = OK;
    bool more = false;
    TRY(read_head(r, &more));
    while (more) {
        TRY(r->form->read_row(r));
        TRY(csv_next(&r->file, &more));
    }
    if (!r->count) TRY(FAIL(ERR_INPUT, "%s: a file without segments below its header", r->file.path));
    if (r->form->kind == HAS_GLOSSES) TRY(name_glosses(r));
    TRY(check_uids(r));
done:
    return st;
}

status reader_read(const char *path, const char *format, double fps, const class_list *classes, reader *out)
{
    status st = OK;
    reader r = {.classes = classes, .fps = fps, .strings = arena_new()};
    if (!r.strings) TRY(FAIL(ERR_MEMORY, "%s: no memory for its names", path));
    TRY(find_form(format, &r.form));
    TRY(csv_open(path, r.form ? r.form->separator : CSV_GUESS, &r.file));
    TRY(read_rows(&r));
    *out = r;
    r = (reader){0};
done:
    reader_close(&r);
    return st;
}

void reader_close(reader *r)
{
    csv_close(&r->file);
    arena_free(&r->strings);
    free(r->at);
    names_free(&r->sentences);
    *r = (reader){0};
}
