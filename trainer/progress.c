#include "trainer/progress.h"

#include "base/clock.h"
#include "base/file.h"
#include "base/log.h"
#include "trainer/stats.h"

#include <limits.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define TERMINAL_EVERY 0.2 /* seconds */
#define PLAIN_EVERY 10.0
#define RECORD_EVERY 1.0
#define MARK_EVERY 10.0

/* ---- the file ---------------------------------------------------------------------------------------------------- */

static char record_path[PATH_MAX]; /* "" without */

void progress_file(const char *path)
{
    int length = snprintf(record_path, sizeof record_path, "%s", path ? path : "");
    if (length < 0 || (size_t)length >= sizeof record_path) record_path[0] = '\0';
}

/* A number of JSON, or null for what is none. */
static void write_number(char *out, size_t size, double x)
{
    if (isfinite(x)) snprintf(out, size, "%.9g", x);
    else snprintf(out, size, "null");
}

/* Samples per second since the older mark; without marks of some age since the beginning. NAN before there is a rate.
 */
static double recent_rate(progress *p, double now)
{
    double since = now - p->marks[0].when;
    double rate = since > 0 ? (double)(p->samples - p->marks[0].samples) / since : NAN;
    if (now - p->marks[1].when >= MARK_EVERY) {
        p->marks[0] = p->marks[1];
        p->marks[1].when = now;
        p->marks[1].samples = p->samples;
    }
    return rate;
}

/* Seconds that are left after `step`, at the mean pace so far. NAN before there is one, and without an end. */
static double seconds_left(const progress *p, double now, int64_t step)
{
    if (!p->total) return NAN;
    if (step >= p->total) return 0;
    return step > p->first ? (now - p->begun) / (double)(step - p->first) * (double)(p->total - step) : NAN;
}

static void record(progress *p, int64_t step, const char *what, int64_t epoch, double loss)
{
    double now = p->shown && record_path[0] ? monotonic_seconds() : 0;
    bool last = p->total && step >= p->total;
    if (now <= 0 || (now < p->record_next && !last)) return;
    p->record_next = now + RECORD_EVERY;
    char text[1024], shown_loss[32], rate[32], left[32], best[32], stamp[32];
    struct tm day;
    time_t clock = time(NULL);
    write_number(shown_loss, sizeof shown_loss, loss);
    write_number(rate, sizeof rate, p->samples ? recent_rate(p, now) : NAN);
    write_number(left, sizeof left, seconds_left(p, now, step));
    write_number(best, sizeof best, p->metric ? p->best_metric : NAN);
    strftime(stamp, sizeof stamp, "%Y-%m-%dT%H:%M:%SZ", gmtime_r(&clock, &day));
    int length = snprintf(text, sizeof text,
                          "{\"done\": %lld, \"total\": %lld, \"unit\": \"%s\", \"epoch\": %lld, \"loss\": %s, "
                          "\"samples_per_s\": %s, \"seconds_left\": %s, \"metric\": \"%s\", \"best_metric\": %s, "
                          "\"updated\": \"%s\"}\n",
                          (long long)step, (long long)p->total, what, (long long)epoch, shown_loss, rate, left,
                          p->metric ? p->metric : "", best, stamp);
    bool clean = !fail_message()[0];
    bool kept = length > 0 && (size_t)length < sizeof text && file_put(record_path, text, (size_t)length) == OK;
    if (!kept && clean) fail_clear(); /* the training goes on */
}

void progress_metric(progress *p, const char *name, double best)
{
    p->metric = name;
    p->best_metric = best;
}

/* ---- the line ---------------------------------------------------------------------------------------------------- */

void progress_begin(progress *p, bool shown, int64_t step, int64_t total)
{
    const char *wish = getenv("MAGISTER_TERMINAL");
    double now = monotonic_seconds();
    *p = (progress){.shown = shown, .total = total, .first = step, .begun = now, .next = now};
    p->marks[0].when = p->marks[1].when = now;
    p->terminal = wish ? !strcmp(wish, "1") : isatty(STDERR_FILENO) == 1;
    if (!p->terminal) p->next += PLAIN_EVERY / 5; /* a first sign of life comes sooner */
}

/* "1:02:03" or "2:03" */
static void write_time(char *out, size_t size, double seconds)
{
    long long s = seconds < 0 ? 0 : (long long)(seconds + 0.5);
    if (s >= 3600) snprintf(out, size, "%lld:%02lld:%02lld", s / 3600, s / 60 % 60, s % 60);
    else snprintf(out, size, "%lld:%02lld", s / 60, s % 60);
}

/* Whether it is time to tell; `left` becomes the time that is left after `step`, `*passed` the seconds so far. */
static bool is_time(progress *p, int64_t step, char *left, size_t size, double *passed)
{
    double now = monotonic_seconds();
    if (!p->shown || now < p->next) return false;
    p->next = now + (p->terminal ? TERMINAL_EVERY : PLAIN_EVERY);
    *passed = now - p->begun;
    double each = step > p->first ? *passed / (double)(step - p->first) : 0;
    write_time(left, size, each * (double)(p->total - step));
    return true;
}

static void tell(const progress *p)
{
    if (p->terminal) fprintf(stderr, "\r\033[K%s", p->line);
    else log_info("%s", p->line);
}

void progress_step(progress *p, int64_t step, int64_t epoch, double loss, int64_t samples)
{
    char left[32];
    double passed;
    p->samples += samples;
    record(p, step, "steps", epoch + 1, loss);
    if (!is_time(p, step, left, sizeof left, &passed)) return;
    double rate = passed > 0 ? (double)p->samples / passed : 0;
    if (p->total)
        snprintf(p->line, sizeof p->line, "step %lld/%lld  epoch %lld  loss %.4g  %.1f samples/s  %s left",
                 (long long)step, (long long)p->total, (long long)epoch + 1, loss, rate, left);
    else
        snprintf(p->line, sizeof p->line, "step %lld  epoch %lld  loss %.4g  %.1f samples/s", (long long)step,
                 (long long)epoch + 1, loss, rate);
    tell(p);
}

void progress_count(progress *p, int64_t done, const char *what)
{
    char left[32];
    double passed;
    record(p, done, what, 0, NAN);
    if (!is_time(p, done, left, sizeof left, &passed)) return;
    snprintf(p->line, sizeof p->line, "%lld/%lld %s  %s left", (long long)done, (long long)p->total, what, left);
    tell(p);
}

void progress_pause(progress *p)
{
    if (p->shown && p->terminal && p->line[0]) fputs("\r\033[K", stderr);
    p->line[0] = '\0';
}
