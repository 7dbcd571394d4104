/* feature_manifest - inside this room: what a cache of features says about itself, read, written and compared.
 */
#ifndef MAGISTER_STUDENT_FEATURE_MANIFEST_H
#define MAGISTER_STUDENT_FEATURE_MANIFEST_H

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

/* A video's entry; NULL when out of memory. */
json_t *feature_file_to_json(const char *name, const char *path, const feature_file *file);

/* "" when all files of the manifest are still what they were, else what has changed. Errors: ERR_IO, ERR_MEMORY,
 * ERR_INPUT. */
status feature_manifest_changed(const char *folder, const json_t *manifest, char *what, size_t size);

#endif
