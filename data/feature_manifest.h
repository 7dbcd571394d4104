/* feature_manifest - features of videos that a run keeps: a folder of tracks (tracks.h) and what it says about itself,
 * written and compared.
 *
 *   <video>.f32     its features, (moments, width)
 *   index.tsv       all videos, for who reads tracks
 *   manifest.json   what made them, and of what; written last: a folder without it is being made
 */
#ifndef MAGISTER_DATA_FEATURE_MANIFEST_H
#define MAGISTER_DATA_FEATURE_MANIFEST_H

#include "base/hash.h"

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

/* A video that features were made of. */
typedef struct {
    int64_t bytes, mtime; /* and hash: base/picture_folder.h, video_source_look */
    char hash[HASH_TEXT];
    int64_t moments;  /* features that were made */
    int64_t replaced; /* frames that could not be decoded, and are another's (or black) */
} feature_file;

/* Bytes and time of a video. Errors: ERR_MISSING. */
status feature_file_look(const char *path, feature_file *out);

/* The manifest of a folder: a new object. Errors: ERR_MISSING where there is none; ERR_INPUT naming path and what is
 * wrong with it. */
status feature_manifest_read(const char *folder, json_t **out);

/* Writes it. Errors: ERR_CREATE, ERR_IO, ERR_MEMORY. */
status feature_manifest_write(const char *folder, const json_t *manifest);

/* The same under another name in the folder: the manifest of a single video, while others are still to be made. */
status feature_part_read(const char *folder, const char *name, json_t **out);
status feature_part_write(const char *folder, const char *name, const json_t *manifest);

/* Writes a video's features: (moments, width) values. Errors: as above. */
status feature_track_write(const char *folder, const char *video, const float *values, size_t count);

/* Writes the index of `count` videos, `fps` moments a second of `width` numbers. Errors: as above. */
status feature_index_write(const char *folder, const char *const *videos, const feature_file *files, size_t count,
                           int64_t width, double fps);

/* Tells these features from any others: 32 hex digits of all that the manifest says. Errors: ERR_MEMORY. */
status feature_manifest_hash(const char *folder, const json_t *manifest, char out[HASH_TEXT]);

/* A video's entry; NULL when out of memory. */
json_t *feature_file_to_json(const char *name, const char *path, const feature_file *file);

/* "" when all files of the manifest are still what they were, else what has changed. Errors: ERR_IO, ERR_MEMORY,
 * ERR_INPUT. */
status feature_manifest_changed(const char *folder, const json_t *manifest, char *what, size_t size);

#endif
