#include "data/missing.h"

#include "base/file.h"
#include "base/log.h"
#include "data/names.h"
#include "data/videos.h"

#include <ctype.h>
#include <errno.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#define BROKEN_MOST ((size_t)1 << 28) /* bytes of data.broken */
enum { NAMED_MOST = 5, TEXT_BYTES = 600, HEAD_BYTES = 64, REASONS_MOST = 64 };

static const char NOT_THERE[] = "there is no such file";

/* ---- what a file begins with ------------------------------------------------------------------------------------- */

/* Containers of videos begin with a length, a magic number or zeros; an error page begins with a mark of its language.
 */
static const char *head_reason(const unsigned char *head, size_t count)
{
    size_t at = 0;
    if (!count) return "an empty file";
    if (count >= 3 && !memcmp(head, "\xef\xbb\xbf", 3)) at = 3;
    while (at < count && isspace(head[at])) at++;
    if (at == count) return "nothing but blanks at its beginning";
    if (head[at] == '<') return "a page of HTML or XML, not a video";
    if (head[at] == '{' || head[at] == '[') return "JSON, not a video";
    if (count - at >= 5 && !strncasecmp((const char *)head + at, "HTTP/", 5))
        return "an answer of a web server, not a video";
    return NULL;
}

/* NULL where the file may be a video. A folder that was found is one of pictures. */
static const char *file_reason(const char *path)
{
    unsigned char head[HEAD_BYTES];
    if (directory_exists(path)) return NULL;
    FILE *file = fopen(path, "rbe");
    if (!file) return errno == ENOENT ? NOT_THERE : "cannot be opened";
    size_t count = fread(head, 1, sizeof head, file);
    bool failed = ferror(file);
    fclose(file);
    return failed ? "cannot be read" : head_reason(head, count);
}

/* ---- data.broken ------------------------------------------------------------------------------------------------- */

/* Paths and all that stands behind one of their slashes, to their entry: a list may have been made elsewhere. */
typedef struct {
    json_t *root;
    name_table paths;
} broken_list;

static void broken_free(broken_list *b)
{
    names_free(&b->paths);
    json_decref(b->root);
}

static status broken_add(broken_list *b, const char *path, size_t number)
{
    status st = OK;
    size_t kept;
    for (const char *tail = path; tail; tail = strchr(tail, '/')) {
        if (*tail == '/') tail++;
        if (*tail) TRY(names_add(&b->paths, tail, number, &kept));
    }
done:
    return st;
}

static status broken_read(const char *path, broken_list *b)
{
    status st = OK;
    char *bytes = NULL;
    size_t count = 0;
    json_error_t error;
    TRY(file_read(path, BROKEN_MOST, &bytes, &count));
    b->root = json_loadb(bytes, count, JSON_REJECT_DUPLICATES, &error);
    if (!b->root) TRY(FAIL(ERR_INPUT, "%s:%d:%d: not JSON: %s", path, error.line, error.column, error.text));
    if (!json_is_array(b->root)) TRY(FAIL(ERR_INPUT, "%s: data.broken is not a list of {video_path, reason}", path));
    for (size_t i = 0; i < json_array_size(b->root); i++) {
        const json_t *video = json_object_get(json_array_get(b->root, i), "video_path");
        if (!json_is_string(video)) TRY(FAIL(ERR_INPUT, "%s: entry %zu has no video_path", path, i + 1));
        TRY(broken_add(b, json_string_value(video), i));
    }
done:
    free(bytes);
    return st;
}

/* `path` begins with `folder`. NULL: not in the list. Borrowed. */
static const char *broken_reason(const broken_list *b, const char *path, const char *folder)
{
    size_t number = 0;
    const char *below = path + strlen(folder);
    while (*below == '/') below++;
    if (!names_find(&b->paths, below, &number)) return NULL;
    const char *reason = json_string_value(json_object_get(json_array_get(b->root, number), "reason"));
    return reason ? reason : "in data.broken";
}

/* ---- finding ----------------------------------------------------------------------------------------------------- */

/* Fills `path`, or says why not. */
static status find_one(instance_list *list, instance *of, const char *folder, const broken_list *broken,
                       const char **reason)
{
    status st = OK;
    char *path = NULL;
    st = videos_find(folder, of->video, &path);
    if (st == ERR_MISSING) {
        fail_clear();
        st = OK;
        *reason = NOT_THERE;
        goto done;
    }
    TRY(st);
    *reason = broken_reason(broken, path, folder);
    if (!*reason) *reason = file_reason(path);
    if (*reason) goto done;
    of->path = arena_copy(list->strings, path, strlen(path));
    if (!of->path) TRY(FAIL(ERR_MEMORY, "no memory for the names of videos"));
done:
    free(path);
    return st;
}

status missing_add(missing_list *list, instance_list *set, const instance *of, const char *reason)
{
    if (!list->at) list->at = calloc(set->count, sizeof *list->at); /* each clip is missing at most once */
    char *text = arena_copy(set->strings, reason, strlen(reason));
    if (!list->at || !text) return FAIL(ERR_MEMORY, "no memory for the clips that are missing");
    for (char *c = text; *c; c++)
        if (iscntrl((unsigned char)*c)) *c = ' ';
    list->at[list->count++] = (missing_clip){of, text};
    return OK;
}

/* ---- in words ---------------------------------------------------------------------------------------------------- */

