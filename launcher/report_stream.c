/* The stage `stream` in a report: what came of it, how learning went, what was found in its videos, and how that fits
 * what is known of them. Whatever of it is not there is left out. */
#include "events/event_files.h"
#include "launcher/events_score.h"
#include "launcher/report.h"
#include "launcher/report_curves.h"
#include "launcher/report_events.h"
#include "launcher/stream_results.h"

#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { CHART_WIDTH = 380, CHART_HEIGHT = 210, SHOWN_VIDEOS = 4, NUMBER = 32, PART_NAME = 64 };
static const double NEAR = 1; /* seconds: the tolerance that the sentence at the top speaks of */

/* ---- numbers ----------------------------------------------------------------------------------------------------- */

/* "1,234,567"; "–" for what is no number. */
static void grouped(double x, char out[NUMBER])
{
    char plain[NUMBER];
    if (!(fabs(x) < 1e15)) {
        snprintf(out, NUMBER, "&ndash;");
        return;
    }
    size_t length = (size_t)snprintf(plain, sizeof plain, "%.0f", x), at = 0;
    for (size_t i = 0; i < length; i++) {
        if (i && plain[i - 1] != '-' && (length - i) % 3 == 0) out[at++] = ',';
        out[at++] = plain[i];
    }
    out[at] = '\0';
}

static void number_cell(FILE *to, double x, int digits)
{
    if (isfinite(x)) fprintf(to, "<td>%.*f</td>", digits, x);
    else fputs("<td>&ndash;</td>", to);
}

static void count_cell(FILE *to, double x)
{
    char text[NUMBER];
    grouped(x, text);
    fprintf(to, "<td>%s</td>", text);
}

/* Errors may be of any size: three digits that count. */
static void error_cell(FILE *to, double x)
{
    if (isfinite(x)) fprintf(to, "<td>%.3g</td>", x);
    else fputs("<td>&ndash;</td>", to);
}

static const curve_errors *last_of(const curve_errors *list, size_t count)
{
    return count ? &list[count - 1] : NULL;
}

static double error_of(const curve_errors *line, size_t layer)
{
    return line && layer < line->layers ? line->errors[layer] : NAN;
}

/* As far as they are known: of a run that goes on, from its curve. */
static double frames_of(const stream_results *s)
{
    const curve_errors *last = last_of(s->curve.errors, s->curve.error_count);
    double frames = json_real_at(s->stats, "frames");
    if (isfinite(frames)) return frames;
    return fmax(s->frames >= 0 ? (double)s->frames : NAN, last ? last->step : NAN); /* either may be behind */
}

static size_t layers_of(const stream_results *s)
{
    const curve_errors *last = last_of(s->curve.errors, s->curve.error_count);
    double layers = json_real_at(s->stats, "layers");
    size_t most = isfinite(layers) ? (size_t)fmin(fmax(layers, 0), CURVE_LAYERS_MAX) : last ? last->layers : 0;
    for (size_t i = 0; !most && i < s->learned.events.count; i++)
        if (s->learned.events.at[i].layer_count > most) most = s->learned.events.at[i].layer_count;
    return most < CURVE_LAYERS_MAX ? most : CURVE_LAYERS_MAX;
}

/* ---- the sentence at the top ------------------------------------------------------------------------------------- */

/* F1 within NEAR of a layer of scores: {layers: [{boundary: [{tolerance, f1}]}]} */
static double near_f1(const json_t *scores, size_t layer)
{
    size_t i;
    json_t *at, *list = json_object_get(json_array_get(json_object_get(scores, "layers"), layer), "boundary");
    json_array_foreach(list, i, at) if (json_real_at(at, "tolerance") == NEAR) return json_real_at(at, "f1");
    return NAN;
}

static size_t best_layer(const json_t *mean)
{
    size_t best = 0, count = json_array_size(json_object_get(mean, "layers"));
    for (size_t i = 1; i < count; i++)
        if (near_f1(mean, i) > near_f1(mean, best)) best = i;
    return best;
}

