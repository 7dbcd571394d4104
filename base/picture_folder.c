#include "base/picture_folder.h"

#include "base/file.h"

#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>
#include <unistd.h>

enum { MANY = 64, DIGITS_MOST = 18, NAMES_MOST = 1 << 30 /* bytes */ };

/* ---- names ------------------------------------------------------------------------------------------------------- */

static bool ends_as(const char *ending, const char *const *known, size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (!strcasecmp(ending, known[i])) return true;
    return false;
}

/* Of a picture's name: the number, and how many letters stand before it. */
static bool name_parse(const char *name, int64_t *number, size_t *prefix)
{
    static const char *const ENDINGS[] = {".jpg", ".jpeg", ".png", ".bmp", ".webp"};
    const char *dot = strrchr(name, '.'), *digits = dot;
    if (!dot || name[0] == '.' || !ends_as(dot, ENDINGS, sizeof ENDINGS / sizeof ENDINGS[0])) return false;
    while (digits > name && isdigit((unsigned char)digits[-1])) digits--;
    const char *counted = digits + strspn(digits, "0");
    if (digits == dot || dot - counted > DIGITS_MOST) return false;
    *number = strtoll(digits, NULL, 10);
    *prefix = (size_t)(digits - name);
    return true;
}

bool video_file_name_is(const char *name)
{
    static const char *const ENDINGS[] = {".mp4", ".mkv", ".mov", ".avi", ".webm"};
    const char *dot = strrchr(name, '.');
    return dot && dot != name && dot[-1] != '/' && ends_as(dot, ENDINGS, sizeof ENDINGS / sizeof ENDINGS[0]);
}

double picture_rate(double given)
{
    return given > 0 ? given : 30;
}

bool picture_folder_is(const char *path)
{
    int64_t number;
    size_t prefix, pictures = 0, videos = 0;
    DIR *folder = opendir(path);
    if (!folder) return false;
    for (struct dirent *e; pictures < MANY && (e = readdir(folder));) {
        if (name_parse(e->d_name, &number, &prefix)) pictures++;
        else if (e->d_name[0] != '.' && video_file_name_is(e->d_name)) videos++;
    }
    closedir(folder);
    return pictures == MANY || (pictures && !videos);
}

/* ---- reading ----------------------------------------------------------------------------------------------------- */

typedef struct {
    const char *path;
    picture_folder folder;
    size_t *offsets; /* (folder.room) of names, while these still move */
    size_t used, size;
    size_t prefix; /* letters before the first one's number */
} reading;

static status no_memory(const reading *r)
{
    return FAIL(ERR_MEMORY, "%s: no memory for the names of its pictures", r->path);
}

static status make_room(reading *r, size_t bytes)
{
    picture_folder *f = &r->folder;
    if (f->count == f->room) {
        size_t room = f->room ? 2 * f->room : 1024;
        numbered_picture *at = realloc(f->at, room * sizeof *at);
        if (at) f->at = at;
        size_t *offsets = at ? realloc(r->offsets, room * sizeof *offsets) : NULL;
        if (!offsets) return no_memory(r);
        r->offsets = offsets;
        f->room = room;
    }
    if (r->used + bytes > r->size) {
        size_t size = 2 * (r->size + bytes + 4096);
        char *names = size < NAMES_MOST ? realloc(f->names, size) : NULL;
        if (!names) return no_memory(r);
        f->names = names;
        r->size = size;
    }
    return OK;
}

/* In the order of the alphabet, not in the one that the system lists them in. */
static status refuse_kinds(const reading *r, const char *name)
{
    const char *other = r->folder.names;
    bool first = strcmp(name, other) < 0;
    return FAIL(ERR_INPUT,
                "%s: holds pictures of several kinds of names, as %.80s and %.80s: a video is a folder of one", r->path,
                first ? name : other, first ? other : name);
}

static status add(reading *r, const char *name, int64_t number, size_t prefix)
{
    status st = OK;
    picture_folder *f = &r->folder;
    size_t bytes = strlen(name) + 1;
    if (!f->count) r->prefix = prefix;
    else if (prefix != r->prefix || memcmp(name, f->names, prefix)) TRY(refuse_kinds(r, name));
    if (f->count == PICTURE_FRAMES_MOST)
        TRY(FAIL(ERR_INPUT, "%s: holds more than %d pictures: split it", r->path, PICTURE_FRAMES_MOST));
    TRY(make_room(r, bytes));
    memcpy(f->names + r->used, name, bytes);
    r->offsets[f->count] = r->used;
    f->at[f->count++].number = number;
    r->used += bytes;
done:
    return st;
}

static int by_number(const void *a, const void *b)
{
    const numbered_picture *x = a, *y = b;
    return (x->number > y->number) - (x->number < y->number);
}

