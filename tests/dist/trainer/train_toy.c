/* train_toy DIR [key=value ...] - trains the toy task of unit/trainer/toy.h in DIR, on as many ranks as there are.
 * compare A B bitwise|close  - compares the models of two such directories.
 *
 * TOY_DEVICE=cuda trains on GPUs, which ranks share where there are fewer.
 * Exit status: that of the training (75: stopped and saved); of compare 0 or 1.
 */
#include "base/file.h"
#include "base/hash.h"
#include "tests/unit/trainer/toy.h"

#include <jansson.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static const double PARAMETERS_CLOSE = 1e-5; /* relative L2 */
static const double LOSS_CLOSE = 1e-6;       /* relative */

/* ---- training ---------------------------------------------------------------------------------------------------- */

static int set(toy *t, train_options *o, bool *order, const char *key, const char *value)
{
    double number = atof(value);
    struct {
        const char *key;
        int64_t *whole;
        double *real;
        bool *flag;
    } known[] = {
        {"epochs", &o->epochs, NULL, NULL},
        {"max_steps", &o->max_steps, NULL, NULL},
        {"batch", &o->batch, NULL, NULL},
        {"micro_batch", &o->micro_batch, NULL, NULL},
        {"accumulate", &o->accumulate, NULL, NULL},
        {"patience", &o->patience, NULL, NULL},
        {"exact", NULL, NULL, &o->exact},
        {"average", NULL, &o->average, NULL},
        {"clip", NULL, &o->clip, NULL},
        {"checkpoint_steps", &o->checkpoint_steps, NULL, NULL},
        {"stop", &t->stop_step, NULL, NULL},
        {"fail", &t->fail_step, NULL, NULL},
        {"nan", &t->nan_step, NULL, NULL},
        {"disk", &t->disk_step, NULL, NULL},
        {"order", NULL, NULL, order},
        {"dropout", NULL, &t->dropout, NULL},
        {"lr", NULL, &o->lr, NULL},
        {"bfloat16", NULL, NULL, &o->bfloat16},
    };
    if (!strcmp(key, "optimizer")) o->optimizer = value;
    else if (!strcmp(key, "schedule")) o->schedule = value;
    else if (!strcmp(key, "bad_rank")) t->bad_rank = atoi(value);
    else {
        for (size_t i = 0; i < sizeof known / sizeof known[0]; i++) {
            if (strcmp(known[i].key, key)) continue;
            if (known[i].whole) *known[i].whole = (int64_t)number;
            if (known[i].real) *known[i].real = number;
            if (known[i].flag) *known[i].flag = number != 0;
            return 0;
        }
        return 64;
    }
    return 0;
}

static int read_arguments(int count, char **arguments, toy *t, train_options *o, bool *order)
{
    for (int i = 2; i < count; i++) {
        char *value = strchr(arguments[i], '=');
        if (!value) return 64;
        *value++ = '\0';
        if (set(t, o, order, arguments[i], value)) return 64;
    }
    return 0;
}

static status start_tensors(void)
{
    const char *device = getenv("TOY_DEVICE"), *local = getenv("OMPI_COMM_WORLD_LOCAL_RANK");
    t_gpu gpus = {0};
    if (device) t_gpu_ask(0, &gpus);
    return t_start(&(t_options){.device = device ? device : "cpu",
                                .device_index = local && gpus.count ? atoi(local) % gpus.count : 0,
                                .threads = 1,
                                .deterministic = true});
}

/* DIR/order.PID: which samples this process has seen in which step. */
static status open_order(toy *t, const char *directory)
{
    char path[512];
    snprintf(path, sizeof path, "%s/order.%ld", directory, (long)getpid());
    t->order = fopen(path, "we");
    return t->order ? OK : FAIL(ERR_CREATE, "%s: cannot create", path);
}

static status train(int count, char **arguments)
{
    status st = OK;
    comm *c = NULL;
    toy t = {0};
    train_options o = toy_options();
    train_result result;
    bool order = false;
    const char *ranks = getenv("OMPI_COMM_WORLD_SIZE");
    TRY(comm_open(ranks ? atoi(ranks) : 1, 60, &c));
    TRY(start_tensors());
    TRY(toy_open(&t, c, 1));
    if (read_arguments(count, arguments, &t, &o, &order)) TRY(FAIL(ERR_USAGE, "wrong arguments"));
    if (comm_rank(c) == 0) TRY(directory_make(arguments[1]));
    TRY(comm_barrier(c));
    if (order) TRY(open_order(&t, arguments[1]));
    const train_task task = toy_task(&t);
    TRY(trainer_run(c, &task, &o, arguments[1], &result));
    if (comm_rank(c) == 0)
        printf("steps %lld epochs %lld metric %.3f first step %.2f s\n", (long long)result.steps,
               (long long)result.epochs, result.best_metric, result.time_to_first_step_s);
done:
    if (t.order) fclose(t.order);
    toy_close(&t);
    if (st != OK) fprintf(stderr, "%s: %s (%s)\n", status_name(st), fail_message(), fail_place());
    if (st == OK && t_live_count()) st = FAIL(ERR_INTERNAL, "%zu tensors are still alive", t_live_count());
    comm_close(&c);
    return st;
}