/* "3 held-out videos" */
static void name_part(const report *p, const stream_part *part, char out[PART_NAME])
{
    size_t count = json_array_size(json_object_get(part->scores, "videos"));
    bool held_out = part == &p->stream->held_out;
    snprintf(out, PART_NAME, "%zu %svideo%s%s", count, held_out ? "held-out " : "", count == 1 ? "" : "s",
             held_out     ? ""
             : count == 1 ? " that was learned from"
                          : " that were learned from");
}

static bool write_scores_sentence(const report *p, const stream_part *part)
{
    const json_t *mean = json_object_get(part->scores, "mean"), *baselines = json_object_get(part->scores, "baselines");
    size_t layer = best_layer(mean);
    double found = near_f1(mean, layer), random = near_f1(json_object_get(baselines, "random"), layer),
           fixed = near_f1(json_object_get(baselines, "fixed"), layer);
    if (!isfinite(found)) return false;
    char name[PART_NAME];
    name_part(p, part, name);
    fprintf(p->to,
            "In %s, the boundaries of layer %zu meet the true ones with an F1 of <b>%.1f&nbsp;%%</b> within "
            "%.0f second",
            name, layer, found, NEAR);
    if (isfinite(random)) fprintf(p->to, "; as many at random places have %.1f&nbsp;%%", random);
    if (isfinite(fixed)) fprintf(p->to, ", evenly spaced %.1f&nbsp;%%", fixed);
    fputs(". ", p->to);
    return true;
}

static void write_found_sentence(const report *p)
{
    double seconds;
    const stream_part *part = p->stream->held_out.events.count ? &p->stream->held_out : &p->stream->learned;
    size_t events = stream_layer_events(part, 0, &seconds);
    if (!events) return;
    fprintf(p->to, "The lowest layer cuts %zu video%s into %zu event%s of %.1f&nbsp;s on average. ", part->events.count,
            part->events.count == 1 ? "" : "s", events, events == 1 ? "" : "s", seconds);
}

void report_stream_verdict(const report *p)
{
    char frames[NUMBER];
    grouped(frames_of(p->stream), frames);
    fputs("<p class=verdict>", p->to);
    bool scored = false;
    for (size_t i = 0; stream_scored_part(p->stream, i); i++)
        scored |= write_scores_sentence(p, stream_scored_part(p->stream, i));
    if (!scored) write_found_sentence(p);
    fprintf(p->to, "%s frames were watched%s.</p>\n", frames, p->stream->stats ? "" : " so far");
}

/* ---- what was watched -------------------------------------------------------------------------------------------- */

static void write_lead(const report *p)
{
    const recipe *r = p->recipe;
    fprintf(p->to,
            "<h2>Stream</h2>\n<p class=note>A streaming learner of at most %lld layer%s and %lld features watches "
            "pictures of %lld &times; %lld, one every %g&nbsp;s. Each layer predicts its next input; where that fails "
            "an event ends, and is an input of the layer above. ",
            (long long)recipe_int(r, "stream.layers"), recipe_int(r, "stream.layers") == 1 ? "" : "s",
            (long long)recipe_int(r, "stream.features"), (long long)recipe_list_int(r, "stream.size", 0),
            (long long)recipe_list_int(r, "stream.size", 1), recipe_real(r, "stream.snippet"));
    if (!p->stream->stats) fputs("<b>The stage has not ended: this is as far as it has come.</b>", p->to);
    fputs("</p>\n", p->to);
}

/* "2 unreadable, 1 frames replaced" */
static void write_broken(const report *p)
{
    const char *kind;
    json_t *count;
    bool first = true;
    json_object_foreach(json_object_get(p->stream->stats, "broken"), kind, count)
    {
        char words[64];
        snprintf(words, sizeof words, "%s", kind);
        for (char *at = words; *at; at++)
            if (*at == '_') *at = ' ';
        fprintf(p->to, "%s%" PRId64 " ", first ? "<p class=note>Broken, wholly or in part: " : ", ",
                (int64_t)json_integer_value(count));
        html_text(p->to, words);
        first = false;
    }
    if (!first) fputs(". The step&#39;s log names each.</p>\n", p->to);
}

