#include "launcher/report_events.h"

#include "base/file.h"
#include "base/hash.h"
#include "events/event_files.h"
#include "launcher/picture.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { WIDTH = 940, BINS = WIDTH, LABEL = 32 };

/* What a chart's pointers point at. */
typedef struct {
    chart_track tracks[EVENT_LAYERS_MAX + 1];
    chart_panel panels[EVENT_LAYERS_MAX];
    chart_curve curves[EVENT_LAYERS_MAX][2];
    char track_labels[EVENT_LAYERS_MAX + 1][LABEL], panel_labels[EVENT_LAYERS_MAX][LABEL];
    chart_timeline timeline;
    double end;  /* seconds */
    double unit; /* seconds in a unit of the axis */
} drawing;

static void drawing_free(drawing *d)
{
    if (!d) return;
    for (size_t i = 0; i <= EVENT_LAYERS_MAX; i++) free((void *)(uintptr_t)d->tracks[i].at);
    for (size_t i = 0; i < EVENT_LAYERS_MAX; i++) {
        for (int c = 0; c < 2; c++) free((void *)(uintptr_t)d->curves[i][c].at);
        free((void *)(uintptr_t)d->panels[i].marks);
    }
    free(d);
}

/* ---- tracks ------------------------------------------------------------------------------------------------------ */

/* Colours by label for a ground truth, else by layer and number. */
static void colour_of(const events_picture *p, const event *e, bool truth, size_t layer, size_t number,
                      unsigned char rgb[3])
{
    static const unsigned char GREY[3] = {0x7B, 0x87, 0x94};
    if (!truth) event_colour(p->seed, layer, number, rgb);
    else if (e->label) event_colour(p->seed, EVENT_LAYERS_MAX, (size_t)hash_of_name(e->label), rgb);
    else memcpy(rgb, GREY, sizeof GREY);
}

static status add_track(drawing *d, const events_picture *p, const event_list *list, bool truth, size_t layer)
{
    size_t at = d->timeline.track_count;
    chart_span *spans = calloc(list->count + 1, sizeof *spans);
    if (!spans) return FAIL(ERR_MEMORY, "no memory for a picture of %zu events", list->count);
    for (size_t i = 0; i < list->count; i++) {
        spans[i] = (chart_span){.from = list->at[i].start / d->unit, .to = list->at[i].end / d->unit};
        colour_of(p, &list->at[i], truth, layer, i, spans[i].rgb);
    }
    if (truth) snprintf(d->track_labels[at], LABEL, "ground truth");
    else snprintf(d->track_labels[at], LABEL, "layer %zu", layer);
    d->tracks[at] = (chart_track){d->track_labels[at], spans, list->count};
    d->timeline.track_count++;
    return OK;
}

static status add_tracks(drawing *d, const events_picture *p)
{
    status st = OK;
    for (size_t i = p->events->layer_count; i-- > 0;) TRY(add_track(d, p, &p->events->layers[i], false, i));
    if (p->truth) TRY(add_track(d, p, p->truth, true, 0));
done:
    return st;
}

/* ---- curves ------------------------------------------------------------------------------------------------------ */

typedef enum { OF_ERRORS, OF_THRESHOLDS } curve_kind;

static double value_of(const error_sample *s, curve_kind kind)
{
    return kind == OF_ERRORS ? s->error : s->threshold;
}

/* The smallest and largest of samples `from` .. `to` - 1, in their order; points: room for two. */
static size_t thin(const error_curve *curve, curve_kind kind, size_t from, size_t to, double unit, chart_point *points)
{
    size_t least = SIZE_MAX, most = SIZE_MAX;
    for (size_t i = from; i < to; i++) {
        double value = value_of(&curve->at[i], kind);
        if (!isfinite(value)) continue;
        if (least == SIZE_MAX || value < value_of(&curve->at[least], kind)) least = i;
        if (most == SIZE_MAX || value > value_of(&curve->at[most], kind)) most = i;
    }
    if (least == SIZE_MAX) { /* a gap */
        points[0] = (chart_point){.x = curve->at[from].time / unit, .y = NAN};
        return 1;
    }
    size_t first = least < most ? least : most, second = least < most ? most : least;
    points[0] = (chart_point){.x = curve->at[first].time / unit, .y = value_of(&curve->at[first], kind)};
    points[1] = (chart_point){.x = curve->at[second].time / unit, .y = value_of(&curve->at[second], kind)};
    return first == second ? 1 : 2;
}

/* As they are, or thinned where there are several to a pixel. New memory. */
static status make_points(const drawing *d, const error_curve *curve, curve_kind kind, const chart_point **out,
                          size_t *count)
{
    size_t used = 0;
    chart_point *points = calloc(curve->count < 2 * BINS ? curve->count + 1 : 2 * BINS + 2, sizeof *points);
    if (!points) return FAIL(ERR_MEMORY, "no memory for a picture of %zu errors", curve->count);
    for (size_t i = 0, next; i < curve->count; i = next) {
        size_t bin = (size_t)(fmax(curve->at[i].time, 0) / d->end * BINS);
        next = i + 1;
        while (curve->count >= 2 * BINS && next < curve->count &&
               (bin >= BINS - 1 || curve->at[next].time / d->end * BINS < (double)(bin + 1)))
            next++;
        used += thin(curve, kind, i, next, d->unit, points + used);
    }
    *out = points;
    *count = used;
    return OK;
}

