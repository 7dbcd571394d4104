#include "rank/predict.h"

#include "base/cpus.h"
#include "base/file.h"
#include "base/log.h"
#include "conf/predict_words.h"
#include "rank/json_lines.h"
#include "rank/predict_events.h"
#include "stream/stream_card.h"
#include "student/attention.h"
#include "student/known.h"
#include "tensor/tensor.h"

#include <errno.h>
#include <jansson.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

enum { COPY_BYTES = 1 << 16, NAME_MOST = 200, REAL_DIGITS = 6 };

/* ---- the model --------------------------------------------------------------------------------------------------- */

/* The model's file, of a directory that holds one: new string. */
static status model_path(const char *given, char **out)
{
    struct stat about;
    if (stat(given, &about)) return FAIL(ERR_MISSING, "%s: %s", given, strerror(errno));
    *out = S_ISDIR(about.st_mode) ? path_join(given, "model.safetensors") : strdup(given);
    if (!*out) return FAIL(ERR_MEMORY, "%s: no memory for its name", given);
    if (S_ISDIR(about.st_mode) && !file_exists(*out))
        return FAIL(ERR_MISSING,
                    "%s holds no model.safetensors: name a step of a run (RUN/steps/student), when it is trained",
                    given);
    return OK;
}

static status open_model(const predict_words *w, const char *path, known **out)
{
    status st = OK;
    TRY(known_open(path, out));
    if (w->attention && !known_has_attention(*out))
        TRY(FAIL(ERR_USAGE, "--attention: %s is a model without attention over frames", path));
    if (w->attention) TRY(directory_make(w->attention));
done:
    return st;
}

/* ---- one video --------------------------------------------------------------------------------------------------- */

/* The place of the likeliest class that `told` (count) does not have yet; marks it. */
static size_t next_class(const float *probabilities, size_t count, bool *told)
{
    size_t best = SIZE_MAX;
    for (size_t c = 0; c < count; c++)
        if (!told[c] && (best == SIZE_MAX || probabilities[c] > probabilities[best])) best = c;
    told[best] = true;
    return best;
}

static json_t *numbers_to_json(const float *values, const int64_t *whole, size_t count)
{
    json_t *list = json_array();
    for (size_t i = 0; i < count; i++)
        json_array_append_new(list, whole ? json_integer(whole[i]) : json_real((double)values[i]));
    return list;
}

static status print_json(const char *name, const known *k, const known_answer *a, size_t top, bool *told)
{
    const known_model *card = known_card(k);
    json_t *classes = json_array();
    for (size_t i = 0; i < top; i++) {
        size_t c = next_class(a->probabilities, card->class_count, told);
        json_array_append_new(
            classes, json_pack("{s:s, s:f}", "label", card->classes[c], "probability", (double)a->probabilities[c]));
    }
    json_t *line = json_pack("{s:s, s:o, s:o}", "video", name, "predictions", classes, "frames",
                             numbers_to_json(NULL, a->frames, known_frames(k)));
    if (line && a->attention)
        json_object_set_new(line, "attention", numbers_to_json(a->attention, NULL, known_frames(k)));
    if (line && a->account.decoded < a->account.asked)
        json_object_set_new(line, "replaced", json_integer((json_int_t)(a->account.asked - a->account.decoded)));
    return json_line_print(name, line, REAL_DIGITS);
}

static void print_text(const char *name, const known *k, const known_answer *a, size_t top, bool *told)
{
    const known_model *card = known_card(k);
    printf("%s:", name);
    for (size_t i = 0; i < top; i++) {
        size_t c = next_class(a->probabilities, card->class_count, told);
        printf("%s %s %.1f %%", i ? "," : "", card->classes[c], 100 * (double)a->probabilities[c]);
    }
    putchar('\n');
}

static status print_answer(const predict_words *w, const char *name, const known *k, const known_answer *a)
{
    status st = OK;
    size_t classes = known_card(k)->class_count, top = (size_t)w->top < classes ? (size_t)w->top : classes;
    bool *told = calloc(classes, sizeof *told);
    if (!told) TRY(FAIL(ERR_MEMORY, "no memory for %zu classes", classes));
    if (w->json) TRY(print_json(name, k, a, top, told));
    else print_text(name, k, a, top, told);
    if (a->account.decoded < a->account.asked)
        log_warn("%s: %zu of %zu frames could not be decoded and were replaced: %s", name,
                 a->account.asked - a->account.decoded, a->account.asked, a->account.reason);
done:
    free(told);
    return st;
}