static double percent_of(const json_t *stats, const char *key)
{
    return 100 * json_real_at(stats, key);
}

static void write_totals(const report *p)
{
    const stream_results *s = p->stream;
    const json_t *stats = s->stats;
    const curve_errors *last = last_of(s->curve.errors, s->curve.error_count);
    double steps = json_real_at(stats, "steps"), videos = json_real_at(stats, "videos");
    if (!isfinite(steps) && last) steps = last->optimizer_steps;
    if (!isfinite(videos) && s->learned.ended) videos = (double)s->learned.events.count;
    fputs("<div class=scroll><table><thead><tr><th>frames</th><th>videos<br>ended</th><th>broken<br>videos</th>"
          "<th>frames/s</th><th>idle<br>%</th><th>synchronis-<br>ing %</th><th>layers</th><th>parameters</th>"
          "<th>optimiser<br>steps</th><th>meetings<br>of ranks</th><th>ranks</th><th>memory of a<br>rank MB</th></tr>"
          "</thead><tbody><tr>",
          p->to);
    count_cell(p->to, frames_of(s));
    count_cell(p->to, videos);
    count_cell(p->to, json_real_at(stats, "broken_videos"));
    number_cell(p->to, json_real_at(stats, "frames_per_s"), 1);
    number_cell(p->to, percent_of(stats, "idle"), 1);
    number_cell(p->to, percent_of(stats, "synchronisation"), 1);
    count_cell(p->to, layers_of(s) ? (double)layers_of(s) : NAN);
    count_cell(p->to, json_real_at(stats, "parameters"));
    count_cell(p->to, steps);
    count_cell(p->to, s->curve.error_count ? (double)s->curve.error_count : NAN);
    number_cell(p->to, json_real_at(stats, "world_size"), 0);
    number_cell(p->to, json_real_at(stats, "rss_peak_mb"), 0);
    fputs("</tr></tbody></table></div>\n", p->to);
    write_broken(p);
    if (json_real_at(stats, "late_writes") > 0)
        fprintf(p->to,
                "<p class=note>A full disk kept lines or files waiting %.0f times; all were written later.</p>\n",
                json_real_at(stats, "late_writes"));
    if (json_real_at(stats, "stalls") > 0)
        fprintf(p->to, "<p class=note>Live input was late %.0f times.</p>\n", json_real_at(stats, "stalls"));
}

static void part_cells(FILE *to, const stream_part *part, const curve_errors *last, size_t layer)
{
    double seconds;
    size_t events = stream_layer_events(part, layer, &seconds);
    count_cell(to, events ? (double)events : NAN);
    number_cell(to, seconds, 2);
    error_cell(to, error_of(last, layer));
}

static void write_layers(const report *p)
{
    const stream_results *s = p->stream;
    size_t layers = layers_of(s);
    bool held_out = s->held_out.events.count > 0;
    if (!layers) return;
    fprintf(p->to,
            "<h3>Layers</h3>\n<div class=scroll><table><thead><tr><th></th><th colspan=3>videos that were learned from"
            "</th>%s</tr><tr><th class=text>layer</th>",
            held_out ? "<th colspan=3>held-out videos</th>" : "");
    for (int i = 0; i <= held_out; i++) fputs("<th>events</th><th>mean<br>length s</th><th>error</th>", p->to);
    fputs("</tr></thead><tbody>\n", p->to);
    for (size_t i = 0; i < layers; i++) {
        fprintf(p->to, "<tr><td class=text>%zu</td>", i);
        part_cells(p->to, &s->learned, last_of(s->curve.errors, s->curve.error_count), i);
        if (held_out) part_cells(p->to, &s->held_out, last_of(s->curve.held_out, s->curve.held_out_count), i);
        fputs("</tr>\n", p->to);
    }
    fprintf(p->to,
            "</tbody></table></div>\n<p class=note>Events are those of each video as it was watched last%s. The error "
            "is the mean over a layer&#39;s inputs: of what was learned from, while it was, in the last stretch "
            "between two "
            "meetings of the ranks%s. %s</p>\n",
            s->learned.ended || !s->learned.events.count ? "" : " (of videos under way)",
            held_out ? "; of held-out videos, the last time they were watched, without learning" : "",
            strcmp(recipe_text(p->recipe, "stream.distance"), "distance") ? "It is 1 minus the cosine similarity."
                                                                          : "It is the mean of squares.");
}

