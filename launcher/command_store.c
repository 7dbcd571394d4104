/* magister store check|list */
#include "conf/suggest.h"
#include "distill/store.h"
#include "launcher/commands.h"

#include <stdlib.h>
#include <string.h>

static const char STORE_HELP[] =
    "Looks into a store of predictions."
    "\v  list STORE     its prediction sets: seed, role, records, encoding\n"
    "  check STORE    reads every record and compares its check sum (exit code 65 when one is wrong)\n\n"
    "Example:\n  magister store list runs/demo/store.sqlite";

static void print_set(const set_info *info)
{
    static const char *const FEATURES[] = {"-", "float16", "float32"};
    char encoding[40], features[48] = "-";
    snprintf(encoding, sizeof encoding, info->encoding == ENCODE_TOPK ? "topk %lld" : "dense",
             (long long)(info->k < info->classes ? info->k : info->classes));
    if (info->features != FEATURES_NONE)
        snprintf(features, sizeof features, "%s x %lld", FEATURES[info->features], (long long)info->feature_width);
    printf("%-24s %6lld  %-9s %9lld  %7lld  %-10s %-15s %s\n", info->name, (long long)info->seed, info->role,
           (long long)info->count, (long long)info->classes, encoding, features, info->complete ? "yes" : "no");
}

static status list_sets(store *s)
{
    printf("%-24s %6s  %-9s %9s  %7s  %-10s %-15s %s\n", "set", "seed", "role", "records", "classes", "logits",
           "features", "complete");
    for (size_t i = 0; i < store_set_count(s); i++) {
        set_info info;
        int64_t set;
        status st = store_set_at(s, i, &info, &set);
        if (st != OK) return st;
        print_set(&info);
    }
    return OK;
}

static status act_on_store(const char *action, const char *path)
{
    status st = OK;
    store *s = NULL;
    static const char *const ACTIONS[] = {"list", "check"};
    bool lists = !strcmp(action, "list");
    if (!lists && strcmp(action, "check")) {
        const char *near = suggest_word(action, ACTIONS, 2);
        TRY(FAIL(ERR_USAGE, "store has list and check, not %s%s%s%s", action, near ? ": did you mean " : "",
                 near ? near : "", near ? "?" : ""));
    }
    TRY(store_open(path, STORE_READ, &s));
    TRY(lists ? list_sets(s) : store_check(s));
    if (!lists) printf("%s: good\n", path);
done:
    store_close(&s);
    return st;
}

status command_store(int argc, char **argv)
{
    status st = OK;
    command_line line = {NULL, "list|check STORE", STORE_HELP, 2, 2, NULL, NULL, {0}};
    TRY(arguments_parse(&line, argc, argv));
    TRY(act_on_store(line.found.at[0], line.found.at[1]));
done:
    free(line.found.at);
    return st;
}
