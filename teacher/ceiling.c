#include "teacher/ceiling.h"

#include "base/file.h"
#include "data/names.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#define FILE_MAX ((size_t)4 * 1024 * 1024 * 1024)

/* New string: file `name` in the folder of `path`. */
static char *beside(const char *path, const char *name)
{
    const char *slash = strrchr(path, '/');
    char *folder = slash ? strndup(path, (size_t)(slash - path) + 1) : strdup(".");
    char *joined = folder ? path_join(folder, name) : NULL;
    free(folder);
    return joined;
}

/* Rows of ceiling.tsv by uid: uid -> row. `text` is changed and must outlive the table. */
static status index_rows(char *text, const char *path, name_table *rows)
{
    status st = OK;
    size_t row = 0;
    char *line = strchr(text, '\n');
    for (line = line ? line + 1 : NULL; line && *line; row++) {
        char *end = strchr(line, '\n');
        size_t kept = 0;
        line[strcspn(line, "\t\n")] = '\0';
        TRY(names_add(rows, line, row, &kept));
        if (kept != row) TRY(FAIL(ERR_INPUT, "%s:%zu: uid %s is there twice", path, row + 2, line));
        line = end ? end + 1 : NULL;
    }
done:
    return st;
}

static status order_rows(const float *values, const name_table *rows, const char *path, const segment_list *eval,
                         size_t classes, ceiling *out)
{
    out->logits = malloc((eval->count + 1) * classes * sizeof *out->logits);
    if (!out->logits) return FAIL(ERR_MEMORY, "%s: no memory to read it", path);
    for (size_t i = 0; i < eval->count; i++) {
        size_t row = 0;
        if (!names_find(rows, eval->at[i].uid, &row))
            return FAIL(ERR_INPUT, "%s: no row for the segment %s", path, eval->at[i].uid);
        memcpy(out->logits + i * classes, values + row * classes, classes * sizeof *values);
    }
    out->count = eval->count;
    return OK;
}

status ceiling_read(const char *annotations, const segment_list *eval, size_t classes, bool *found, ceiling *out)
{
    status st = OK;
    ceiling c = {0};
    name_table rows = {0};
    char *values_path = beside(annotations, "ceiling.f32"), *rows_path = beside(annotations, "ceiling.tsv");
    char *values = NULL, *text = NULL;
    size_t bytes = 0, length = 0;

    if (!values_path || !rows_path) TRY(FAIL(ERR_MEMORY, "no memory for a path"));
    *found = file_exists(values_path) && file_exists(rows_path);
    if (!*found) goto done;
    TRY(file_read(rows_path, FILE_MAX, &text, &length));
    TRY(index_rows(text, rows_path, &rows));
    TRY(file_read(values_path, FILE_MAX, &values, &bytes));
    if (bytes != rows.count * classes * sizeof(float))
        TRY(FAIL(ERR_INPUT, "%s: %zu bytes, but %s has %zu rows of %zu classes", values_path, bytes, rows_path,
                 rows.count, classes));
    TRY(order_rows((const float *)(const void *)values, &rows, rows_path, eval, classes, &c));
    *out = c;
    c = (ceiling){0};
done:
    ceiling_free(&c);
    names_free(&rows);
    free(values);
    free(text);
    free(values_path);
    free(rows_path);
    return st;
}

void ceiling_free(ceiling *c)
{
    if (!c) return;
    free(c->logits);
    *c = (ceiling){0};
}
