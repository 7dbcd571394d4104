#include "data/tracks.h"

#include "base/arena.h"
#include "base/file.h"
#include "data/csv.h"
#include "data/lmdb_file.h"
#include "data/names.h"
#include "data/npy.h"

#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

_Static_assert(__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__, "mapped tracks are little-endian");

enum { WIDTH_MOST = 1 << 20, FRAMES_MOST = INT32_MAX };
#define FPS_MOST 1e6

typedef struct {
    const char *name;
    size_t frames;
    size_t first;  /* its first value in `values` (CSV) */
    float *mapped; /* (frames, width) of a .f32 file */
    npy_map npy;   /* of a .npy file */
} video_track;

struct tracks {
    size_t width;
    double fps;
    arena *strings;
    const char *path;
    name_table names; /* to places in `videos` */
    video_track *videos;
    size_t count, room;
    float *values;       /* (value_count) of the CSV form; NULL where they are packed */
    const float *packed; /* (value_count) borrowed */
    size_t value_count, value_room;
    lmdb_file *records; /* NULL in the other forms */
    float *zeros;       /* (2, width) zeros, and numbers that are none: what stands for records */
};

static const track_value *values_of(const tracks *t, const video_track *v)
{
    if (v->npy.base) return v->npy.values;
    return v->mapped ? v->mapped : (t->packed ? t->packed : t->values) + v->first;
}

static status tracks_new(const char *path, tracks **out)
{
    tracks *t = calloc(1, sizeof *t);
    *out = t;
    if (t) t->strings = arena_new();
    if (t) t->path = arena_copy(t->strings, path, strlen(path));
    return t && t->path ? OK : FAIL(ERR_MEMORY, "%s: no memory to open it", path);
}

/* ---- common to both forms ---------------------------------------------------------------------------------------- */

/* Errors name the line of `file` (NULL: there is none). */
static status add_video(tracks *t, const csv *file, const char *name, video_track **out)
{
    status st = OK;
    size_t place = 0;
    if (t->count == t->room) {
        size_t room = t->room ? t->room * 2 : 64;
        video_track *larger = realloc(t->videos, room * sizeof *larger);
        if (!larger) TRY(FAIL(ERR_MEMORY, "%s: no memory for %zu videos", t->path, room));
        t->videos = larger;
        t->room = room;
    }
    char *kept = arena_copy(t->strings, name, strlen(name));
    if (!kept) TRY(FAIL(ERR_MEMORY, "%s: no memory for its names", t->path));
    TRY(names_add(&t->names, kept, t->count, &place));
    if (place != t->count)
        TRY(file ? FAIL(ERR_INPUT, "%s:%zu: video %.80s stands further above already", file->path, file->line, name)
                 : FAIL(ERR_INTERNAL, "%s: video %.80s is packed twice", t->path, name));
    t->videos[t->count] = (video_track){.name = kept, .first = t->value_count};
    *out = &t->videos[t->count++];
done:
    return st;
}

/* ---- CSV --------------------------------------------------------------------------------------------------------- */

static status add_values(tracks *t, const csv *file)
{
    status st = OK;
    if (t->value_room - t->value_count < t->width) {
        size_t room = (t->value_room + t->width) * 2;
        float *larger = realloc(t->values, room * sizeof *larger);
        if (!larger) TRY(FAIL(ERR_MEMORY, "%s: no memory for %zu values", t->path, room));
        t->values = larger;
        t->value_room = room;
    }
    for (size_t i = 0; i < t->width; i++) {
        double value = 0;
        TRY(csv_real(file, 2 + i, "a value", &value));
        float rounded = (float)value;
        if (!isfinite(rounded))
            TRY(FAIL(ERR_INPUT, "%s:%zu: %g is too large for float32", file->path, file->line, value));
        t->values[t->value_count++] = rounded;
    }
done:
    return st;
}

