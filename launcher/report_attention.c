/* What a student looks at: pictures that its step left, with what it predicted of them. */
#include "base/file.h"
#include "base/log.h"
#include "conf/run.h"
#include "launcher/report_students.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { JSON_BYTES_MAX = 16 << 20, PNG_BYTES_MAX = 4 << 20, CLIPS_MOST = 12, FRAMES_MOST = 4096 };

/* What cannot be shown does not take the report away: it is said, and left out. */
static void say_missing(const report *p, const char *what)
{
    log_warn("report: %s", fail_message());
    fprintf(p->to, "<p class=note>%s: ", what);
    html_text(p->to, fail_message());
    fputs(".</p>\n", p->to);
    fail_clear();
}

static status read_object(const char *path, json_t **out)
{
    status st = OK;
    json_error_t error;
    char *bytes = NULL;
    size_t count = 0;
    TRY(file_read(path, JSON_BYTES_MAX, &bytes, &count));
    *out = json_loadb(bytes, count, 0, &error);
    if (!json_is_object(*out)) {
        json_decref(*out);
        *out = NULL;
        TRY(FAIL(ERR_INPUT, "%s: is no JSON object", path));
    }
done:
    free(bytes);
    return st;
}

status report_step_json(const report *p, const char *step, const char *file, json_t **out)
{
    status st = OK;
    char *directory = run_step_directory(p->run, step), *path = directory ? path_join(directory, file) : NULL;
    *out = NULL;
    if (!path) TRY(FAIL(ERR_MEMORY, "no memory to read %s of %s", file, step));
    if (!file_exists(path)) goto done;
    st = read_object(path, out);
    if (st != OK && st != ERR_MEMORY) {
        say_missing(p, "Not shown");
        st = OK;
    }
done:
    free(path);
    free(directory);
    return st;
}

/* ---- one clip ---------------------------------------------------------------------------------------------------- */

static status read_picture(const char *directory, const char *file, char **out, size_t *count)
{
    static const char SIGNATURE[] = "\x89PNG\r\n\x1a\n";
    status st = OK;
    size_t length = sizeof SIGNATURE - 1;
    char *path = NULL, *bytes = NULL;
    if (!file[0] || !path_stays_inside(file))
        TRY(FAIL(ERR_INPUT, "%s/attention.json: \"%.60s\" is no file below it", directory, file));
    path = path_join(directory, file);
    if (!path) TRY(FAIL(ERR_MEMORY, "no memory for the name of a picture"));
    TRY(file_read(path, PNG_BYTES_MAX, &bytes, count));
    if (*count < length || memcmp(bytes, SIGNATURE, length)) TRY(FAIL(ERR_INPUT, "%s: is no PNG", path));
    *out = bytes;
    bytes = NULL;
done:
    free(bytes);
    free(path);
    return st;
}

/* "most on frame 7 of 16 (23 %)"; nothing where there are no weights. */
static void write_most(const report *p, const json_t *weights)
{
    size_t count = json_array_size(weights), most = 0;
    double sum = 0, largest = -1;
    for (size_t i = 0; i < count && i < FRAMES_MOST; i++) {
        const json_t *each = json_array_get(weights, i);
        double weight = json_is_number(each) ? json_number_value(each) : NAN;
        if (!(weight >= 0) || !isfinite(weight)) return;
        sum += weight;
        if (weight > largest) {
            largest = weight;
            most = i;
        }
    }
    if (count && count <= FRAMES_MOST && sum > 0 && isfinite(sum))
        fprintf(p->to, "; most on frame %zu of %zu (%.0f&nbsp;%%)", most + 1, count, 100 * largest / sum);
}

static void write_name(const report *p, const json_t *clip, const char *key)
{
    const char *name = json_text_at(clip, key);
    html_text(p->to, name[0] ? name : "(no class)");
}

static void write_words(const report *p, const json_t *clip)
{
    double label = json_real_at(clip, "label"), predicted = json_real_at(clip, "predicted");
    double probability = json_real_at(clip, "probability");
    bool right = label >= 0 && fabs(label - predicted) < 0.5;
    fputs("<h3>", p->to);
    write_name(p, clip, "label_name");
    fprintf(p->to, " <span class=tag>%s</span></h3>\n<p class=note>Predicted: ", right ? "right" : "wrong");
    write_name(p, clip, "predicted_name");
    if (probability >= 0 && probability <= 1) fprintf(p->to, " (%.0f&nbsp;%%)", 100 * probability);
    write_most(p, json_object_get(clip, "weights"));
    fputs("; clip <code>", p->to);
    html_text(p->to, json_text_at(clip, "uid"));
    fputs("</code></p>\n", p->to);
}

static status write_clip(const report *p, const char *directory, const json_t *clip)
{
    char *bytes = NULL;
    size_t count = 0;
    fputs("<div class=card>", p->to);
    write_words(p, clip);
    status st = read_picture(directory, json_text_at(clip, "file"), &bytes, &count);
    if (st == OK) {
        fputs("<img class=looks alt=\"Frames of the clip and the weight of each\" src=\"", p->to);
        html_data(p->to, "image/png", bytes, count);
        fputs("\">", p->to);
    } else if (st != ERR_MEMORY) {
        say_missing(p, "No picture");
        st = OK;
    }
    fputs("</div>\n", p->to);
    free(bytes);
    return st;
}

/* ---- all of them ------------------------------------------------------------------------------------------------- */

status report_attention(const report *p, const char *step)
{
    status st = OK;
    json_t *all = NULL;
    char *directory = run_step_directory(p->run, step);
    if (!directory) TRY(FAIL(ERR_MEMORY, "no memory for the attention of %s", step));
    TRY(report_step_json(p, step, "attention.json", &all));
    const json_t *clips = json_object_get(all, "clips");
    size_t count = json_array_size(clips);
    if (!count) goto done;
    fputs("<h3>Attention over frames</h3>\n<p class=note>Clips of the eval part, chosen from the list alone and spread "
          "over classes, as the student sees them. Below each frame its weight, the highest of a clip filling its "
          "place.</p>\n",
          p->to);
    for (size_t i = 0; i < count && i < CLIPS_MOST; i++) TRY(write_clip(p, directory, json_array_get(clips, i)));
done:
    json_decref(all);
    free(directory);
    return st;
}