/* ---- history ----------------------------------------------------------------------------------------------------- */

typedef struct {
    chart_point *learned, *held_out; /* owned */
    size_t learned_count, held_out_count;
    double low, high;   /* of all values */
    chart_point *grown; /* two points a layer that grew, over the whole height; owned */
    size_t grown_count;
} layer_history;

static void history_end(layer_history *h)
{
    free(h->learned);
    free(h->held_out);
    free(h->grown);
    *h = (layer_history){0};
}

static size_t take_points(const curve_errors *list, size_t count, size_t layer, chart_point *out)
{
    size_t used = 0;
    for (size_t i = 0; i < count; i++)
        if (isfinite(error_of(&list[i], layer))) out[used++] = (chart_point){list[i].step, list[i].errors[layer], 0};
    return used;
}

static void widen(layer_history *h, const chart_point *points, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        h->low = fmin(h->low, points[i].y);
        h->high = fmax(h->high, points[i].y);
    }
}

/* A gap, and then the line from the bottom to the top: where layers grew. */
static void mark_growth(layer_history *h, const curve_errors *list, size_t count)
{
    for (size_t i = 1; i < count; i++) {
        if (list[i].layers <= list[i - 1].layers || h->grown_count + 3 > 3 * CURVE_LAYERS_MAX) continue;
        h->grown[h->grown_count++] = (chart_point){list[i].step, NAN, 0};
        h->grown[h->grown_count++] = (chart_point){list[i].step, h->low, 0};
        h->grown[h->grown_count++] = (chart_point){list[i].step, h->high, 0};
    }
}

static status history_of(const curve_file *c, size_t layer, layer_history *h)
{
    *h = (layer_history){.low = NAN, .high = NAN};
    h->learned = calloc(c->error_count + 1, sizeof *h->learned);
    h->held_out = calloc(c->held_out_count + 1, sizeof *h->held_out);
    h->grown = calloc(3 * CURVE_LAYERS_MAX, sizeof *h->grown);
    if (!h->learned || !h->held_out || !h->grown)
        return FAIL(ERR_MEMORY, "no memory for a curve of %zu points", c->error_count + c->held_out_count);
    h->learned_count = take_points(c->errors, c->error_count, layer, h->learned);
    h->held_out_count = take_points(c->held_out, c->held_out_count, layer, h->held_out);
    curve_thin(h->learned, &h->learned_count);
    widen(h, h->learned, h->learned_count);
    widen(h, h->held_out, h->held_out_count);
    if (h->high > h->low) mark_growth(h, c->errors, c->error_count);
    return OK;
}

static status draw_history(const report *p, size_t layer, double last, const layer_history *h)
{
    status st = OK;
    char name[64], alt[64];
    chart_series series[3];
    size_t count = 0;
    if (h->grown_count)
        series[count++] = (chart_series){SERIES_GUIDE, INK_GREY, false, 0, "a layer grew", h->grown, h->grown_count};
    if (h->learned_count)
        series[count++] = (chart_series){SERIES_LINE, INK_BLUE, false, 0, "learned from", h->learned, h->learned_count};
    if (h->held_out_count)
        series[count++] =
            (chart_series){SERIES_DOTTED_LINE, INK_ORANGE, false, 0, "held out", h->held_out, h->held_out_count};
    if (!h->learned_count && !h->held_out_count) return OK;
    const chart_plot plot = {{"frames watched", 0, last}, {"mean error", NAN, NAN}, {NULL, NAN, NAN}, series, count};
    snprintf(name, sizeof name, "stream-layer%zu", layer);
    snprintf(alt, sizeof alt, "Error of layer %zu over the frames watched", layer);
    fprintf(p->to, "<figure><figcaption>layer %zu</figcaption>\n", layer);
    TRY(picture_write(p->to, p->pictures, name, &(chart){.width = CHART_WIDTH, .height = CHART_HEIGHT, .plot = &plot},
                      alt));
    fputs("</figure>\n", p->to);
done:
    return st;
}