/* Sorts, and finds what the numbers mean. */
static status arrange(reading *r)
{
    picture_folder *f = &r->folder;
    for (size_t i = 0; i < f->count; i++) f->at[i].name = f->names + r->offsets[i];
    qsort(f->at, f->count, sizeof *f->at, by_number);
    for (size_t i = 1; i < f->count; i++)
        if (f->at[i].number == f->at[i - 1].number)
            return FAIL(ERR_INPUT, "%s: %.80s and %.80s have one number: remove one of them", r->path,
                        f->at[i - 1].name, f->at[i].name);
    f->first = f->at[0].number ? 1 : 0;
    f->frames = f->at[f->count - 1].number - f->first + 1;
    if (f->frames > PICTURE_FRAMES_MOST)
        return FAIL(ERR_INPUT, "%s: %.80s would be frame %lld: numbers begin at 0 or 1 and a video has up to %d frames",
                    r->path, f->at[f->count - 1].name, (long long)f->frames, PICTURE_FRAMES_MOST);
    return OK;
}

status picture_folder_read(const char *path, picture_folder *out)
{
    status st = OK;
    reading r = {.path = path};
    int64_t number;
    size_t prefix;
    struct dirent *e;
    DIR *folder = opendir(path);
    if (!folder) TRY(FAIL(ERR_MISSING, "%s: cannot look into it: %s", path, strerror(errno)));
    while (errno = 0, (e = readdir(folder)))
        if (name_parse(e->d_name, &number, &prefix)) TRY(add(&r, e->d_name, number, prefix));
    if (errno) TRY(FAIL(ERR_IO, "%s: cannot look into it: %s", path, strerror(errno)));
    if (!r.folder.count)
        TRY(FAIL(ERR_INPUT, "%s: a folder without numbered pictures (frame_0000000001.jpg, ...), so it is no video",
                 path));
    TRY(arrange(&r));
    *out = r.folder;
    r.folder = (picture_folder){0};
done:
    if (folder) closedir(folder);
    picture_folder_free(&r.folder);
    free(r.offsets);
    return st;
}

void picture_folder_free(picture_folder *f)
{
    free(f->at);
    free(f->names);
    *f = (picture_folder){0};
}

const char *picture_folder_name(const picture_folder *f, int64_t frame)
{
    const numbered_picture wanted = {.number = frame + f->first};
    const numbered_picture *found = bsearch(&wanted, f->at, f->count, sizeof *f->at, by_number);
    return found ? found->name : NULL;
}

int64_t picture_folder_gap(const picture_folder *f)
{
    for (size_t i = 0; i < f->count; i++)
        if (f->at[i].number != f->first + (int64_t)i) return f->first + (int64_t)i;
    return -1;
}

/* ---- known again ------------------------------------------------------------------------------------------------- */

status video_source_look(const char *path, int64_t *bytes, int64_t *mtime)
{
    struct stat info;
    if (stat(path, &info)) return FAIL(ERR_MISSING, "%s: cannot look at it: %s", path, strerror(errno));
    *bytes = S_ISDIR(info.st_mode) ? 0 : info.st_size;
    *mtime = info.st_mtim.tv_sec < 0 ? 0 : info.st_mtim.tv_sec * 1000000000 + info.st_mtim.tv_nsec;
    return OK;
}

/* A line a picture: size and name. */
static status list_sizes(const char *path, const picture_folder *f, FILE *to)
{
    status st = OK;
    struct stat info;
    int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0) TRY(FAIL(ERR_MISSING, "%s: cannot look into it: %s", path, strerror(errno)));
    for (size_t i = 0; i < f->count; i++) {
        long long size = fstatat(fd, f->at[i].name, &info, 0) ? -1 : (long long)info.st_size; /* -1: a dead link */
        if (fprintf(to, "%lld %s\n", size, f->at[i].name) < 0)
            TRY(FAIL(ERR_MEMORY, "%s: no memory for its hash", path));
    }
done:
    if (fd >= 0) close(fd);
    return st;
}

status video_source_hash(const char *path, char out[HASH_TEXT])
{
    status st = OK;
    picture_folder f = {0};
    FILE *to = NULL;
    char *text = NULL;
    size_t size = 0;
    if (!directory_exists(path)) return hash_file(path, out);
    TRY(picture_folder_read(path, &f));
    to = open_memstream(&text, &size);
    if (!to) TRY(FAIL(ERR_MEMORY, "%s: no memory for its hash", path));
    TRY(list_sizes(path, &f, to));
    if (fflush(to)) TRY(FAIL(ERR_MEMORY, "%s: no memory for its hash", path));
    hash_bytes(text, size, out);
done:
    if (to) fclose(to);
    free(text);
    picture_folder_free(&f);
    return st;
}
