#include "trainer/schedule.h"

#include <math.h>
#include <string.h>

static const double PI = 3.141592653589793;
static const double LEAST_FALL = 1e-4; /* of a loss, in parts of it: PyTorch's threshold */

double schedule_rate(const train_options *o, const plateau *p, int64_t step, int64_t total)
{
    int64_t rising = (int64_t)(o->warmup * (double)total + 0.5);
    if (step < rising) return o->lr * p->scale * (double)(step + 1) / (double)rising;
    double passed = total > rising ? (double)(step - rising) / (double)(total - rising) : 0;
    if (passed > 1) passed = 1;
    if (!strcmp(o->schedule, "cosine")) return o->lr * (o->final + (1 - o->final) * 0.5 * (1 + cos(PI * passed)));
    if (!strcmp(o->schedule, "linear")) return o->lr * (1 - (1 - o->final) * passed);
    return o->lr * p->scale;
}

static bool loss_fell(plateau *p, double loss)
{
    bool fell = isfinite(loss) && (isnan(p->best_loss) || loss < p->best_loss * (1 - LEAST_FALL));
    if (fell) p->best_loss = loss;
    return fell;
}

void schedule_evaluated(const train_options *o, plateau *p, const train_score *score, bool better)
{
    if (strcmp(o->schedule, "plateau")) return;
    if (o->schedule_by_loss) better = loss_fell(p, score->loss);
    p->worse = better ? 0 : p->worse + 1;
    if (better || p->worse < o->schedule_patience) return;
    p->scale *= o->factor;
    p->worse = 0;
}