typedef struct {
    const char *reason;
    size_t count;
} tally;

static int by_count(const void *a, const void *b)
{
    const tally *x = a, *y = b;
    if (x->count != y->count) return x->count > y->count ? -1 : 1;
    return strcmp(x->reason, y->reason);
}

/* The most frequent reasons first. Reasons beyond the room are counted as "others". */
static size_t count_reasons(const missing_list *list, tally out[REASONS_MOST])
{
    size_t count = 0;
    for (size_t i = 0; i < list->count; i++) {
        const char *reason = list->at[i].reason;
        size_t k = 0;
        while (k < count && strcmp(out[k].reason, reason)) k++;
        if (k == count && count < REASONS_MOST) {
            out[count] = (tally){count == REASONS_MOST - 1 ? "others" : reason, 0};
            count++;
        }
        out[k < count ? k : count - 1].count++;
    }
    qsort(out, count, sizeof *out, by_count);
    return count;
}

/* "812 of 2038 clips are missing (523 there is no such file, 289 ...): 69241, 65225, ..." */
static void describe(const missing_list *list, char *out, size_t size)
{
    tally reasons[REASONS_MOST];
    size_t count = count_reasons(list, reasons);
    FILE *to = fmemopen(out, size, "w");
    out[0] = '\0';
    if (!to) return;
    fprintf(to, "%zu of %zu clips are missing (", list->count, list->wanted);
    for (size_t i = 0; i < count && i < NAMED_MOST; i++)
        fprintf(to, "%s%zu: %.60s", i ? "; " : "", reasons[i].count, reasons[i].reason);
    fputs("): ", to);
    for (size_t i = 0; i < list->count && i < NAMED_MOST; i++)
        fprintf(to, "%s%.60s", i ? ", " : "", list->at[i].of->uid);
    if (list->count > NAMED_MOST) fprintf(to, " and %zu more", list->count - NAMED_MOST);
    fclose(to);
    out[size - 1] = '\0';
}

void missing_log(const missing_list *list, const char *path)
{
    char text[TEXT_BYTES];
    if (!list->count) return;
    describe(list, text, sizeof text);
    log_warn("%s%s%s", text, path ? "; all are named in " : "", path ? path : "");
}

/* ---- the whole --------------------------------------------------------------------------------------------------- */

status missing_check(const recipe *r, const missing_list *list)
{
    char text[TEXT_BYTES];
    double least = recipe_real(r, "data.least");
    size_t left = list->wanted - list->count;
    if (!list->count) return OK;
    describe(list, text, sizeof text);
    if (!strcmp(recipe_text(r, "data.on_missing"), "error"))
        return FAIL(ERR_MISSING, "%s; data.on_missing skip goes on without them", text);
    if (!left || (double)left < least * (double)list->wanted)
        return FAIL(ERR_MISSING,
                    "%s. What is left, %zu, is too little to learn from (data.least is %g): is data.videos the right "
                    "folder?",
                    text, left, least);
    return OK;
}

status missing_find(const recipe *r, instance_list *list, const unsigned char *wanted, missing_list *out)
{
    status st = OK;
    missing_list found = {0};
    broken_list broken = {0};
    const char *folder = instances_videos(r), *known = recipe_text(r, "data.broken");
    if (known) TRY(broken_read(known, &broken));
    if (folder && !directory_exists(folder)) TRY(FAIL(ERR_MISSING, "%s: data.videos is no folder", folder));
    for (size_t i = 0; i < list->count; i++) {
        const char *reason = NULL;
        if (!wanted[i]) continue;
        found.wanted++;
        if (folder) TRY(find_one(list, &list->at[i], folder, &broken, &reason));
        if (reason) TRY(missing_add(&found, list, &list->at[i], reason));
    }
    TRY(missing_check(r, &found));
    *out = found;
    found = (missing_list){0};
done:
    missing_free(&found);
    broken_free(&broken);
    return st;
}

void missing_free(missing_list *list)
{
    free(list->at);
    *list = (missing_list){0};
}

static json_t *clip_to_json(const missing_clip *m)
{
    return json_pack("{s:s, s:s, s:s, s:s, s:s}", "uid", m->of->uid, "video", m->of->video, "gloss", m->of->gloss,
                     "split", m->of->split, "reason", m->reason);
}

status missing_write(const missing_list *list, const char *path)
{
    status st = OK;
    char *text = NULL;
    tally reasons[REASONS_MOST];
    size_t count = count_reasons(list, reasons);
    json_t *root = json_pack("{s:i, s:I, s:I, s:{}, s:[]}", "version", 1, "wanted", (json_int_t)list->wanted, "missing",
                             (json_int_t)list->count, "reasons", "clips");
    json_t *counts = json_object_get(root, "reasons"), *clips = json_object_get(root, "clips");
    bool failed = !root;
    for (size_t i = 0; i < count; i++)
        failed |= json_object_set_new(counts, reasons[i].reason, json_integer((json_int_t)reasons[i].count)) != 0;
    for (size_t i = 0; i < list->count; i++) failed |= json_array_append_new(clips, clip_to_json(&list->at[i])) != 0;
    if (!failed) text = json_dumps(root, JSON_INDENT(1));
    if (!text) TRY(FAIL(ERR_MEMORY, "no memory for %s", path));
    TRY(file_write(path, text, strlen(text)));
done:
    free(text);
    json_decref(root);
    return st;
}
