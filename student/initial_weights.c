#include "student/initial_weights.h"

#include "base/log.h"
#include "tensor/load.h"
#include "trainer/shared_file.h"

#include <stdlib.h>
#include <string.h>

/* Parts of our models that are published by themselves. */
static const char *const PARTS[] = {"cnn", "backbone"};
enum { PART_COUNT = sizeof PARTS / sizeof PARTS[0], REASON = 2048 };

/* The part that the file is of: what most of its names fit; NULL: the whole model. */
static const char *part_of(const module *m, tensor_file *file)
{
    const char *best = NULL;
    size_t most = module_count_found(m, file, NULL);
    for (size_t i = 0; i < PART_COUNT; i++) {
        size_t found = module_count_found(m, file, PARTS[i]);
        if (found <= most) continue;
        most = found;
        best = PARTS[i];
    }
    return best;
}

/* The reason again, with what can be done about it. */
static status advise(const char *into)
{
    char reason[REASON];
    snprintf(reason, sizeof reason, "%s", fail_message());
    fail_clear();
    return FAIL(ERR_INPUT,
                "student.init: %s (it was taken for weights of %s; student.init_into says what they are of, "
                "student.init_skip what may be left as it is)",
                reason, into && into[0] ? into : "the whole model");
}

static status load(tensor_file *file, const recipe *r, const char *const *skip, module *m)
{
    status st = OK;
    load_result result = {0};
    const char *into = recipe_text(r, "student.init_into");
    if (!into) into = part_of(m, file);
    st = module_load_weights_file(m, file, &(load_options){.into = into, .skip = skip}, &result);
    if (st == ERR_INPUT) st = advise(into);
    TRY(st);
    log_info("student: begins with %zu tensors of %s%s%s; %zu stay as they were drawn, %zu of the file are left out",
             result.loaded, tensor_file_path(file), into && into[0] ? ", below " : "", into ? into : "", result.kept,
             result.left);
done:
    return st;
}

/* New list of student.init_skip, ended by NULL. */
static status read_skip(const recipe *r, const char ***out)
{
    size_t count = recipe_list_count(r, "student.init_skip");
    const char **skip = calloc(count + 1, sizeof *skip);
    if (!skip) return FAIL(ERR_MEMORY, "no memory for %zu names of weights", count);
    for (size_t i = 0; i < count; i++) skip[i] = recipe_list_text(r, "student.init_skip", i);
    *out = skip;
    return OK;
}

status initial_weights_load(comm *c, const recipe *r, module *m)
{
    status st = OK;
    const char *path = recipe_text(r, "student.init"), **skip = NULL;
    shared_file f = {0};
    if (!path) return OK;
    TRY(comm_agree(c, read_skip(r, &skip)));
    TRY(shared_file_open(c, path, &f));
    TRY(comm_agree(c, load(f.tensors, r, skip, m)));
done:
    shared_file_close(&f);
    free(skip);
    return st;
}