static status add_row(tracks *t, const csv *file)
{
    status st = OK;
    const char *name = NULL;
    int64_t frame = 0;
    if (file->count != t->width + 2)
        TRY(FAIL(ERR_INPUT, "%s:%zu: %zu columns where the header has %zu", file->path, file->line, file->count,
                 t->width + 2));
    TRY(csv_text(file, 0, "video", &name));
    TRY(csv_int(file, 1, "frame", 0, FRAMES_MOST, &frame));
    video_track *video = t->count ? &t->videos[t->count - 1] : NULL;
    if (!video || strcmp(video->name, name)) TRY(add_video(t, file, name, &video));
    if ((size_t)frame != video->frames)
        TRY(FAIL(ERR_INPUT, "%s:%zu: frame %lld of video %.80s where frame %zu comes next", file->path, file->line,
                 (long long)frame, name, video->frames));
    TRY(add_values(t, file));
    video->frames++;
done:
    return st;
}

static status read_csv(tracks *t, csv *file)
{
    status st = OK;
    bool more = false;
    TRY(csv_next(file, &more));
    if (!more || csv_column(file, "video") != 0 || csv_column(file, "frame") != 1 || file->count < 3)
        TRY(FAIL(ERR_INPUT, "%s:%zu: expected a header video,frame,... with a name for each value", file->path,
                 file->line));
    t->width = file->count - 2;
    for (;;) {
        TRY(csv_next(file, &more));
        if (!more) break;
        TRY(add_row(t, file));
    }
    if (!t->count) TRY(FAIL(ERR_INPUT, "%s: no frames below the header", file->path));
done:
    return st;
}

/* ---- folder ------------------------------------------------------------------------------------------------------ */

static status map_values(int fd, const char *path, size_t width, video_track *video)
{
    struct stat info;
    if (fstat(fd, &info)) return FAIL(ERR_IO, "%s: cannot ask for its size: %s", path, strerror(errno));
    size_t bytes = video->frames * width * sizeof(float); /* FRAMES_MOST x WIDTH_MOST x 4 fits */
    if (!S_ISREG(info.st_mode) || (size_t)info.st_size != bytes)
        return FAIL(ERR_INPUT, "%s: %lld bytes, but %zu frames of %zu values are %zu bytes", path,
                    (long long)info.st_size, video->frames, width, bytes);
    void *at = mmap(NULL, bytes, PROT_READ, MAP_SHARED, fd, 0);
    if (at == MAP_FAILED) return FAIL(ERR_MEMORY, "%s: cannot be mapped: %s", path, strerror(errno));
    video->mapped = at;
    return OK;
}

static status map_video(const tracks *t, video_track *video)
{
    status st = OK;
    char *path = NULL;
    int fd = -1;
    if (asprintf(&path, "%s/%s.f32", t->path, video->name) < 0) {
        path = NULL;
        TRY(FAIL(ERR_MEMORY, "%s: no memory for a name", t->path));
    }
    fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK); /* a pipe by that name would block */
    if (fd < 0) TRY(FAIL(ERR_MISSING, "%s: cannot open: %s", path, strerror(errno)));
    TRY(map_values(fd, path, t->width, video));
done:
    if (fd >= 0) close(fd);
    free(path);
    return st;
}

static status check_same(const csv *file, const char *what, double first, double value)
{
    if (first == value) return OK;
    return FAIL(ERR_INPUT, "%s:%zu: %s %g, but %g above: all videos must have the same", file->path, file->line, what,
                value, first);
}

static status index_row(tracks *t, const csv *file, const size_t column[4])
{
    status st = OK;
    const char *name = NULL;
    int64_t frames = 0, width = 0;
    double fps = 0;
    video_track *video = NULL;
    TRY(csv_text(file, column[0], "video", &name));
    TRY(csv_int(file, column[1], "frames", 1, FRAMES_MOST, &frames));
    TRY(csv_int(file, column[2], "width", 1, WIDTH_MOST, &width));
    if (column[3] != SIZE_MAX) TRY(csv_real(file, column[3], "fps", &fps));
    if (column[3] != SIZE_MAX && (fps <= 0 || fps > FPS_MOST))
        TRY(FAIL(ERR_INPUT, "%s:%zu: fps %g is not above 0", file->path, file->line, fps));
    if (!path_stays_inside(name)) /* names become file names */
        TRY(FAIL(ERR_INPUT, "%s:%zu: \"%.80s\" leads out of the folder", file->path, file->line, name));
    if (t->count) TRY(check_same(file, "width", (double)t->width, (double)width));
    if (t->count) TRY(check_same(file, "fps", t->fps, fps));
    t->width = (size_t)width;
    t->fps = fps;
    TRY(add_video(t, file, name, &video));
    video->frames = (size_t)frames;
    TRY(map_video(t, video));
done:
    return st;
}

