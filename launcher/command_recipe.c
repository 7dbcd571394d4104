/* magister recipe help|check|show */
#include "conf/recipe.h"
#include "conf/suggest.h"
#include "conf/sweep.h"
#include "launcher/commands.h"

#include <stdlib.h>
#include <string.h>

static const char HELP[] =
    "Shows what recipes may hold, and checks them."
    "\v  help [PREFIX]                every key, or those that start with PREFIX: default, meaning, bounds\n"
    "  check FILE ...               tells all that is wrong in each file (exit code 78)\n"
    "  show FILE [key=value ...]    the recipe with every default and inherited value filled in\n\n"
    "Examples:\n  magister recipe help student.distill\n  magister recipe show conf/demo.yaml teacher.layers=2";

static status show_help(const words *found)
{
    const char *prefix = found->count > 1 ? found->at[1] : NULL;
    if (found->count > 2) return FAIL(ERR_USAGE, "recipe help takes one PREFIX");
    if (recipe_help(stdout, prefix)) return OK;
    char near[512];
    suggest_key(prefix, near, sizeof near);
    return FAIL(ERR_USAGE, "no key starts with %s%s", prefix, near);
}

/* Every file is checked, also behind a wrong one; the first failure is what the command returns. */
static status check_files(const words *found)
{
    status worst = OK;
    if (found->count < 2) return FAIL(ERR_USAGE, "recipe check takes FILE ...");
    for (size_t i = 1; i < found->count; i++) {
        recipe *r = NULL;
        status st = recipe_read(found->at[i], NULL, 0, &r);
        size_t members = st == OK ? sweep_count(r) : 0;
        if (members) printf("%s: good, a sweep of %zu members\n", found->at[i], members);
        else if (st == OK) printf("%s: good\n", found->at[i]);
        else fprintf(stderr, "%s\n", fail_message());
        fail_clear();
        recipe_free(&r);
        if (worst == OK) worst = st;
    }
    return worst;
}

static status show_file(const words *found)
{
    recipe *r = NULL;
    if (found->count < 2) return FAIL(ERR_USAGE, "recipe show takes FILE [key=value ...]");
    status st = recipe_read(found->at[1], found->at + 2, found->count - 2, &r);
    if (st == OK) st = recipe_write(r, stdout);
    recipe_free(&r);
    return st;
}

status command_recipe(int argc, char **argv)
{
    status st = OK;
    static const char *const ACTIONS[] = {"help", "check", "show"};
    command_line line = {NULL, "help|check|show [ARGUMENT ...]", HELP, 1, 0, NULL, NULL, {0}};
    TRY(arguments_parse(&line, argc, argv));
    const char *action = line.found.at[0];
    if (!strcmp(action, "help")) TRY(show_help(&line.found));
    else if (!strcmp(action, "check")) TRY(check_files(&line.found));
    else if (!strcmp(action, "show")) TRY(show_file(&line.found));
    else {
        const char *near = suggest_word(action, ACTIONS, 3);
        TRY(FAIL(ERR_USAGE, "recipe has help, check and show, not %s%s%s%s", action, near ? ": did you mean " : "",
                 near ? near : "", near ? "?" : ""));
    }
done:
    free(line.found.at);
    return st;
}
