/* Grids: numbers as squares whose area is the number, in rows and columns with a heading each. */
#include "launcher/chart_draw.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

static const double ROW = 66, HEAD = 26, LABELS = 0.27, SQUARE = 54;

double grid_height(const chart_grid *grid)
{
    return HEAD + ROW * (double)grid->rows + 4;
}

static double largest_amount(const chart_grid *grid)
{
    double largest = 0;
    for (size_t i = 0; i < grid->rows * grid->columns; i++)
        if (can_be_drawn(grid->cells[i].amount)) largest = fmax(largest, grid->cells[i].amount);
    return largest;
}

/* A label of up to two lines, upright in the middle of its row. */
static void draw_label(cairo_t *to, double y, double room, const char *label)
{
    const char *second = strchr(label, '\n');
    if (!second) {
        draw_text(to, 4, y + 4, TEXT_LEFT, TONE_PLAIN, TEXT_SIZE, room, label);
        return;
    }
    char *first = strndup(label, (size_t)(second - label));
    if (first) draw_text(to, 4, y - 4, TEXT_LEFT, TONE_PLAIN, TEXT_SIZE, room, first);
    draw_text(to, 4, y + 12, TEXT_LEFT, TONE_PLAIN, TEXT_SIZE, room, second + 1);
    free(first);
}

static void draw_cell(cairo_t *to, const chart_cell *cell, double largest, double x, double y, double width)
{
    double side = can_be_drawn(cell->amount) && cell->amount > 0 ? fmax(SQUARE * sqrt(cell->amount / largest), 2) : 0;
    double text = x + SQUARE + 10, room = width - SQUARE - 12;
    draw_ink(to, cell->ink, 1);
    cairo.rectangle(to, x + (SQUARE - side) / 2, y - side / 2, side, side);
    cairo.fill(to);
    if (cell->text) draw_text(to, text, y, TEXT_LEFT, TONE_STRONG, 14, room, cell->text);
    if (cell->note) draw_text(to, text, y + 15, TEXT_LEFT, TONE_FAINT, TEXT_SMALL, room, cell->note);
}

void draw_grid(cairo_t *to, const chart *c)
{
    const chart_grid *grid = c->grid;
    double labels = LABELS * c->width, width = (c->width - labels) / (double)(grid->columns ? grid->columns : 1);
    double largest = largest_amount(grid);
    for (size_t column = 0; column < grid->columns; column++)
        draw_text(to, labels + width * (double)column, 14, TEXT_LEFT, TONE_STRONG, TEXT_SIZE, width - 6,
                  grid->column_labels[column]);
    for (size_t row = 0; row < grid->rows; row++) {
        double top = HEAD + ROW * (double)row, y = top + ROW / 2;
        draw_line(to, 0, top, c->width, top, 0.9, 1);
        draw_label(to, y, labels - 12, grid->row_labels[row]);
        for (size_t column = 0; column < grid->columns; column++)
            draw_cell(to, &grid->cells[row * grid->columns + column], largest, labels + width * (double)column, y,
                      width);
    }
}
