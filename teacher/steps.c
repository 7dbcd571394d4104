#include "teacher/steps.h"

#include "base/file.h"

#include <stdlib.h>
#include <string.h>

static status directory_of(const char *section, const char *run, const run_step *step, char **out)
{
    run_step trained = *step;
    char name[128];
    trained.section = section;
    status st = run_step_name(&trained, name, sizeof name);
    if (st != OK) return st;
    *out = run_step_directory(run, name);
    return *out ? OK : FAIL(ERR_MEMORY, "no memory for the name of the step's directory");
}

status teacher_step_directory(const char *run, const run_step *step, char **out)
{
    return directory_of("teacher", run, step, out);
}

status teacher_pretrain_directory(const char *run, const run_step *step, char **out)
{
    return directory_of("pretrain", run, step, out);
}

status teacher_words_write(const char *directory, const vocabulary *words, const char *hash)
{
    status st = OK;
    char *path = path_join(directory, TEACHER_WORDS), *hash_path = path_join(directory, TEACHER_WORDS_HASH);
    if (!path || !hash_path) TRY(FAIL(ERR_MEMORY, "no memory for a path"));
    if (words) TRY(vocabulary_write(words, path));
    TRY(file_write(hash_path, hash, strlen(hash)));
done:
    free(path);
    free(hash_path);
    return st;
}

status teacher_words_check(const char *directory, const char *hash)
{
    status st = OK;
    char *path = path_join(directory, TEACHER_WORDS_HASH), *trained = NULL;
    size_t count = 0;
    if (!path) TRY(FAIL(ERR_MEMORY, "no memory for a path"));
    TRY(file_read(path, 64, &trained, &count));
    if (strcmp(trained, hash))
        TRY(FAIL(ERR_INPUT, "%s: the teacher was trained with the vocabulary %.32s, here it is %s: train it again",
                 path, trained, hash));
done:
    free(path);
    free(trained);
    return st;
}
