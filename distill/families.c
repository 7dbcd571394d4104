#include "distill/families.h"

#include <stdlib.h>
#include <string.h>

static int rank_of_role(const char *role)
{
    enum { ROLE_COUNT = 5 };
    static const char *const ROLES[] = {"baseline", "teacher", "backbone", "student", "control"};
    int i = 0;
    while (i < ROLE_COUNT && strcmp(ROLES[i], role)) i++;
    return i;
}

void families_free(family_list *list)
{
    for (size_t i = 0; i < list->count; i++) {
        free(list->at[i].sets);
        free(list->at[i].seeds);
    }
    free(list->at);
    *list = (family_list){0};
}

static set_family *family_of(family_list *list, const set_info *info)
{
    for (size_t i = 0; i < list->count; i++)
        if (!strcmp(list->at[i].name, info->name)) return &list->at[i];
    set_family *fresh = &list->at[list->count++];
    memcpy(fresh->name, info->name, sizeof fresh->name);
    memcpy(fresh->role, info->role, sizeof fresh->role);
    fresh->complete = true;
    return fresh;
}

/* Keeps seeds ascending. Memory for `most` of them. */
static status family_add(set_family *family, const set_info *info, int64_t set, size_t most)
{
    if (!family->sets) family->sets = calloc(most, sizeof *family->sets);
    if (!family->seeds) family->seeds = calloc(most, sizeof *family->seeds);
    if (!family->sets || !family->seeds) return FAIL(ERR_MEMORY, "no memory for %zu sets", most);
    size_t at = family->count++;
    for (; at && family->seeds[at - 1] > info->seed; at--) {
        family->seeds[at] = family->seeds[at - 1];
        family->sets[at] = family->sets[at - 1];
    }
    family->seeds[at] = info->seed;
    family->sets[at] = set;
    family->complete = family->complete && info->complete;
    return OK;
}

/* Insertion keeps the store's order inside a role. */
static void sort_by_role(family_list *list)
{
    for (size_t i = 1; i < list->count; i++)
        for (size_t j = i; j && rank_of_role(list->at[j].role) < rank_of_role(list->at[j - 1].role); j--) {
            set_family other = list->at[j];
            list->at[j] = list->at[j - 1];
            list->at[j - 1] = other;
        }
}

status families_read(store *s, family_list *out)
{
    status st = OK;
    family_list list = {0};
    size_t count = store_set_count(s);
    list.at = calloc(count ? count : 1, sizeof *list.at);
    if (!list.at) TRY(FAIL(ERR_MEMORY, "no memory for %zu sets", count));
    for (size_t i = 0; i < count; i++) {
        set_info info = {0};
        int64_t set = 0;
        TRY(store_set_at(s, i, &info, &set));
        if (!info.classes) continue; /* nothing to be scored */
        TRY(family_add(family_of(&list, &info), &info, set, count));
    }
    sort_by_role(&list);
    *out = list;
    list = (family_list){0};
done:
    families_free(&list);
    return st;
}