static status read_index(tracks *t, csv *file)
{
    status st = OK;
    bool more = false;
    TRY(csv_next(file, &more));
    const size_t column[4] = {csv_column(file, "video"), csv_column(file, "frames"), csv_column(file, "width"),
                              csv_column(file, "fps")};
    if (column[0] == SIZE_MAX || column[1] == SIZE_MAX || column[2] == SIZE_MAX)
        TRY(FAIL(ERR_INPUT, "%s:1: expected a header with video, frames, width (and fps), separated by tabs",
                 file->path));
    while (more) {
        TRY(csv_next(file, &more));
        if (more) TRY(index_row(t, file, column));
    }
    if (!t->count) TRY(FAIL(ERR_INPUT, "%s: no videos below the header", file->path));
done:
    return st;
}

static status read_folder(tracks *t, const char *index, csv *file)
{
    status st = OK;
    TRY(csv_open(index, '\t', file));
    TRY(read_index(t, file));
done:
    csv_close(file);
    return st;
}

/* ---- NumPy --------------------------------------------------------------------------------------------------------
 */

static bool ends_in(const char *name, const char *ending)
{
    size_t length = strlen(name), tail = strlen(ending);
    return length > tail && !strcmp(name + length - tail, ending);
}

static status add_npy(tracks *t, const char *file_name)
{
    status st = OK;
    npy_map map = {0};
    video_track *video = NULL;
    csv nowhere = {.path = t->path};
    char *path = path_join(t->path, file_name), *name = strndup(file_name, strlen(file_name) - 4);
    if (!path || !name) TRY(FAIL(ERR_MEMORY, "%s: no memory for a name", t->path));
    TRY(npy_open(path, &map));
    if (t->count && map.width != t->width)
        TRY(FAIL(ERR_INPUT, "%s: frames of %zu numbers, but %zu in other files: all videos must have the same", path,
                 map.width, t->width));
    if (map.width > WIDTH_MOST)
        TRY(FAIL(ERR_INPUT, "%s: frames of %zu numbers; at most %d", path, map.width, WIDTH_MOST));
    t->width = map.width;
    TRY(add_video(t, &nowhere, name, &video));
    video->frames = map.rows;
    video->npy = map;
    map = (npy_map){0};
done:
    npy_close(&map);
    free(path);
    free(name);
    return st;
}

static status read_npy_folder(tracks *t)
{
    status st = OK;
    DIR *folder = opendir(t->path);
    if (!folder) TRY(FAIL(ERR_IO, "%s: cannot look into this folder: %s", t->path, strerror(errno)));
    for (struct dirent *e; (e = readdir(folder));)
        if (ends_in(e->d_name, ".npy")) TRY(add_npy(t, e->d_name));
    if (!t->count)
        TRY(FAIL(ERR_MISSING, "%s: no tracks: it has neither index.tsv nor data.mdb nor a .npy file", t->path));
done:
    if (folder) closedir(folder);
    return st;
}

/* ---- LMDB ---------------------------------------------------------------------------------------------------------
 */

enum { KEY_MOST = 511, KEY_TAIL = sizeof "_frame_0000000000.jpg" - 1, FRAME_DIGITS = 10 };
#define LAST_FRAME UINT64_C(9999999999)

/* The record of `video` up to `frame`, and which frame it is. */
static lmdb_answer find_record(const tracks *t, const char *video, uint64_t frame, lmdb_record *out, uint64_t *found)
{
    char key[KEY_MOST + 1];
    int length = snprintf(key, sizeof key, "%s_frame_%010llu.jpg", video, (unsigned long long)frame);
    if (length < 0 || length > KEY_MOST || frame > LAST_FRAME) return LMDB_NONE;
    lmdb_answer answer = lmdb_floor(t->records, key, (size_t)length, out);
    if (answer != LMDB_FOUND) return answer;
    size_t head = (size_t)length - FRAME_DIGITS - 4;
    if (out->key_bytes != (size_t)length || memcmp(out->key, key, head) || memcmp(out->key + length - 4, ".jpg", 4))
        return LMDB_NONE;
    *found = 0;
    for (size_t i = 0; i < FRAME_DIGITS; i++) {
        if (!isdigit(out->key[head + i])) return LMDB_NONE;
        *found = *found * 10 + (uint64_t)(out->key[head + i] - '0');
    }
    return LMDB_FOUND;
}

