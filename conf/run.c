#include "conf/run.h"

#include "base/file.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

const char *run_set_name(const run_step *step)
{
    if (step->variant) return step->variant;
    if (!strcmp(step->section, "generate") || !strcmp(step->section, "stream")) return step->section;
    return !strcmp(step->section, "student") || !strcmp(step->section, "cache") ? "student" : "teacher";
}

status run_step_name(const run_step *step, char *out, size_t size)
{
    bool prefixed =
        !strcmp(step->section, "pretrain") || !strcmp(step->section, "predict") || !strcmp(step->section, "cache");
    const char *before = prefixed ? step->section : "", *dot = prefixed ? "." : "";
    int length = step->several_seeds
                     ? snprintf(out, size, "%s%s%s.%lld", before, dot, run_set_name(step), (long long)step->seed)
                     : snprintf(out, size, "%s%s%s", before, dot, run_set_name(step));
    return length >= 0 && (size_t)length < size ? OK
                                                : FAIL(ERR_INTERNAL, "the name of a step needs %d bytes", length + 1);
}

status run_overlap_name(const run_step *predict, const run_step *student, char *out, size_t size)
{
    status st = run_step_name(predict, out, size);
    size_t used = st == OK ? strlen(out) : 0;
    if (st != OK) return st;
    if (used + 1 >= size) return FAIL(ERR_INTERNAL, "the name of two steps needs more than %zu bytes", size);
    out[used] = '+';
    return run_step_name(student, out + used + 1, size - used - 1);
}

bool run_pretrains(const recipe *r)
{
    bool corpus = recipe_list_count(r, "teacher.pretrain.corpus") > 0;
    bool extra = recipe_bool(r, "teacher.pretrain.extra_text") && recipe_text(r, "teacher.extra_text");
    return (corpus || extra) && !strcmp(recipe_text(r, "teacher.model"), "encoder");
}

char *run_directory(const recipe *r)
{
    const char *out = recipe_text(r, "out");
    char *path = out ? strdup(out) : path_join("runs", recipe_text(r, "name"));
    size_t length = path ? strlen(path) : 0;
    while (length > 1 && path[length - 1] == '/') path[--length] = '\0';
    return path;
}

char *run_path(const char *run, const char *name)
{
    return path_join(run, name);
}

char *run_step_directory(const char *run, const char *step_name)
{
    char *path = NULL;
    return asprintf(&path, "%s/steps/%s", run, step_name) < 0 ? NULL : path;
}

char *run_log(const char *run, const char *step_name, int rank)
{
    char *path = NULL;
    return asprintf(&path, "%s/logs/%s.rank%d.log", run, step_name, rank) < 0 ? NULL : path;
}
