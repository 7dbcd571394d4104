/* The page: sentences, pictures and tables, all of them from the numbers in distillation.h. */
#include "distillation.h"

#include "launcher/report.h"

#include <math.h>
#include <string.h>

enum { WIDTH = 640, PLOT_WIDTH = 460, PLOT_HEIGHT = 300, TEXT_BYTES = 200 };

static const char *const TOP_NAMES[TOPS] = {"top-1", "top-5"};

static const char *verdict_text(verdict v)
{
    static const char *const TEXTS[] = {
        [GAIN_NONE] = "no numbers", [GAIN_HELPS] = "helps", [GAIN_HURTS] = "hurts", [GAIN_UNCLEAR] = "cannot be told"};
    return TEXTS[v];
}

/* "+1.2 (0.3 to 2.0, p = 0.004)"; p is the corrected one where there is one. */
static void write_gain(FILE *to, const gain *g)
{
    char difference[24], low[24], high[24], p[24];
    report_signed(g->difference, difference);
    report_signed(g->low, low);
    report_signed(g->high, high);
    report_p_value(isnan(g->holm) ? g->p : g->holm, p);
    fprintf(to, "%s (%s to %s, ", difference, low, high);
    html_text(to, p);
    fputs(")", to);
}

/* ---- what came out ----------------------------------------------------------------------------------------------- */

static size_t count_verdict(const factor *f, verdict v)
{
    size_t count = 0;
    for (size_t i = 0; i < f->count; i++) count += f->rows[i].plan->plain && gain_verdict(&f->rows[i].gain[TOP_1]) == v;
    return count;
}

/* "Helps: a (+1.0), b (+2.0)." */
static void write_those(FILE *to, const factor *f, verdict v, const char *intro)
{
    char difference[24];
    size_t written = 0;
    if (!count_verdict(f, v)) return;
    fprintf(to, " %s: ", intro);
    for (size_t i = 0; i < f->count; i++) {
        const row *r = &f->rows[i];
        if (!r->plan->plain || gain_verdict(&r->gain[TOP_1]) != v) continue;
        if (written++) fputs("; ", to);
        html_text(to, r->plan->label);
        if (v == GAIN_NONE) continue;
        report_signed(r->gain[TOP_1].difference, difference);
        fprintf(to, " (%s)", difference);
    }
    fputs(".", to);
}

static void write_finding(FILE *to, const factor *f)
{
    fprintf(to, "<p><b>%s.</b>", f->plan->title);
    write_those(to, f, GAIN_HELPS, "Helps");
    write_those(to, f, GAIN_HURTS, "Hurts");
    write_those(to, f, GAIN_UNCLEAR, "Cannot be told");
    write_those(to, f, GAIN_NONE, "Without numbers");
    fputs("</p>\n", to);
}

static void write_more(FILE *to, const world *w)
{
    static const char *const WORDS[] = {
        [GAIN_HELPS] = "better", [GAIN_HURTS] = "worse", [GAIN_UNCLEAR] = "cannot be told"};
    fputs("<p><b>Besides.</b></p>\n<ul>\n", to);
    for (size_t i = 0; i < MORE_MAX && w->plan->more[i].a; i++) {
        const gain *g = &w->more[i][TOP_1];
        if (gain_verdict(g) == GAIN_NONE) continue;
        fprintf(to, "<li>%s: ", w->plan->more[i].question);
        write_gain(to, g);
        fprintf(to, ": %s</li>\n", WORDS[gain_verdict(g)]);
    }
    fputs("</ul>\n", to);
}

/* The row of the recipe's own student in the first factor; NULL when it is not there. */
static const row *base_row(const world *w)
{
    const factor *f = &w->factors[0];
    for (size_t i = 0; i < f->count; i++)
        if (!strcmp(f->rows[i].plan->set, "student")) return &f->rows[i];
    return NULL;
}