static size_t record_frames(const tracks *t, const char *video)
{
    lmdb_record last;
    uint64_t frame = 0;
    if (find_record(t, video, LAST_FRAME, &last, &frame) != LMDB_FOUND || frame > FRAMES_MOST) return 0;
    return (size_t)frame + 1;
}

static const track_value *record_frame(const tracks *t, const char *video, size_t frame)
{
    lmdb_record record;
    uint64_t found = 0;
    if (!frame) frame = 1;
    lmdb_answer answer = find_record(t, video, frame, &record, &found);
    if (answer == LMDB_NONE || (answer == LMDB_FOUND && frame - found > LMDB_BACK)) return t->zeros;
    if (answer == LMDB_DAMAGED || record.value_bytes != t->width * sizeof(float)) return t->zeros + t->width;
    return (const void *)record.value;
}

/* The width is that of the last record. */
static status read_records(tracks *t, const char *path)
{
    status st = OK;
    lmdb_record last;
    TRY(lmdb_open(path, &t->records));
    if (lmdb_floor(t->records, NULL, 0, &last) != LMDB_FOUND) TRY(FAIL(ERR_INPUT, "%s: a damaged LMDB file", path));
    bool named = last.key_bytes > KEY_TAIL && !memcmp(last.key + last.key_bytes - KEY_TAIL, "_frame_", 7);
    if (!named || !last.value_bytes || last.value_bytes % sizeof(float) ||
        last.value_bytes / sizeof(float) > WIDTH_MOST)
        TRY(FAIL(ERR_INPUT, "%s: its records are not <video>_frame_<ten digits>.jpg with float32 values", path));
    t->width = last.value_bytes / sizeof(float);
    t->fps = LMDB_FPS;
    t->zeros = calloc(2 * t->width, sizeof *t->zeros);
    if (!t->zeros) TRY(FAIL(ERR_MEMORY, "%s: no memory to open it", path));
    for (size_t i = t->width; i < 2 * t->width; i++) t->zeros[i] = NAN;
done:
    return st;
}

/* ---- packed ------------------------------------------------------------------------------------------------------ */

/* Followed by the values, (values) float32, the frames of each video, (videos) uint64, and their names, each with its
 * end. Values are padded to whole uint64. */
typedef struct {
    uint64_t width, videos, values, name_bytes;
} pack_header;

static size_t padded_values(size_t values)
{
    return (values + 1) / 2 * 2 * sizeof(float);
}

static size_t packed_bytes(const pack_header *h)
{
    return sizeof *h + padded_values((size_t)h->values) + (size_t)h->videos * sizeof(uint64_t) + (size_t)h->name_bytes;
}

static pack_header pack_header_of(const tracks *t)
{
    pack_header h = {t->width, t->count, t->value_count, 0};
    for (size_t i = 0; i < t->count; i++) h.name_bytes += strlen(t->videos[i].name) + 1;
    return h;
}

size_t tracks_packed_bytes(const tracks *t)
{
    const pack_header h = pack_header_of(t);
    return t->values || t->packed ? packed_bytes(&h) : 0;
}

void tracks_pack(const tracks *t, void *to)
{
    const pack_header h = pack_header_of(t);
    unsigned char *at = to;
    memcpy(at, &h, sizeof h);
    at += sizeof h;
    memcpy(at, t->packed ? t->packed : t->values, t->value_count * sizeof(float));
    at += padded_values(t->value_count);
    for (size_t i = 0; i < t->count; i++, at += sizeof(uint64_t))
        memcpy(at, &(uint64_t){t->videos[i].frames}, sizeof(uint64_t));
    for (size_t i = 0; i < t->count; i++) {
        size_t length = strlen(t->videos[i].name) + 1;
        memcpy(at, t->videos[i].name, length);
        at += length;
    }
}