static status write_history(const report *p)
{
    status st = OK;
    const curve_file *c = &p->stream->curve;
    layer_history h = {0};
    if (!c->error_count && !c->held_out_count) return OK;
    fputs("<h3>Errors while learning</h3>\n<p class=note>The mean error of each layer&#39;s predictions. Axes do not "
          "begin at 0. A layer that grows, and every optimiser step, changes what the others predict from.</p>\n"
          "<div class=charts>\n",
          p->to);
    for (size_t i = 0; i < layers_of(p->stream); i++) {
        TRY(history_of(c, i, &h));
        TRY(draw_history(p, i, frames_of(p->stream), &h));
        history_end(&h);
    }
    fputs("</div>\n", p->to);
done:
    history_end(&h);
    return st;
}

/* ---- videos ------------------------------------------------------------------------------------------------------ */

static void write_caption(const report *p, const stream_part *part, const hierarchy *h, bool errors)
{
    size_t length;
    const char *base = video_base_name(h->file, &length);
    char *name = strndup(base, length);
    fputs("<div class=card><h3>", p->to);
    html_text(p->to, name);
    if (part == &p->stream->held_out) fputs("<span class=tag>held out</span>", p->to);
    if (isfinite(h->duration)) fprintf(p->to, " <span class=faint>%.1f&nbsp;s</span>", h->duration);
    fputs("</h3>\n", p->to);
    if (!errors)
        fputs("<p class=note>Its errors were not written down: <code>stream.errors: true</code> keeps those of all "
              "videos.</p>\n",
              p->to);
    free(name);
}

static status write_video(const report *p, const stream_part *part, const hierarchy *h, const error_curves *errors)
{
    status st = OK;
    const truth_video *marked = part->truth_path ? truth_find(&part->truth, h->file) : NULL;
    const events_picture picture = {.events = h,
                                    .truth = marked ? &marked->segments : NULL,
                                    .errors = errors->layer_count ? errors : NULL,
                                    .seed = (uint64_t)recipe_int(p->recipe, "seed")};
    write_caption(p, part, h, errors->layer_count > 0);
    TRY(events_picture_write(p->to, p->pictures, &picture));
    fputs("</div>\n", p->to);
done:
    return st;
}

/* Those whose errors are known, or, `others`, the rest. */
static status write_some(const report *p, const stream_part *part, bool others, size_t *left)
{
    status st = OK;
    error_curves errors = {.layer_count = 0};
    for (size_t i = 0; i < part->events.count && *left; i++) {
        TRY(stream_errors_read(part, part->events.at[i].file, &errors));
        if ((errors.layer_count == 0) == others) {
            TRY(write_video(p, part, &part->events.at[i], &errors));
            --*left;
        }
        errors_free(&errors);
    }
done:
    errors_free(&errors);
    return st;
}

/* Of a part, so many. */
static status write_part(const report *p, const stream_part *part, size_t count)
{
    status st = OK;
    TRY(write_some(p, part, false, &count));
    TRY(write_some(p, part, true, &count));
done:
    return st;
}

static status write_videos(const report *p)
{
    status st = OK;
    const stream_results *s = p->stream;
    size_t held_out = !s->held_out.ended ? 0 : s->learned.ended ? SHOWN_VIDEOS / 2 : SHOWN_VIDEOS;
    if (!s->learned.events.count && !held_out) return OK;
    fputs("<h3>Events of some videos</h3>\n<p class=note>A row of events for each layer, the highest on top; below "
          "them, where it is known, what is really there: equal labels have one colour. Then the error of each "
          "layer&#39;s predictions, what it was held against, and the boundaries as upright lines.</p>\n",
          p->to);
    TRY(write_part(p, &s->held_out, held_out));
    TRY(write_part(p, &s->learned, SHOWN_VIDEOS - held_out));
done:
    return st;
}

