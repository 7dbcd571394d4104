#include "conf/settings.h"

#include <stdlib.h>
#include <string.h>

enum { SETTINGS_MOST = 256 };

status settings_write(const recipe *r, const char *const *keys, size_t count, char **out)
{
    size_t length = 0;
    FILE *to = open_memstream(out, &length);
    if (!to) return FAIL(ERR_MEMORY, "no memory for a model's settings");
    for (size_t i = 0; i < count; i++) {
        fprintf(to, "%s=", keys[i]);
        recipe_value_write(r, keys[i], to);
        fputc('\n', to);
    }
    return fclose(to) ? FAIL(ERR_MEMORY, "no memory for a model's settings") : OK;
}

/* Whether the line gives one of the keys that are written: a stranger's file is not to set others. */
static bool is_setting(const char *line, const char *const *keys, size_t count)
{
    size_t length = strcspn(line, "=");
    for (size_t i = 0; line[length] && i < count; i++)
        if (strlen(keys[i]) == length && !strncmp(keys[i], line, length)) return true;
    return false;
}

status settings_fault(const char *path, status st)
{
    if (st != ERR_CONFIG) return st;
    char reason[512];
    snprintf(reason, sizeof reason, "%s", fail_message());
    fail_clear();
    return FAIL(ERR_INPUT, "%s: its settings are not those of a model: %s", path, reason);
}

status settings_read(const char *path, const char *text, const char *const *keys, size_t key_count, recipe **out)
{
    status st = OK;
    char *words[SETTINGS_MOST + 1], *copy = strdup(text), *rest = NULL;
    size_t count = 0;
    static char stages[] = "stages=[evaluate]"; /* no stage of it is run: what these need is not asked for */
    if (!copy) TRY(FAIL(ERR_MEMORY, "%s: no memory for its settings", path));
    words[count++] = stages;
    for (char *line = strtok_r(copy, "\n", &rest); line; line = strtok_r(NULL, "\n", &rest)) {
        if (count > SETTINGS_MOST) TRY(FAIL(ERR_INPUT, "%s: more settings than a model has", path));
        if (!is_setting(line, keys, key_count))
            TRY(FAIL(ERR_INPUT, "%s: its settings hold \"%.80s\", which is none of a model", path, line));
        words[count++] = line;
    }
    TRY(settings_fault(path, recipe_read(NULL, words, count, out)));
done:
    free(copy);
    return st;
}