static void write_verdict(FILE *to, const world *w)
{
    static const char *const WORDS[] = {
        [GAIN_NONE] = "there are no numbers to judge distillation by",
        [GAIN_HELPS] = "distillation helps",
        [GAIN_HURTS] = "distillation hurts",
        [GAIN_UNCLEAR] = "whether distillation helps cannot be told",
    };
    const row *base = base_row(w);
    gain alone = base ? base->gain[TOP_1] : (gain){NAN, NAN, NAN, NAN, NAN};
    alone.holm = alone.p; /* the one question a world is asked first */
    verdict v = gain_verdict(&alone);
    fprintf(to, "<p class=verdict>%s: %s", w->plan->title, WORDS[v]);
    if (v != GAIN_NONE) {
        fprintf(to, ". The recipe&#39;s own student has %.1f&nbsp;%% top-1, the same student from labels alone %.1f: ",
                base->top[TOP_1].mean, base->top[TOP_1].mean - alone.difference);
        write_gain(to, &alone);
        fputs(" points", to);
    }
    fputs(".</p>\n", to);
}

static void write_findings(FILE *to, const world *worlds, size_t count)
{
    for (size_t i = 0; i < count; i++) write_verdict(to, &worlds[i]);
    fputs("<p class=lead>A student of video learns from labels, or from labels and a text teacher&#39;s stored "
          "predictions. Around one student of each world the loss, the teacher and the share of labels are varied, one "
          "at a time. The sentences below are made from the tables: a gain <i>helps</i> (or <i>hurts</i>) when its "
          "interval lies on one side of 0 and its corrected p is below 0.05; otherwise it <i>cannot be told</i>. "
          "Numbers are points of top-1 over labels alone at the same share of labels.</p>\n",
          to);
    for (size_t i = 0; i < count; i++) {
        fprintf(to, "<h3>%s</h3>\n", worlds[i].plan->title);
        for (size_t f = 0; f < FACTORS; f++) write_finding(to, &worlds[i].factors[f]);
        write_more(to, &worlds[i]);
    }
}

/* ---- pictures ---------------------------------------------------------------------------------------------------- */

static chart_ink verdict_ink(verdict v)
{
    return v == GAIN_HELPS ? INK_BLUE : v == GAIN_HURTS ? INK_ORANGE : INK_GREY;
}

static status draw_gains(FILE *to, const char *pictures, const world *w, const factor *f)
{
    status st = OK;
    chart_row rows[ROWS_MAX];
    char notes[ROWS_MAX][TEXT_BYTES], name[64], difference[24], p[24];
    size_t count = 0;
    for (size_t i = 0; i < f->count; i++) {
        const gain *g = &f->rows[i].gain[TOP_1];
        verdict v = gain_verdict(g);
        if (v == GAIN_NONE) continue;
        report_signed(g->difference, difference);
        report_p_value(g->holm, p);
        snprintf(notes[count], TEXT_BYTES, "%s,  %s:  %s", difference, p, verdict_text(v));
        rows[count] = (chart_row){f->rows[i].plan->label, notes[count], g->difference, g->low, g->high, verdict_ink(v)};
        count++;
    }
    if (!count) goto done;
    const chart_rows list = {{"points of top-1 over labels alone", NAN, NAN}, false, true, rows, count};
    snprintf(name, sizeof name, "%s-%s", w->plan->name, f->plan->name);
    fputs("<figure><figcaption>Gain over labels alone, with its interval over videos and corrected p</figcaption>\n",
          to);
    TRY(picture_write(to, pictures, name, &(chart){WIDTH, 0, NULL, &list, NULL}, "Gains with their intervals"));
    fputs("</figure>\n", to);
done:
    return st;
}

/* Top-1 by share of the labels: rows with a gain are the distilled ones. */
static status draw_shares(FILE *to, const char *pictures, const world *w, const factor *f)
{
    status st = OK;
    chart_point at[2][ROWS_MAX];
    size_t count[2] = {0};
    char name[64];
    for (size_t i = 0; i < f->count; i++) {
        const row *r = &f->rows[i];
        size_t line = r->plan->plain != NULL;
        if (r->plan->share <= 0 || isnan(r->top[TOP_1].mean)) continue;
        at[line][count[line]++] = (chart_point){r->plan->share, r->top[TOP_1].mean, 0};
    }
    if (!count[0] || !count[1]) goto done;
    const chart_series series[] = {
        {SERIES_DOTTED_LINE, INK_ORANGE, false, 0, "labels alone", at[0], count[0]},
        {SERIES_DOTTED_LINE, INK_BLUE, false, 0, "distilled", at[1], count[1]},
    };
    const chart_plot plot = {{"share of the training videos, %", 0, 100}, {"top-1, %", NAN, NAN}, {0}, series, 2};
    snprintf(name, sizeof name, "%s-%s-scores", w->plan->name, f->plan->name);
    fputs("<figure><figcaption>Actions named right, by share of labels</figcaption>\n", to);
    TRY(picture_write(to, pictures, name, &(chart){PLOT_WIDTH, PLOT_HEIGHT, &plot, NULL, NULL},
                      "Top-1 by share of labels, distilled and from labels alone"));
    fputs("</figure>\n", to);
done:
    return st;
}

