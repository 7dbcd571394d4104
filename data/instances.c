#include "data/instances.h"

#include "base/file.h"
#include "data/csv.h"
#include "data/names.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

enum { NAME_MOST = 1024 };

bool instances_are_meant(const recipe *r)
{
    const char *format = recipe_text(r, "data.format");
    return format && (!strcmp(format, "wlasl") || !strcmp(format, "folder"));
}

const char *instances_videos(const recipe *r)
{
    const char *videos = recipe_text(r, "data.videos");
    bool folder = !strcmp(recipe_text(r, "data.format"), "folder");
    return videos || !folder ? videos : recipe_text(r, "data.train");
}

/* ---- names ------------------------------------------------------------------------------------------------------- */

status instance_name(instance_list *list, const char *where, const char *what, const char *text, const char **out)
{
    size_t length = strlen(text);
    if (!length) return FAIL(ERR_INPUT, "%s: %s is empty", where, what);
    if (length > NAME_MOST) return FAIL(ERR_INPUT, "%s: %s has %zu bytes; at most %d", where, what, length, NAME_MOST);
    for (size_t i = 0; i < length; i++)
        if (iscntrl((unsigned char)text[i]))
            return FAIL(ERR_INPUT, "%s: %s has a control character, byte %zu", where, what, i + 1);
    *out = arena_copy(list->strings, text, length);
    return *out ? OK : FAIL(ERR_MEMORY, "%s: no memory for its names", where);
}

status instance_add(instance_list *list, size_t *room, instance **out)
{
    if (list->count == *room) {
        size_t wanted = *room ? *room * 2 : 256;
        instance *larger = realloc(list->at, wanted * sizeof *larger);
        if (!larger) return FAIL(ERR_MEMORY, "no memory for %zu clips", wanted);
        list->at = larger;
        *room = wanted;
    }
    *out = &list->at[list->count++];
    **out = (instance){.class_id = -1, .last_frame = -1, .split = "", .signer = ""};
    return OK;
}

/* ---- which classes ----------------------------------------------------------------------------------------------- */

struct class_filter {
    arena *strings;
    name_table asked, glossary; /* lower-cased words; values: number of the word */
    bool *met;                  /* (asked.count) */
    bool *glossary_met;         /* (glossary.count) */
    const char **words;         /* (asked.count) as the recipe has them */
    bool has_asked, has_glossary;
    size_t most; /* SIZE_MAX: no bound */
    size_t room; /* of the list's classes */
};

/* Letter case counts for ASCII letters only: glosses are English words. */
static char *lowered(arena *strings, const char *text)
{
    char *copy = arena_copy(strings, text, strlen(text));
    for (char *c = copy; c && *c; c++) *c = (char)tolower((unsigned char)*c);
    return copy;
}

static status read_asked(class_filter *f, const recipe *r)
{
    status st = OK;
    size_t count = recipe_list_count(r, "data.glosses");
    f->has_asked = count > 0;
    f->met = calloc(count + 1, sizeof *f->met);
    f->words = calloc(count + 1, sizeof *f->words);
    if (!f->met || !f->words) TRY(FAIL(ERR_MEMORY, "no memory for data.glosses"));
    for (size_t i = 0, kept; i < count; i++) {
        f->words[i] = recipe_list_text(r, "data.glosses", i);
        char *word = lowered(f->strings, f->words[i]);
        if (!word) TRY(FAIL(ERR_MEMORY, "no memory for data.glosses"));
        TRY(names_add(&f->asked, word, i, &kept));
        if (kept != i) TRY(FAIL(ERR_CONFIG, "data.glosses has %.80s twice", word));
    }
done:
    return st;
}

/* One word a line; a word that is there twice counts once. */
static status read_glossary(class_filter *f, const char *path)
{
    status st = OK;
    csv file = {0};
    bool more = false;
    TRY(csv_open(path, CSV_LINES, &file));
    for (;;) {
        size_t kept;
        TRY(csv_next(&file, &more));
        if (!more) break;
        char *word = lowered(f->strings, file.fields[0]);
        if (!word) TRY(FAIL(ERR_MEMORY, "%s: no memory for its words", path));
        TRY(names_add(&f->glossary, word, f->glossary.count, &kept));
    }
    if (!f->glossary.count) TRY(FAIL(ERR_INPUT, "%s: a glossary without words", path));
    f->has_glossary = true;
    f->glossary_met = calloc(f->glossary.count, sizeof *f->glossary_met);
    if (!f->glossary_met) TRY(FAIL(ERR_MEMORY, "%s: no memory for its words", path));
done:
    csv_close(&file);
    return st;
}

