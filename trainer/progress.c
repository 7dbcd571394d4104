#include "trainer/progress.h"

#include "base/log.h"
#include "trainer/stats.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define TERMINAL_EVERY 0.2 /* seconds */
#define PLAIN_EVERY 10.0

void progress_begin(progress *p, bool shown, int64_t step, int64_t total)
{
    const char *wish = getenv("MAGISTER_TERMINAL");
    double now = monotonic_seconds();
    *p = (progress){.shown = shown, .total = total, .first = step, .begun = now, .next = now};
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
    if (!is_time(p, step, left, sizeof left, &passed)) return;
    snprintf(p->line, sizeof p->line, "step %lld/%lld  epoch %lld  loss %.4g  %.1f samples/s  %s left", (long long)step,
             (long long)p->total, (long long)epoch + 1, loss, passed > 0 ? (double)p->samples / passed : 0, left);
    tell(p);
}

void progress_count(progress *p, int64_t done, const char *what)
{
    char left[32];
    double passed;
    if (!is_time(p, done, left, sizeof left, &passed)) return;
    snprintf(p->line, sizeof p->line, "%lld/%lld %s  %s left", (long long)done, (long long)p->total, what, left);
    tell(p);
}

void progress_pause(progress *p)
{
    if (p->shown && p->terminal && p->line[0]) fputs("\r\033[K", stderr);
    p->line[0] = '\0';
}