/* ---- tables ------------------------------------------------------------------------------------------------------ */

static void write_score(FILE *to, const score *s)
{
    if (isnan(s->mean)) {
        fputs("<td>&ndash;</td>", to);
        return;
    }
    fprintf(to, "<td>%.1f", s->mean);
    if (isfinite(s->seed_sd)) fprintf(to, " &plusmn; %.1f", s->seed_sd);
    if (isfinite(s->low)) fprintf(to, "<div class=sub>%.1f to %.1f</div>", s->low, s->high);
    fputs("</td>", to);
}

static void write_p(FILE *to, double p)
{
    char text[24];
    report_p_value(p, text);
    fputs("<td>", to);
    html_text(to, text + strlen(text[2] == '=' ? "p = " : "p ")); /* the column says p */
    fputs("</td>", to);
}

static void write_gain_cells(FILE *to, const gain *g)
{
    char difference[24], low[24], high[24];
    if (isnan(g->difference)) {
        fputs("<td>&ndash;</td><td>&ndash;</td><td>&ndash;</td>", to);
        return;
    }
    verdict v = gain_verdict(g);
    report_signed(g->difference, difference);
    report_signed(g->low, low);
    report_signed(g->high, high);
    fprintf(to, v == GAIN_UNCLEAR ? "<td>%s" : "<td><b>%s</b>", difference);
    fprintf(to, "<div class=sub>%s to %s</div></td>", low, high);
    write_p(to, g->p);
    write_p(to, g->holm);
}

static void write_number(FILE *to, double x)
{
    if (isfinite(x)) fprintf(to, "<td>%.0f</td>", x);
    else fputs("<td>&ndash;</td>", to);
}

static void write_row(FILE *to, const row *r, bool source)
{
    fprintf(to, "<tr><td class=text>%s<div class=sub>%s</div></td>", r->plan->label, r->plan->set);
    if (source && isfinite(r->source)) fprintf(to, "<td>%.1f</td>", r->source);
    else if (source) fputs("<td>&ndash;</td>", to);
    write_score(to, &r->top[TOP_1]);
    write_score(to, &r->top[TOP_5]);
    for (int m = 0; m < TOPS; m++) write_gain_cells(to, &r->gain[m]);
    write_number(to, r->seeds ? (double)r->n : NAN);
    write_number(to, r->samples);
    fprintf(to, "<td>%zu</td></tr>\n", r->seeds);
}

static void write_table(FILE *to, const factor *f)
{
    const char *source = f->plan->source;
    fputs("<div class=scroll><table><thead><tr><th class=text>student</th>", to);
    if (source) fprintf(to, "<th>%s</th>", source);
    fputs("<th>top-1</th><th>top-5</th>", to);
    for (int m = 0; m < TOPS; m++)
        fprintf(to, "<th>%s over<br>labels alone</th><th>p</th><th>p,<br>Holm</th>", TOP_NAMES[m]);
    fputs("<th>scored</th><th>learned<br>from</th><th>seeds</th></tr></thead><tbody>\n", to);
    for (size_t i = 0; i < f->count; i++) write_row(to, &f->rows[i], source != NULL);
    fputs("</tbody></table></div>\n", to);
}

/* ---- worlds ------------------------------------------------------------------------------------------------------ */

