/* cache_manifest - inside this room: what a cache of frames says about itself (docs/formats.md), read and written.
 *
 * Whatever is read here is checked: names stay inside the folder, numbers are within bounds and fit together. A file
 * may still be larger or smaller than its entry promises.
 */
#ifndef MAGISTER_VIDEO_CACHE_MANIFEST_H
#define MAGISTER_VIDEO_CACHE_MANIFEST_H

#include "base/hash.h"
#include "video/cache.h"
#include "video/video_files.h"

#include <jansson.h>

#define CACHE_MANIFEST "manifest.json"
#define CACHE_JOURNAL "making.jsonl"

enum { CACHE_VERSION = 1, CACHE_UNIFORM_MOST = 1000000 };
#define CACHE_FPS_MOST 1000.0
#define CACHE_FRAMES_MOST INT32_MAX /* of a video */
#define CACHE_TEXT_MOST ((size_t)1 << 30)

/* One video. */
typedef struct {
    cached_video about;  /* first, so that it leads back here */
    char *name, *reason; /* what `about` borrows */
    char *source;        /* the file, below the folder of videos */
    int64_t size, mtime; /* of the source, and its hash (base/picture_folder.h, video_source_look) */
    char hash[HASH_TEXT];
    double frame_rate; /* that a folder of pictures was taken to have; 0: a file */
    double *times;     /* (about.frames) of uniform frames: seconds, rising; NULL for others */
    size_t *replaced;  /* (about.replaced) numbers of frames, rising */
} cache_entry;

typedef struct {
    cache_form form;
    cache_entry *at; /* (count), by rising name */
    size_t count;
} cache_manifest;

/* Errors of all: ERR_INPUT with `where` in front of what is wrong; ERR_MEMORY. */

status cache_form_check(const cache_form *form); /* ERR_CONFIG */
status cache_form_write(const cache_form *form, json_t *into);
status cache_form_parse(const char *where, const json_t *from, cache_form *out);

/* OK when `made` is what is `wanted`; otherwise the message says what differs. */
status cache_form_compare(const char *where, const cache_form *made, const cache_form *wanted);

status cache_entry_write(const cache_entry *entry, json_t **out);
status cache_entry_parse(const char *where, const cache_form *form, const json_t *from, cache_entry *out);
void cache_entry_free(cache_entry *entry);

/* Whether `file` is the source that the entry was made of, pictures at the same `frame_rate`; where only its time
 * differs hashes are compared. Errors: ERR_MISSING, ERR_INPUT, ERR_IO, ERR_MEMORY. */
status cache_source_same(const cache_entry *entry, const video_file *file, double frame_rate, bool *out);

/* The manifest of the cache in folder `path`. ERR_MISSING where there is none, or an unfinished one. */
status cache_manifest_read(const char *path, cache_manifest *out);
void cache_manifest_free(cache_manifest *m);

/* By name, among (count) entries of rising name; NULL when it is not there. */
cache_entry *cache_entry_find(const cache_entry *entries, size_t count, const char *name);

/* Path of a video's pictures; new string, NULL when out of memory. */
char *cache_pictures_path(const char *cache, const char *name);

#endif
