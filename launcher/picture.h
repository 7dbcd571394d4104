/* picture - a chart in a page, and the same as a PNG file beside it. */
#ifndef MAGISTER_LAUNCHER_PICTURE_H
#define MAGISTER_LAUNCHER_PICTURE_H

#include "launcher/chart.h"

#include <stdio.h>

/* A file's name in a folder of pictures: `name`, whose characters that do not belong in one become '_', and `ending`
 * (".png"). A name that has no room is cut. */
enum { PICTURE_NAME = 128 };
void picture_file_name(const char *name, const char *ending, char out[PICTURE_NAME]);

/* Writes the chart into the page as an image (SVG, with `alt` for who cannot see it) and, unless `folder` is NULL, as
 * FOLDER/NAME.png; characters of `name` that do not belong in a file name become '_'. SVG goes in as an image and not
 * as elements: cairo numbers its glyphs, and those of several charts would be taken for each other.
 * Without cairo a line in the page says that the picture is missing; it is warned of once.
 * Errors: those of chart_render except ERR_MISSING; ERR_CREATE, ERR_IO. */
status picture_write(FILE *to, const char *folder, const char *name, const chart *c, const char *alt);

#endif