static void write_setting(FILE *to, const world *w)
{
    fprintf(to, "<p>%s</p>\n<p class=note>%.0f segments of %.0f videos are scored.", w->plan->about, w->segments,
            w->videos);
    if (w->least_steps == w->most_steps)
        fprintf(to, " Every student took %.0f steps of %.0f samples, whatever it learned from.", w->least_steps,
                w->batch);
    else
        fprintf(to,
                " The students took %.0f to %.0f steps of %.0f samples: they have not had the same training, and are "
                "compared all the same.",
                w->least_steps, w->most_steps, w->batch);
    if (w->least_seeds == w->most_seeds) fprintf(to, " Seeds of each: %zu.</p>\n", w->least_seeds);
    else fprintf(to, " Seeds of each: %zu to %zu.</p>\n", w->least_seeds, w->most_seeds);
}

static status write_world(FILE *to, const char *pictures, const world *w)
{
    status st = OK;
    fprintf(to, "<h2>%s</h2>\n", w->plan->title);
    write_setting(to, w);
    for (size_t i = 0; i < FACTORS; i++) {
        const factor *f = &w->factors[i];
        fprintf(to, "<h3>%s</h3>\n<p>%s</p>\n<div class=charts>\n", f->plan->title, f->plan->about);
        TRY(draw_gains(to, pictures, w, f));
        TRY(draw_shares(to, pictures, w, f));
        fputs("</div>\n", to);
        write_table(to, f);
    }
done:
    return st;
}

static void write_method(FILE *to, const world *worlds, size_t count)
{
    fprintf(
        to,
        "<h2>How it was measured</h2>\n<p>Scores are percent of the scored segments: the mean and, behind &plusmn;, "
        "the standard deviation over seeds; below it the %.0f&nbsp;%% interval of a bootstrap that draws whole "
        "videos (%.0f draws), of the seeds averaged segment by segment. Gains are differences on the same "
        "segments, with the interval of the same bootstrap; p is of a permutation test that exchanges the two sets "
        "in whole videos (as many draws, so no p is below %.4f). There are many p-values: those under "
        "<i>p</i> are not corrected; those under <i>Holm</i> are corrected for the number of gains in their "
        "table, top-1 and top-5 each by themselves (Holm 1979), and nothing is corrected for the number of tables. "
        "The differences under <i>Besides</i> are a family of their own. The verdict at the top is on one "
        "difference a world, uncorrected. Intervals and p speak of other videos of the same kind, with these seeds; "
        "what other seeds would change stands behind &plusmn;. Nothing here speaks of other data.</p>\n",
        100 * worlds[0].level, worlds[0].resamples, 1 / (1 + worlds[0].resamples));
    fputs(
        "<p>Where each number comes from:</p>\n<div class=scroll><table><thead><tr><th class=text>world</th><th "
        "class=text>numbers</th><th class=text>predictions</th><th class=text>recipe</th><th class=text>one difference "
        "again</th></tr></thead><tbody>\n",
        to);
    for (size_t i = 0; i < count; i++) {
        const world *w = &worlds[i];
        fprintf(to, "<tr><td class=text>%s</td><td class=text>", w->plan->title);
        html_text(to, w->run);
        fputs("/analysis.json (scores, gains),<br>", to);
        html_text(to, w->run);
        fputs("/metrics.json (steps, segments)</td><td class=text>", to);
        html_text(to, w->run);
        fprintf(to,
                "/store.sqlite</td><td class=text>bench/distillation-%s.yaml<br><code>%s</code></td><td "
                "class=text><code>magister metrics ",
                w->plan->name, w->hash);
        report_word(to, w->run);
        fputs(" --compare student student_plain</code></td></tr>\n", to);
    }
    fputs("</tbody></table></div>\n<p><code>bench/distillation</code> goes on with what is not done yet and makes this "
          "page again. Each run has its own report.html with its curves, calibration and single segments.</p>\n",
          to);
}

status page_write(FILE *to, const char *pictures, const world *worlds, size_t count, bool quick)
{
    status st = OK;
    report_page_begin(to, "Does distillation help?");
    if (quick)
        fputs("<p><b>A short run (--quick), made to try the command: too little was trained for its numbers to say "
              "anything.</b></p>\n",
              to);
    write_findings(to, worlds, count);
    for (size_t i = 0; i < count; i++) TRY(write_world(to, pictures, &worlds[i]));
    write_method(to, worlds, count);
    report_page_end(to);
done:
    return st;
}