static status add_marks(const drawing *d, const error_curve *curve, chart_panel *panel)
{
    double *marks = calloc(curve->count + 1, sizeof *marks);
    if (!marks) return FAIL(ERR_MEMORY, "no memory for a picture of %zu errors", curve->count);
    for (size_t i = 0; i < curve->count; i++)
        if (curve->at[i].boundary) marks[panel->mark_count++] = curve->at[i].time / d->unit;
    panel->marks = marks;
    return OK;
}

static status add_panel(drawing *d, const error_curve *curve, size_t layer)
{
    status st = OK;
    size_t at = d->timeline.panel_count;
    chart_curve *curves = d->curves[at];
    chart_panel *panel = &d->panels[at];
    snprintf(d->panel_labels[at], LABEL, "layer %zu", layer);
    curves[0] = (chart_curve){.ink = INK_BLUE, .width = 0.9, .label = "prediction error"};
    curves[1] = (chart_curve){.ink = INK_ORANGE, .width = 1.2, .label = "threshold"};
    *panel = (chart_panel){.label = d->panel_labels[at], .curves = curves, .curve_count = 2};
    d->timeline.panel_count++;
    TRY(make_points(d, curve, OF_ERRORS, &curves[0].at, &curves[0].count));
    TRY(make_points(d, curve, OF_THRESHOLDS, &curves[1].at, &curves[1].count));
    TRY(add_marks(d, curve, panel));
done:
    return st;
}

static status add_panels(drawing *d, const error_curves *errors)
{
    status st = OK;
    for (size_t i = errors ? errors->layer_count : 0; i-- > 0;)
        if (errors->layers[i].count) TRY(add_panel(d, &errors->layers[i], i));
done:
    return st;
}

/* ---- the picture ------------------------------------------------------------------------------------------------- */

static double end_of(const events_picture *p)
{
    double end = fmax(isnan(p->events->duration) ? 0 : p->events->duration, hierarchy_end(p->events));
    for (size_t i = 0; p->truth && i < p->truth->count; i++) end = fmax(end, p->truth->at[i].end);
    for (size_t i = 0; p->errors && i < p->errors->layer_count; i++)
        if (p->errors->layers[i].count) end = fmax(end, p->errors->layers[i].at[p->errors->layers[i].count - 1].time);
    return end > 0 ? end : 1;
}

static status make_drawing(const events_picture *p, drawing **out)
{
    status st = OK;
    drawing *d = calloc(1, sizeof *d);
    if (!d) TRY(FAIL(ERR_MEMORY, "no memory for a picture"));
    d->end = end_of(p);
    d->unit = d->end > 3 * 3600 ? 3600 : d->end > 600 ? 60 : 1;
    TRY(add_tracks(d, p));
    TRY(add_panels(d, p->errors));
    d->timeline.x = (chart_axis){d->unit > 60 ? "hours" : d->unit > 1 ? "minutes" : "seconds", 0, d->end / d->unit};
    d->timeline.tracks = d->tracks;
    d->timeline.panels = d->panels;
    *out = d;
    d = NULL;
done:
    drawing_free(d);
    return st;
}

static chart chart_of(const drawing *d)
{
    return (chart){.width = WIDTH, .timeline = &d->timeline};
}

/* New text: `before` and the video's name. */
static status name_of(const events_picture *p, const char *before, char **out)
{
    size_t length;
    const char *base = video_base_name(p->events->file, &length);
    if (asprintf(out, "%s%.*s", before, (int)length, base) >= 0) return OK;
    *out = NULL;
    return FAIL(ERR_MEMORY, "no memory for a picture");
}

status events_picture_write(FILE *page, const char *folder, const events_picture *p)
{
    status st = OK;
    drawing *d = NULL;
    char *name = NULL, *alt = NULL;
    TRY(make_drawing(p, &d));
    TRY(name_of(p, "events-", &name));
    TRY(name_of(p, "Events of ", &alt));
    chart c = chart_of(d);
    TRY(picture_write(page, folder, name, &c, alt));
done:
    free(name);
    free(alt);
    drawing_free(d);
    return st;
}

static status save(const char *folder, const char *video, chart_form form, const chart *c)
{
    status st = OK;
    char file[PICTURE_NAME], *path = NULL, *bytes = NULL;
    size_t count = 0;
    picture_file_name(video, form == CHART_SVG ? ".svg" : ".png", file);
    path = path_join(folder, file);
    if (!path) TRY(FAIL(ERR_MEMORY, "%s: no memory for a path", folder));
    TRY(chart_render(c, form, &bytes, &count));
    TRY(file_write(path, bytes, count));
done:
    free(bytes);
    free(path);
    return st;
}

status events_picture_save(const char *folder, const events_picture *p)
{
    status st = OK;
    drawing *d = NULL;
    char *video = NULL;
    TRY(make_drawing(p, &d));
    TRY(name_of(p, "", &video));
    chart c = chart_of(d);
    TRY(save(folder, video, CHART_SVG, &c));
    TRY(save(folder, video, CHART_PNG, &c));
done:
    free(video);
    drawing_free(d);
    return st;
}
