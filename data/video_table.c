#include "data/video_table.h"

#include "data/names.h"
#include "data/videos.h"

#include <stdint.h>
#include <stdlib.h>

typedef struct {
    const char *name; /* borrowed from the data set */
    char *path;
    double end; /* seconds */
    bool told[VIDEO_REMARKS];
} video_entry;

struct video_table {
    video_entry *at; /* (count) */
    size_t count, room;
    name_table names;
};

static status add_video(video_table *f, const char *folder, const segment *of)
{
    status st = OK;
    size_t place = 0;
    char *path = NULL;
    if (f->count == f->room) {
        size_t room = f->room ? 2 * f->room : 64;
        video_entry *larger = realloc(f->at, room * sizeof *larger);
        if (!larger) TRY(FAIL(ERR_MEMORY, "no memory for %zu videos", room));
        f->at = larger;
        f->room = room;
    }
    st = videos_find(folder, of->sequence, &path);
    if (st == ERR_MISSING) {
        fail_clear();
        st = FAIL(
            ERR_MISSING,
            "segment %s: its video %s is not in %s (.mp4, .mkv, .mov, .avi, .webm, or a folder of numbered pictures)",
            of->uid, of->sequence, folder);
    }
    TRY(st);
    f->at[f->count++] = (video_entry){.name = of->sequence, .path = path};
    TRY(names_add(&f->names, of->sequence, f->count - 1, &place));
done:
    return st;
}

static status add_segment(video_table *f, const char *folder, const segment *of)
{
    status st = OK;
    size_t place = f->count;
    if (!names_find(&f->names, of->sequence, &place)) TRY(add_video(f, folder, of));
    if (of->end > f->at[place].end) f->at[place].end = of->end;
done:
    return st;
}

status video_table_open(const char *folder, const dataset *d, video_table **out)
{
    status st = OK;
    const segment_list *const lists[] = {&d->train, &d->development, &d->eval};
    video_table *f = calloc(1, sizeof *f);
    if (!f) TRY(FAIL(ERR_MEMORY, "no memory for the videos of %s", folder));
    for (size_t l = 0; l < 3; l++)
        for (size_t i = 0; i < lists[l]->count; i++) TRY(add_segment(f, folder, &lists[l]->at[i]));
    *out = f;
    f = NULL;
done:
    video_table_close(&f);
    return st;
}

void video_table_close(video_table **at)
{
    if (!at || !*at) return;
    video_table *f = *at;
    for (size_t i = 0; i < f->count; i++) free(f->at[i].path);
    names_free(&f->names);
    free(f->at);
    free(f);
    *at = NULL;
}

size_t video_table_find(const video_table *f, const char *name)
{
    size_t place = 0;
    return names_find(&f->names, name, &place) ? place : SIZE_MAX;
}

size_t video_table_count(const video_table *f)
{
    return f->count;
}

const char *video_table_name(const video_table *f, size_t i)
{
    return f->at[i].name;
}

const char *video_table_path(const video_table *f, size_t i)
{
    return f->at[i].path;
}

double video_table_end(const video_table *f, size_t i)
{
    return f->at[i].end;
}

bool video_table_tells(video_table *f, size_t i, video_remark what)
{
    bool first = !f->at[i].told[what];
    f->at[i].told[what] = true;
    return first;
}
