#include "teacher/steps.h"

status teacher_step_directory(const char *run, const run_step *step, char **out)
{
    run_step trained = *step;
    char name[128];
    trained.section = "teacher";
    status st = run_step_name(&trained, name, sizeof name);
    if (st != OK) return st;
    *out = run_step_directory(run, name);
    return *out ? OK : FAIL(ERR_MEMORY, "no memory for the name of the step's directory");
}