/* ---- scores ------------------------------------------------------------------------------------------------------ */

static void score_row(const report *p, const char *name, const json_t *score, bool layer)
{
    static const char *const KEYS[] = {"iou", "mof", "matched_iou", "matched_mof"};
    size_t i;
    json_t *at, *boundary = json_object_get(score, "boundary");
    fprintf(p->to, "<tr><td class=text>%s</td>", name);
    number_cell(p->to, layer ? json_real_at(score, "events") : NAN, 1);
    for (size_t k = 0; k < sizeof KEYS / sizeof KEYS[0]; k++) number_cell(p->to, json_real_at(score, KEYS[k]), 1);
    json_array_foreach(boundary, i, at) number_cell(p->to, json_real_at(at, "f1"), 1);
    for (i = json_array_size(boundary); i < SCORE_DEFAULTS.tolerance_count; i++) number_cell(p->to, NAN, 1);
    fputs("</tr>\n", p->to);
}

static void score_rows(const report *p, const char *title, const json_t *score)
{
    size_t i;
    json_t *layer;
    char name[32];
    fprintf(p->to, "<tr class=group><td class=text colspan=%zu>%s</td></tr>\n", 6 + SCORE_DEFAULTS.tolerance_count,
            title);
    score_row(p, "hierarchy", score, false);
    json_array_foreach(json_object_get(score, "layers"), i, layer)
    {
        snprintf(name, sizeof name, "layer %zu", i);
        score_row(p, name, layer, true);
    }
}

static void write_score_command(const report *p, const stream_part *part)
{
    fputs("<p class=note>The same again, and for each video: <code>magister events score ", p->to);
    report_word(p->to, part->directory);
    fputs("/videos --truth ", p->to);
    report_word(p->to, part->truth_path);
    fprintf(p->to, " --fps %g --baselines</code></p>\n", recipe_real(p->recipe, "data.fps"));
}

static void write_scores(const report *p, const stream_part *part)
{
    char title[64], name[PART_NAME];
    const json_t *baselines = json_object_get(part->scores, "baselines"),
                 *random = json_object_get(baselines, "random");
    name_part(p, part, name);
    fprintf(p->to,
            "<h3>Against what is known: %s</h3>\n<p class=note>Percent, means over videos. IoU and MoF "
            "of the hierarchy by level reduction, of a layer by itself; matched: events and segments paired one to "
            "one; F1 of boundaries within so many seconds. Baselines have as many boundaries in every layer.</p>\n"
            "<div class=scroll><table><thead><tr><th class=text></th><th>events<br>a video</th><th>IoU</th><th>MoF</th>"
            "<th>matched<br>IoU</th><th>matched<br>MoF</th>",
            name);
    for (size_t i = 0; i < SCORE_DEFAULTS.tolerance_count; i++)
        fprintf(p->to, "<th>F1<br>%g s</th>", SCORE_DEFAULTS.tolerances[i]);
    fputs("</tr></thead><tbody>\n", p->to);
    score_rows(p, "found", json_object_get(part->scores, "mean"));
    score_rows(p, "segments of one length", json_object_get(baselines, "fixed"));
    snprintf(title, sizeof title, "random boundaries, mean of %.0f draws", json_real_at(random, "draws"));
    score_rows(p, title, random);
    fputs("</tbody></table></div>\n", p->to);
    write_score_command(p, part);
}

/* ------------------------------------------------------------------------------------------------------------------ */

status report_stream(const report *p)
{
    status st = OK;
    if (!p->stream) return OK;
    write_lead(p);
    write_totals(p);
    write_layers(p);
    TRY(write_history(p));
    for (size_t i = 0; stream_scored_part(p->stream, i); i++) write_scores(p, stream_scored_part(p->stream, i));
    TRY(write_videos(p));
done:
    return st;
}