status class_filter_new(const recipe *r, class_filter **out)
{
    status st = OK;
    int64_t most = recipe_int(r, "data.max_classes");
    const char *glossary = recipe_text(r, "data.glossary");
    class_filter *f = calloc(1, sizeof *f);
    if (!f) TRY(FAIL(ERR_MEMORY, "no memory for the classes"));
    f->most = most ? (size_t)most : SIZE_MAX;
    f->strings = arena_new();
    if (!f->strings) TRY(FAIL(ERR_MEMORY, "no memory for the classes"));
    TRY(read_asked(f, r));
    if (glossary) TRY(read_glossary(f, glossary));
    *out = f;
    f = NULL;
done:
    class_filter_free(&f);
    return st;
}

void class_filter_free(class_filter **f)
{
    if (!*f) return;
    arena_free(&(*f)->strings);
    names_free(&(*f)->asked);
    names_free(&(*f)->glossary);
    free((*f)->met);
    free((*f)->glossary_met);
    free((*f)->words);
    free(*f);
    *f = NULL;
}

static status is_wanted(class_filter *f, const char *name, bool *wanted)
{
    size_t asked = 0, listed = 0;
    char *word = lowered(f->strings, name);
    if (!word) return FAIL(ERR_MEMORY, "no memory for the classes");
    bool among = !f->has_asked || names_find(&f->asked, word, &asked);
    bool in_glossary = !f->has_glossary || names_find(&f->glossary, word, &listed);
    if (among && f->has_asked) f->met[asked] = true;
    if (in_glossary && f->has_glossary) f->glossary_met[listed] = true;
    *wanted = among && in_glossary;
    return OK;
}

status class_filter_add(class_filter *f, instance_list *list, const char *name, int64_t *id)
{
    status st = OK;
    bool wanted = false;
    class_list *classes = &list->classes;
    *id = -1;
    TRY(is_wanted(f, name, &wanted));
    if (!wanted || classes->action_count >= f->most) goto done;
    if (classes->action_count == f->room) { /* the arena's blocks do not grow: what is left behind is small */
        size_t room = f->room ? f->room * 2 : 64;
        action_class *larger = arena_alloc(list->strings, room * sizeof *larger);
        if (!larger) TRY(FAIL(ERR_MEMORY, "no memory for %zu classes", room));
        if (f->room) memcpy(larger, classes->actions, f->room * sizeof *larger);
        classes->actions = larger;
        f->room = room;
    }
    *id = (int64_t)classes->action_count;
    classes->actions[classes->action_count++] = (action_class){.name = name, .text = name, .verb = -1, .noun = -1};
done:
    return st;
}

status class_filter_end(class_filter *f, instance_list *list)
{
    for (size_t i = 0; f->has_asked && i < f->asked.count; i++)
        if (!f->met[i])
            return FAIL(ERR_CONFIG, "data.glosses has \"%.80s\", which the annotations do not have", f->words[i]);
    list->glossary = f->glossary.count;
    for (size_t i = 0; i < f->glossary.count; i++) list->glossary_met += f->glossary_met[i];
    return OK;
}

/* ---- the whole --------------------------------------------------------------------------------------------------- */

static status check_uids(const char *path, const instance_list *list)
{
    status st = OK;
    name_table uids = {0};
    for (size_t i = 0, first; i < list->count; i++) {
        const instance *a = &list->at[i];
        TRY(names_add(&uids, a->uid, i, &first));
        if (first != i)
            TRY(FAIL(ERR_INPUT, "%s: the clip %.80s is there twice, as \"%.60s\" and as \"%.60s\"", path, a->uid,
                     list->at[first].gloss, a->gloss));
    }
done:
    names_free(&uids);
    return st;
}

status instances_read(const recipe *r, instance_list *out)
{
    status st = OK;
    class_filter *f = NULL;
    instance_list list = {.strings = arena_new()};
    const char *path = recipe_text(r, "data.train");
    if (!list.strings) TRY(FAIL(ERR_MEMORY, "no memory for the clips"));
    if (!path) TRY(FAIL(ERR_CONFIG, "data.train is not given: name the annotations (or the folder) to learn from"));
    TRY(class_filter_new(r, &f));
    TRY(strcmp(recipe_text(r, "data.format"), "folder") ? instances_read_wlasl(r, path, f, &list)
                                                        : instances_read_folder(r, path, f, &list));
    TRY(class_filter_end(f, &list));
    if (!list.classes.action_count) TRY(FAIL(ERR_INPUT, "%s: no class is left: see data.glosses, data.glossary", path));
    if (!list.count) TRY(FAIL(ERR_INPUT, "%s: its %zu classes have no clips", path, list.classes.action_count));
    TRY(check_uids(path, &list));
    *out = list;
    list = (instance_list){0};
done:
    class_filter_free(&f);
    instances_free(&list);
    return st;
}

void instances_free(instance_list *list)
{
    if (!list) return;
    arena_free(&list->strings);
    free(list->at);
    *list = (instance_list){0};
}
