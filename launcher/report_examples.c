/* Single segments: what was to be seen, what had happened before, and what teacher and students made of it. */
#include "base/log.h"
#include "data/instances.h"
#include "data/videos.h"
#include "launcher/frames.h"
#include "launcher/report.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { FRAME_COUNT = 6, FRAME_SIZE = 96, TOPS = 5, COLUMNS = 3 };

/* ---- frames ------------------------------------------------------------------------------------------------------ */

/* Times spread over what the student sees: the segment itself, or the seconds that end tau_a before it. False when it
 * is not known where the segment lies. */
static bool choose_times(const report *p, json_t *example, double seconds[FRAME_COUNT])
{
    double from = json_real_at(example, "start"), to = json_real_at(example, "end");
    if (!strcmp(recipe_text(p->recipe, "student.task"), "anticipate")) {
        to = from - recipe_real(p->recipe, "data.tau_a");
        from = to - (double)recipe_int(p->recipe, "student.frames") / recipe_real(p->recipe, "student.fps");
    }
    if (!isfinite(from) || !isfinite(to)) return false;
    to = fmax(to, 0);
    from = fmin(fmax(from, 0), to);
    for (size_t i = 0; i < FRAME_COUNT; i++) seconds[i] = from + (to - from) * (double)(i + 1) / FRAME_COUNT;
    return true;
}

static status make_frames(const report *p, json_t *example, size_t number, const char *video, double *seconds,
                          frame_list *out)
{
    status st = OK;
    char *scratch = NULL;
    if (asprintf(&scratch, "%s/example-%zu", p->pictures, number + 1) < 0) {
        scratch = NULL;
        TRY(FAIL(ERR_MEMORY, "no memory for frames of %s", video));
    }
    if (!choose_times(p, example, seconds))
        TRY(FAIL(ERR_INPUT, "%s: where the segment begins or ends is not known", video));
    TRY(frames_read(video, recipe_real(p->recipe, "data.frame_rate"), seconds, FRAME_COUNT, FRAME_SIZE, scratch, out));
done:
    free(scratch);
    return st;
}

static void write_frames(const report *p, const frame_list *frames, const double *seconds)
{
    fputs("<div class=strip>", p->to);
    for (size_t i = 0; i < frames->count; i++) {
        fprintf(p->to, "<figure><img width=%d alt=\"frame at %.1f s\" src=\"", FRAME_SIZE, seconds[i]);
        html_data(p->to, "image/png", frames->bytes[i], frames->sizes[i]);
        fprintf(p->to, "\"><figcaption>%.1f s</figcaption></figure>", seconds[i]);
    }
    fputs("</div>\n", p->to);
}

/* A video that is not there or cannot be read leaves the strip out and says so. */
static void write_strip(const report *p, json_t *example, size_t number)
{
    const char *folder = instances_videos(p->recipe);
    if (!folder) return;
    double seconds[FRAME_COUNT];
    frame_list frames = {0};
    char *video = NULL;
    status st = videos_find(folder, json_text_at(example, "sequence"), &video);
    if (st == OK) st = make_frames(p, example, number, video, seconds, &frames);
    if (st == OK) {
        write_frames(p, &frames, seconds);
    } else {
        if (video) log_warn("report: %s", fail_message());
        fputs("<p class=note>No frames: ", p->to);
        html_text(p->to, fail_message());
        fputs(".</p>\n", p->to);
        fail_clear();
    }
    frames_free(&frames);
    free(video);
}

/* ---- words and predictions --------------------------------------------------------------------------------------- */

static void write_head(const report *p, json_t *example)
{
    const char *label = json_text_at(example, "label_name");
    double start = json_real_at(example, "start"), end = json_real_at(example, "end");
    fputs("<h3>", p->to);
    html_text(p->to, label[0] ? label : "(a label that is no class)");
    fputs(" <span class=tag>", p->to);
    html_text(p->to, json_text_at(example, "why"));
    fputs("</span></h3>\n<p class=note>Video ", p->to);
    html_text(p->to, json_text_at(example, "sequence"));
    if (isfinite(start) && isfinite(end)) fprintf(p->to, ", %.1f to %.1f s", start, end);
    fputs("; segment <code>", p->to);
    html_text(p->to, json_text_at(example, "uid"));
    fputs("</code></p>\n", p->to);
}

