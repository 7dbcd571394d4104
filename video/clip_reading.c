#include "video/clip_reading.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { ROOM_MOST = 4 << 20 }; /* bytes of a video's own pictures at once; at least one of them */

void clip_room_free(clip_room *room)
{
    free(room->pictures);
    *room = (clip_room){0};
}

static frame_range range_between(const video *v, double begin, double end)
{
    int64_t frames = video_about(v)->frames;
    frame_range range = {.first = video_frame_at(v, begin), .end = frames};
    if (end <= begin) return range;
    range.end = video_frame_at(v, end);
    if (range.end < frames && video_frame_time(v, range.end) < end) range.end++; /* it is on screen before `end`, too */
    if (range.end <= range.first) range.end = range.first + 1;
    return range;
}

status clip_choose(const video *v, const clip_choice *choice, int64_t *index)
{
    if (!video_about(v)->frames) return FAIL(ERR_INPUT, "the video has no frames");
    if (choice->seconds)
        for (size_t i = 0; i < choice->count; i++) index[i] = video_frame_at(v, choice->seconds[i]);
    else frames_subsample(range_between(v, choice->begin, choice->end), choice->count, choice->when_short, index);
    return OK;
}

/* A box in parts of the picture; false when nothing of it lies inside. */
static bool box_of(const clip_look *look, const video_info *about, clip_box *out)
{
    double width = about->width, height = about->height;
    *out = (clip_box){(double)look->box[0] / width, (double)look->box[1] / height, (double)look->box[2] / width,
                      (double)look->box[3] / height};
    if (out->left < 0) out->left = 0;
    if (out->top < 0) out->top = 0;
    if (out->right > 1) out->right = 1;
    if (out->bottom > 1) out->bottom = 1;
    return out->left < out->right && out->top < out->bottom;
}

size_t clip_look_views(const clip_look *look)
{
    return look->random || !look->views ? 1 : look->views;
}

/* One for each view. */
static status draw_changes(const clip_look *look, const transform_options *o, const video_info *about,
                           clip_change out[VIEWS_MOST])
{
    status st = OK;
    clip_box box;
    const clip_pictures size = {.count = 1,
                                .width = about->width,
                                .height = about->height,
                                .box = look->boxed && box_of(look, about, &box) ? &box : NULL};
    if (look->random) return clip_change_draw(o, &size, look->key, out);
    for (size_t view = 0; view < clip_look_views(look); view++) TRY(clip_change_view(o, &size, view, &out[view]));
done:
    return st;
}

status clip_room_reserve(clip_room *room, size_t bytes)
{
    if (bytes <= room->bytes) return OK;
    clip_room_free(room);
    room->pictures = malloc(bytes);
    if (!room->pictures) return FAIL(ERR_MEMORY, "no memory for %zu bytes of pictures", bytes);
    room->bytes = bytes;
    return OK;
}

typedef struct {
    video *file;
    const int64_t *index; /* (count) */
    size_t count, at_once;
    const clip_change *changes; /* (views) */
    size_t views;
    transform *transform;
    clip_room *room;
    uint8_t *out;   /* (views, count) */
    size_t picture; /* bytes of one in `out` */
    video_account *account;
} reading;

static void add_account(video_account *sum, const video_account *part)
{
    if (!sum->reason[0]) snprintf(sum->reason, sizeof sum->reason, "%s", part->reason);
    sum->decoded += part->decoded;
    sum->resized += part->resized;
}

static uint8_t *picture_at(const reading *r, size_t view, size_t frame)
{
    return r->out + (view * r->count + frame) * r->picture;
}

/* Frames from `first` on. Errors: those of video_frames, clip_change_apply. */
static status read_some(reading *r, size_t first, size_t count)
{
    status st = OK;
    const video_info *about = video_about(r->file);
    const clip_pictures own = {r->room->pictures, count, about->width, about->height, NULL};
    video_account account = {0};
    TRY(video_frames(r->file, r->index + first, count, &(picture_format){0}, r->room->pictures, &account));
    for (size_t view = 0; view < r->views; view++)
        TRY(clip_change_apply(r->transform, &r->changes[view], &own, picture_at(r, view, first)));
    add_account(r->account, &account);
done:
    return st;
}

/* Gives the frames from `first` on the picture of frame `of`. */
static void repeat(const reading *r, size_t of, size_t first, size_t count)
{
    for (size_t view = 0; view < r->views; view++)
        for (size_t i = first; i < first + count; i++)
            memcpy(picture_at(r, view, i), picture_at(r, view, of), r->picture);
}

/* Some frames at a time; where none of them can be had, the picture before them stands in, or else the one behind. */
static status read_all(reading *r)
{
    status st = OK;
    size_t last = SIZE_MAX; /* frame whose picture is there */
    char *reason = r->account->reason;
    for (size_t first = 0, count; first < r->count; first += count) {
        count = r->count - first < r->at_once ? r->count - first : r->at_once;
        st = read_some(r, first, count);
        if (st == OK && last == SIZE_MAX) repeat(r, first, 0, first);
        if (st == OK) last = first + count - 1;
        if (st == OK) continue;
        if (st != ERR_INPUT) return st;
        if (!reason[0]) snprintf(reason, sizeof r->account->reason, "%s", fail_message());
        fail_clear();
        if (last != SIZE_MAX) repeat(r, last, first, count);
    }
    return last == SIZE_MAX ? FAIL(ERR_INPUT, "%s", reason) : OK;
}

status video_clip_read(video *v, const clip_choice *choice, const clip_look *look, const transform_options *options,
                       transform *t, clip_room *room, uint8_t *out, video_account *account)
{
    status st = OK;
    const video_info *about = video_about(v);
    clip_change changes[VIEWS_MOST];
    size_t own = picture_bytes(&(picture_format){0}, about);
    int64_t *index = calloc(choice->count, sizeof *index);
    if (!index) TRY(FAIL(ERR_MEMORY, "no memory for the numbers of %zu frames", choice->count));
    if (clip_look_views(look) > transform_views(options))
        TRY(FAIL(ERR_INTERNAL, "%zu views are asked of a transform that has %zu", look->views,
                 transform_views(options)));
    if (!own) TRY(FAIL(ERR_INPUT, "%d x %d is no size for pictures", about->width, about->height));
    *account = (video_account){.asked = choice->count};
    TRY(clip_choose(v, choice, index));
    TRY(draw_changes(look, options, about, changes));
    reading r = {.file = v,
                 .index = index,
                 .count = choice->count,
                 .at_once = own < ROOM_MOST ? ROOM_MOST / own : 1,
                 .changes = changes,
                 .views = clip_look_views(look),
                 .transform = t,
                 .room = room,
                 .out = out,
                 .picture = transform_bytes(options, 1),
                 .account = account};
    if (r.at_once > r.count) r.at_once = r.count;
    TRY(clip_room_reserve(room, r.at_once * own));
    TRY(read_all(&r));
done:
    free(index);
    return st;
}
