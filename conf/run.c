#include "conf/run.h"

#include "base/file.h"
#include "base/hash.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

bool run_section_is_students(const char *section)
{
    return !strcmp(section, "student") || !strcmp(section, "cache") || !strcmp(section, "features");
}

const char *run_set_name(const run_step *step)
{
    if (step->variant) return step->variant;
    if (!strcmp(step->section, "generate") || !strcmp(step->section, "stream")) return step->section;
    return run_section_is_students(step->section) ? "student" : "teacher";
}

status run_step_name(const run_step *step, char *out, size_t size)
{
    static const char *const PREFIXED[] = {"pretrain", "predict", "cache", "features"};
    bool prefixed = false;
    for (size_t i = 0; i < sizeof PREFIXED / sizeof PREFIXED[0]; i++)
        prefixed = prefixed || !strcmp(step->section, PREFIXED[i]);
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

void run_learner_id(const recipe *r, char out[RUN_LEARNER_BYTES])
{
    char hash[HASH_TEXT];
    const char *path = recipe_text(r, "student.stream");
    out[0] = '\0';
    if (strcmp(recipe_text(r, "student.input"), "stream")) return;
    if (path) hash_bytes(path, strlen(path), hash);
    snprintf(out, RUN_LEARNER_BYTES, "%.8s", path ? hash : "stream");
}

char *run_learner_model(const recipe *r, const char *run)
{
    const char *path = recipe_text(r, "student.stream");
    if (!path) return path_join(run, "steps/stream/model.safetensors");
    return directory_exists(path) ? path_join(path, "model.safetensors") : strdup(path);
}

char *run_features(const char *run, const char *id)
{
    char *path = NULL;
    return asprintf(&path, "%s/features/%s", run, id) < 0 ? NULL : path;
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