static void write_history(const report *p, json_t *example)
{
    size_t i;
    json_t *each, *history = json_object_get(example, "history");
    fputs("<p class=history><span class=faint>Before: </span>", p->to);
    if (!json_array_size(history)) fputs("<span class=faint>nothing, it is the first</span>", p->to);
    json_array_foreach(history, i, each)
    {
        fputs(i ? " <span class=faint>&rarr;</span> <span class=step>" : "<span class=step>", p->to);
        const char *name = json_text_at(each, "name");
        html_text(p->to, name[0] ? name : "(no class)");
        fputs("</span>", p->to);
    }
    fputs(" <span class=faint>&rarr; ?</span></p>\n", p->to);
}

static void write_top(const report *p, json_t *each, double label)
{
    double share = json_real_at(each, "p");
    bool right = label >= 0 && fabs(json_real_at(each, "class") - label) < 0.5; /* false for what is not known */
    const char *name = json_text_at(each, "name");
    share = isfinite(share) ? fmin(fmax(share, 0), 1) : 0;
    fprintf(p->to, "<tr%s><td class=text>", right ? " class=right" : "");
    html_text(p->to, name[0] ? name : "(no name)");
    fprintf(p->to, "%s</td><td class=bar><i style=\"width:%.1f%%\"></i></td><td>%.0f&nbsp;%%</td></tr>\n",
            right ? " &#10003;" : "", 100 * share, 100 * share);
}

static void write_tops(const report *p, const char *set, json_t *tops, double label)
{
    size_t i;
    json_t *each;
    fputs("<div class=top><b>", p->to);
    html_text(p->to, set);
    fputs("</b><table>", p->to);
    json_array_foreach(tops, i, each)
    {
        if (i < TOPS) write_top(p, each, label);
    }
    fputs("</table></div>\n", p->to);
}

/* The three sets that distillation is judged by; without them the first that are there. */
static void write_predictions(const report *p, json_t *example)
{
    const char *const known[COLUMNS] = {p->teacher, p->plain, p->student};
    double label = json_real_at(example, "label");
    json_t *tops = json_object_get(example, "top5"), *each;
    const char *name;
    size_t written = 0;
    fputs("<div class=tops>", p->to);
    for (size_t i = 0; i < COLUMNS; i++) {
        each = known[i] ? json_object_get(tops, known[i]) : NULL;
        if (!each) continue;
        write_tops(p, known[i], each, label);
        written++;
    }
    json_object_foreach(tops, name, each)
    {
        if (written) break;
        write_tops(p, name, each, label);
        written = 1;
    }
    fputs("</div>\n", p->to);
}

static bool has_student(const report *p)
{
    return p->student || p->plain;
}

void report_examples(const report *p)
{
    size_t i;
    json_t *example, *examples = json_object_get(p->analysis, "examples");
    if (!json_array_size(examples)) return;
    fputs("<h2>Segments</h2>\n<p class=note>Picked by chance from each kind, to show where teacher and students agree "
          "and differ: how many there are of a kind is no measure.",
          p->to);
    if (p->teacher && p->plain && p->student)
        fputs(" Helped: teacher and distilled student are right, the plain one is wrong; hurt: only the plain one is "
              "right.",
              p->to);
    fputs(" Predictions are those of the lowest seed, with the softmax over the stored logits.", p->to);
    if (has_student(p) && !instances_videos(p->recipe))
        fputs(" The students see feature tracks and no video: there are no frames to show.", p->to);
    fputs("</p>\n", p->to);
    json_array_foreach(examples, i, example)
    {
        fputs("<div class=card>", p->to);
        write_head(p, example);
        write_strip(p, example, i);
        if (!instances_are_meant(p->recipe)) write_history(p, example); /* a clip alone has nothing before it */
        write_predictions(p, example);
        fputs("</div>\n", p->to);
    }
}
