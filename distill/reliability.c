#include "distill/reliability.h"

#include "distill/json_put.h"

#include <math.h>
#include <stdlib.h>

status reliability_new(size_t bins, reliability *out)
{
    reliability_bin *at = calloc(bins ? bins : 1, sizeof *at);
    if (!at) return FAIL(ERR_MEMORY, "no memory for %zu bins of confidence", bins);
    *out = (reliability){at, bins};
    return OK;
}

void reliability_free(reliability *r)
{
    free(r->at);
    *r = (reliability){0};
}

double confidence_of(const float *logits, size_t count)
{
    double most = -INFINITY, mass = 0;
    for (size_t i = 0; i < count; i++) most = fmax(most, (double)logits[i]);
    for (size_t i = 0; i < count; i++) mass += exp((double)logits[i] - most);
    return 1 / mass;
}

void reliability_add(reliability *r, double confidence, bool right)
{
    double place = ceil(confidence * (double)r->count) - 1;
    size_t bin = place > 0 ? (size_t)place : 0;
    if (bin >= r->count) bin = r->count - 1; /* rounding */
    r->at[bin].n++;
    r->at[bin].right += right;
    r->at[bin].confidence += confidence;
}

double reliability_error(const reliability *r)
{
    double distance = 0;
    int64_t n = 0;
    for (size_t i = 0; i < r->count; i++) {
        n += r->at[i].n;
        distance += fabs((double)r->at[i].right - r->at[i].confidence);
    }
    return n ? distance / (double)n : NAN;
}

static status put_bin(json_t *bins, const reliability *r, size_t i)
{
    status st = OK;
    const reliability_bin *bin = &r->at[i];
    double n = bin->n ? (double)bin->n : NAN;
    json_t *object = json_object();
    TRY(put_new(object, "low", json_real((double)i / (double)r->count)));
    TRY(put_new(object, "high", json_real((double)(i + 1) / (double)r->count)));
    TRY(put_new(object, "n", json_integer(bin->n)));
    TRY(put_new(object, "confidence", real_or_null(bin->confidence / n)));
    TRY(put_new(object, "accuracy", real_or_null((double)bin->right / n)));
    TRY(append_new(bins, json_incref(object)));
done:
    json_decref(object);
    return st;
}

status reliability_json(const reliability *r, json_t **out)
{
    status st = OK;
    json_t *object = json_object();
    TRY(put_new(object, "ece", real_or_null(reliability_error(r))));
    TRY(put_new(object, "bins", json_array()));
    for (size_t i = 0; i < r->count; i++) TRY(put_bin(json_object_get(object, "bins"), r, i));
    *out = object;
    object = NULL;
done:
    json_decref(object);
    return st;
}