static status unpack(tracks *t, const unsigned char *bytes, size_t count)
{
    status st = OK;
    pack_header h = {0};
    if (count >= sizeof h) memcpy(&h, bytes, sizeof h);
    bool good = count >= sizeof h && h.width && h.videos && h.values <= count && h.videos <= count &&
                h.name_bytes <= count && packed_bytes(&h) == count && h.name_bytes && !bytes[count - 1];
    if (!good) TRY(FAIL(ERR_INTERNAL, "%s: these %zu bytes are no packed tracks", t->path, count));
    t->width = (size_t)h.width;
    t->packed = (const float *)(const void *)(bytes + sizeof h);
    const unsigned char *frames = bytes + sizeof h + padded_values((size_t)h.values);
    const char *name = (const char *)frames + h.videos * sizeof(uint64_t), *end = (const char *)bytes + count;
    for (size_t i = 0; i < h.videos; i++, name += strlen(name) + 1) {
        uint64_t of_video;
        video_track *video = NULL;
        memcpy(&of_video, frames + i * sizeof of_video, sizeof of_video);
        if (name >= end || of_video > (h.values - t->value_count) / h.width)
            TRY(FAIL(ERR_INTERNAL, "%s: video %zu is not among its packed tracks", t->path, i));
        TRY(add_video(t, NULL, name, &video));
        video->frames = (size_t)of_video;
        t->value_count += (size_t)of_video * t->width;
    }
done:
    return st;
}

status tracks_open_packed(const char *path, const void *bytes, size_t count, tracks **out)
{
    status st = OK;
    tracks *t = NULL;
    TRY(tracks_new(path, &t));
    TRY(unpack(t, bytes, count));
    *out = t;
    t = NULL;
done:
    tracks_close(&t);
    return st;
}

/* ---- opening and reading ----------------------------------------------------------------------------------------- */

status tracks_open(const char *path, tracks **out)
{
    status st = OK;
    csv file = {0};
    char *records = path_join(path, "data.mdb"), *index = path_join(path, "index.tsv");
    tracks *t = NULL;
    TRY(tracks_new(path, &t));
    if (!records || !index) TRY(FAIL(ERR_MEMORY, "%s: no memory to open it", path));
    if (directory_exists(path)) {
        if (file_exists(records)) TRY(read_records(t, records));
        else if (file_exists(index)) TRY(read_folder(t, index, &file));
        else TRY(read_npy_folder(t));
    } else if (ends_in(path, ".mdb")) {
        TRY(read_records(t, path));
    } else {
        TRY(csv_open(path, CSV_GUESS, &file));
        TRY(read_csv(t, &file));
    }
    *out = t;
    t = NULL;
done:
    free(records);
    free(index);
    csv_close(&file);
    tracks_close(&t);
    return st;
}

void tracks_close(tracks **t)
{
    if (!*t) return;
    for (size_t i = 0; i < (*t)->count; i++) {
        video_track *v = &(*t)->videos[i];
        npy_close(&v->npy);
        if (v->mapped) munmap(v->mapped, v->frames * (*t)->width * sizeof(float));
    }
    names_free(&(*t)->names);
    arena_free(&(*t)->strings);
    free((*t)->videos);
    free((*t)->values);
    free((*t)->zeros);
    lmdb_close(&(*t)->records);
    free(*t);
    *t = NULL;
}

status tracks_check(const tracks *t)
{
    for (size_t i = 0; i < t->count; i++) {
        const video_track *v = &t->videos[i];
        const track_value *values = values_of(t, v);
        for (size_t at = 0; at < v->frames * t->width; at++)
            if (!isfinite(values[at]))
                return FAIL(ERR_INPUT, "%s: video %.80s, frame %zu: value %zu is not a finite number", t->path, v->name,
                            at / t->width, at % t->width);
    }
    return OK;
}

size_t tracks_width(const tracks *t)
{
    return t->width;
}

double tracks_fps(const tracks *t)
{
    return t->fps;
}

static const video_track *find(const tracks *t, const char *video)
{
    size_t place = 0;
    return names_find(&t->names, video, &place) ? &t->videos[place] : NULL;
}

size_t tracks_frames(const tracks *t, const char *video)
{
    if (t->records) return record_frames(t, video);
    const video_track *v = find(t, video);
    return v ? v->frames : 0;
}

const track_value *tracks_frame(const tracks *t, const char *video, size_t frame)
{
    if (t->records) return frame < record_frames(t, video) ? record_frame(t, video, frame) : NULL;
    const video_track *v = find(t, video);
    return v && frame < v->frames ? values_of(t, v) + frame * t->width : NULL;
}