/* FOLDER/NAME.png, where NAME is the video's without folders and ending. */
static status write_picture(const predict_words *w, const char *name, const known *k, const known_answer *a)
{
    status st = OK;
    char file[NAME_MOST + 8];
    const char *slash = strrchr(name, '/'), *start = slash ? slash + 1 : name, *dot = strrchr(start, '.');
    size_t length = dot && dot > start ? (size_t)(dot - start) : strlen(start);
    snprintf(file, sizeof file, "%.*s.png", (int)(length < NAME_MOST ? length : NAME_MOST), start);
    char *path = path_join(w->attention, file);
    if (!path) TRY(FAIL(ERR_MEMORY, "no memory for the name of a picture"));
    TRY(attention_write(path, a->pictures, a->attention, known_frames(k), known_side(k)));
done:
    free(path);
    return st;
}

/* Standard input as a file that can be read in any order: a number of an open file without a name. */
static status spool_input(int *out)
{
    status st = OK;
    char bytes[COPY_BYTES];
    ssize_t count;
    *out = memfd_create("video", MFD_CLOEXEC);
    if (*out < 0) TRY(FAIL(ERR_IO, "standard input: no memory to keep it: %s", strerror(errno)));
    while ((count = read(STDIN_FILENO, bytes, sizeof bytes)) > 0)
        for (ssize_t at = 0, written; at < count; at += written) {
            written = write(*out, bytes + at, (size_t)(count - at));
            if (written < 0) TRY(FAIL(ERR_IO, "standard input: no memory to keep it: %s", strerror(errno)));
        }
    if (count < 0) TRY(FAIL(ERR_IO, "standard input: %s", strerror(errno)));
done:
    return st;
}

static status predict_file(const predict_words *w, const char *name, const char *path, known *k)
{
    status st = OK;
    video *v = NULL;
    known_answer answer;
    TRY(video_open(path, &(video_options){.stream = -1, .threads = 1, .timeout = w->timeout}, &v));
    TRY(known_ask(k, v, &answer));
    TRY(print_answer(w, name, k, &answer));
    if (w->attention) TRY(write_picture(w, name, k, &answer));
done:
    video_close(&v);
    return st;
}

static status predict_one(const predict_words *w, const char *name, known *k)
{
    status st = OK;
    char path[64];
    int file = -1;
    if (strcmp(name, "-")) return predict_file(w, name, name, k);
    TRY(spool_input(&file));
    snprintf(path, sizeof path, "/proc/self/fd/%d", file);
    TRY(predict_file(w, "standard input", path, k));
done:
    if (file >= 0) close(file);
    return st;
}

/* ---- all --------------------------------------------------------------------------------------------------------- */

static status predict_clips(const predict_words *w, const char *path)
{
    status st = OK;
    known *k = NULL;
    size_t unreadable = 0;
    TRY(open_model(w, path, &k));
    for (size_t i = 0; i < w->video_count; i++) {
        st = predict_one(w, w->videos[i], k);
        if (st != OK && st != ERR_MISSING && st != ERR_INPUT) goto done; /* not the video's fault */
        unreadable += st != OK;
        if (st != OK) TRY(json_line_unreadable("video", w->videos[i], w->json));
        fflush(stdout);
    }
    if (unreadable) TRY(FAIL(ERR_INPUT, "%zu of %zu videos cannot be read", unreadable, w->video_count));
done:
    known_close(&k);
    return st;
}

/* What a model is its file says. */
static status predict_all(const predict_words *w)
{
    status st = OK;
    char *path = NULL;
    bool streams = false;
    int threads = w->threads ? (int)w->threads : (int)cpus_usable_count();
    TRY(model_path(w->model, &path));
    TRY(t_start(&(t_options){.device = "auto", .threads = threads, .deterministic = true}));
    TRY(stream_card_is_there(path, &streams));
    TRY(streams ? predict_events(w, path) : predict_clips(w, path));
done:
    free(path);
    return st;
}

int predict_main(int argc, char **argv)
{
    static char command[] = "magister predict";
    predict_words w = {0};
    argv[0] = command;
    status st = predict_words_read(argc, argv, &w);
    if (st == OK) st = predict_all(&w);
    if (st == OK && (fflush(stdout) || ferror(stdout))) st = FAIL(ERR_IO, "cannot write to stdout");
    if (st != OK) fprintf(stderr, "%s: %s\n", command, fail_message());
    predict_words_free(&w);
    return status_exit_code(st);
}
