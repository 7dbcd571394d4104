#include "launcher/picture.h"

#include "base/file.h"
#include "base/log.h"
#include "launcher/html.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

void picture_file_name(const char *name, const char *ending, char out[PICTURE_NAME])
{
    static const char GOOD[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_.";
    size_t length = 0, room = PICTURE_NAME - strlen(ending) - 1;
    for (; name[length] && length < room; length++) {
        char c = name[length];
        out[length] = strchr(GOOD, c) && (length || c != '.') ? c : '_';
    }
    snprintf(out + length, PICTURE_NAME - length, "%s", ending);
}

static status write_png(const char *folder, const char *name, const chart *c)
{
    status st = OK;
    char file[PICTURE_NAME], *path = NULL, *bytes = NULL;
    size_t count = 0;
    picture_file_name(name, ".png", file);
    path = path_join(folder, file);
    if (!path) TRY(FAIL(ERR_MEMORY, "no memory for the picture %s", name));
    TRY(chart_render(c, CHART_PNG, &bytes, &count));
    TRY(file_write(path, bytes, count));
done:
    free(bytes);
    free(path);
    return st;
}

/* The numbers of a page stand without its pictures, so a machine without cairo gets the page all the same. */
static void leave_out(FILE *to, const char *alt)
{
    static bool told;
    if (!told) log_warn("pages have no pictures: %s", fail_message());
    told = true;
    fputs("<p class=missing>", to);
    html_text(to, alt);
    fputs(": not drawn (", to);
    html_text(to, fail_message());
    fputs(")</p>\n", to);
    fail_clear();
}

status picture_write(FILE *to, const char *folder, const char *name, const chart *c, const char *alt)
{
    status st = OK;
    char *bytes = NULL;
    size_t count = 0;
    st = chart_render(c, CHART_SVG, &bytes, &count);
    if (st == ERR_MISSING) {
        leave_out(to, alt);
        return OK;
    }
    TRY(st);
    fprintf(to, "<img width=%.0f height=%.0f alt=\"", c->width, chart_height(c));
    html_text(to, alt);
    fputs("\" src=\"", to);
    html_data(to, "image/svg+xml", bytes, count);
    fputs("\">\n", to);
    if (folder) TRY(write_png(folder, name, c));
done:
    free(bytes);
    return st;
}