/* ---- comparing --------------------------------------------------------------------------------------------------- */

static status compare_models(const char *a, const char *b, double *distance)
{
    status st = OK;
    scope *sc = scope_open();
    tensor_file *files[2] = {0};
    double difference = 0, size = 0;
    TRY(tensor_file_open(a, &files[0]));
    TRY(tensor_file_open(b, &files[1]));
    for (size_t i = 0; i < tensor_file_count(files[0]); i++) {
        double part;
        const char *name = tensor_file_name(files[0], i);
        tensor *x = t_cast(tensor_file_get(files[0], name), T_F64), *y = t_cast(tensor_file_get(files[1], name), T_F64);
        TRY(t_item_f64(t_sum_all(t_pow(t_sub(x, y), 2)), &part));
        difference += part;
        TRY(t_item_f64(t_sum_all(t_pow(x, 2)), &part));
        size += part;
    }
    *distance = sqrt(difference / size);
done:
    tensor_file_close(&files[0]);
    tensor_file_close(&files[1]);
    scope_close(&sc);
    return st;
}

static status same_bytes(const char *a, const char *b, bool *same)
{
    status st = OK;
    char hash_a[HASH_TEXT], hash_b[HASH_TEXT];
    TRY(hash_file(a, hash_a));
    TRY(hash_file(b, hash_b));
    *same = !strcmp(hash_a, hash_b);
done:
    return st;
}

/* The largest relative difference of the losses of two curves; infinite when their lines do not match. */
static status compare_curves(const char *a, const char *b, double *most)
{
    status st = OK;
    FILE *files[2] = {fopen(a, "r"), fopen(b, "r")};
    char lines[2][512];
    *most = 0;
    if (!files[0] || !files[1]) TRY(FAIL(ERR_MISSING, "%s or %s is not there", a, b));
    while (fgets(lines[0], sizeof lines[0], files[0])) {
        if (!fgets(lines[1], sizeof lines[1], files[1])) *most = INFINITY;
        json_t *x = json_loads(lines[0], 0, NULL), *y = json_loads(lines[1], 0, NULL);
        double of_x = json_number_value(json_object_get(x, "loss")),
               of_y = json_number_value(json_object_get(y, "loss"));
        if (json_integer_value(json_object_get(x, "step")) != json_integer_value(json_object_get(y, "step")))
            *most = INFINITY;
        if (of_x > 0 && fabs(of_x - of_y) / of_x > *most) *most = fabs(of_x - of_y) / of_x;
        json_decref(x);
        json_decref(y);
    }
done:
    for (int i = 0; i < 2; i++)
        if (files[i]) fclose(files[i]);
    return st;
}

static status compare(const char *a, const char *b, bool bitwise)
{
    status st = OK;
    double distance = 0, loss = 0;
    bool same_model = false, same_curve = false;
    char *models[2] = {path_join(a, "model.safetensors"), path_join(b, "model.safetensors")};
    char *curves[2] = {path_join(a, "curve.jsonl"), path_join(b, "curve.jsonl")};
    TRY(t_start(&(t_options){.device = "cpu", .threads = 1, .deterministic = true}));
    TRY(compare_models(models[0], models[1], &distance));
    TRY(compare_curves(curves[0], curves[1], &loss));
    TRY(same_bytes(models[0], models[1], &same_model));
    TRY(same_bytes(curves[0], curves[1], &same_curve));
    printf("%s and %s: parameters differ by %.2g (relative L2)%s, losses by %.2g (relative)%s\n", a, b, distance,
           same_model ? ", bitwise equal" : "", loss, same_curve ? ", the same bytes" : "");
    bool good = bitwise ? same_model && same_curve : distance <= PARAMETERS_CLOSE && loss <= LOSS_CLOSE;
    if (!good) TRY(FAIL(ERR_INPUT, "%s and %s are not equal enough", a, b));
done:
    for (int i = 0; i < 2; i++) {
        free(models[i]);
        free(curves[i]);
    }
    if (st != OK) fprintf(stderr, "%s\n", fail_message());
    return st;
}

int main(int count, char **arguments)
{
    if (count == 5 && !strcmp(arguments[1], "compare"))
        return compare(arguments[2], arguments[3], !strcmp(arguments[4], "bitwise")) == OK ? 0 : 1;
    if (count < 2) return 64;
    return status_exit_code(train(count, arguments));
}
