/* bench_ranks BATCH STEPS [PIECES [LENGTHS]] - trains an encoder of the teacher's size on made-up token sequences, on
 * as many ranks as there are, and prints "samples_per_s step_ms_p50" of rank 0.
 *
 * 4 layers, width 256, 4 heads, PIECES (30,522) word pieces; sequences of 10 to 72 tokens (mean 41), as WordPiece makes
 * of five actions; heads for 2,513 actions, 125 verbs, 352 nouns; AdamW, clipping at 1. One thread a rank. LENGTHS:
 * rank r writes the lengths of its sequences to LENGTHS.r, a line a step, so that another program can train on as many.
 */
#include "base/file.h"
#include "base/hash.h"
#include "base/log.h"
#include "teacher/encoder.h"
#include "trainer/trainer.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { SHORTEST = 10, LONGEST = 72, SAMPLES = 4096, HEADS = 3 };

static int64_t pieces = 30522;
static FILE *lengths_out; /* NULL: not asked for */

static const int64_t CLASSES[HEADS] = {2513, 125, 352};
static const double WEIGHTS[HEADS] = {0.7, 0.15, 0.15};

static size_t length_of(void *self, size_t sample)
{
    (void)self;
    return SHORTEST + hash_mix(1, sample) % (LONGEST - SHORTEST + 1);
}

/* Few pieces are frequent and most are rare, as in a language. */
static int64_t piece_of(size_t sample, size_t place)
{
    double u = (double)(hash_mix(hash_mix(2, sample), place) >> 11) * 0x1p-53;
    return (int64_t)(u * u * u * (double)(pieces - 1));
}

static void free_batch(token_batch *b)
{
    free(b->first);
    free(b->ids);
    free(b->positions);
    free(b->ages);
}

static status make_batch(const train_slice *slice, token_batch *b)
{
    size_t tokens = slice->count * LONGEST;
    *b = (token_batch){.count = slice->count,
                       .first = calloc(slice->count + 1, sizeof *b->first),
                       .ids = calloc(tokens, sizeof *b->ids),
                       .positions = calloc(tokens, sizeof *b->positions),
                       .ages = calloc(tokens, sizeof *b->ages)};
    if (!b->first || !b->ids || !b->positions || !b->ages) return FAIL(ERR_MEMORY, "no memory for a batch");
    for (size_t i = 0; i < slice->count; i++) {
        size_t length = length_of(NULL, slice->samples[i]), at = b->first[i];
        for (size_t p = 0; p < length; p++) {
            b->ids[at + p] = piece_of(slice->samples[i], p);
            b->positions[at + p] = (int64_t)p;
        }
        b->first[i + 1] = at + length;
        if (length > b->longest) b->longest = length;
    }
    return OK;
}

static void write_lengths(const train_slice *slice)
{
    for (size_t i = 0; lengths_out && i < slice->count; i++)
        fprintf(lengths_out, "%zu%c", length_of(NULL, slice->samples[i]), i + 1 < slice->count ? ' ' : '\n');
}

static tensor *head_loss(tensor *logits, int head, const train_slice *slice)
{
    int64_t labels[1024];
    for (size_t i = 0; i < slice->count; i++)
        labels[i] = (int64_t)(hash_mix(hash_mix(3, slice->samples[i]), (uint64_t)head) % (uint64_t)CLASSES[head]);
    tensor *sum = t_cross_entropy(logits, t_from_i64(labels, SHAPE((int64_t)slice->count)), NULL, 0, T_SUM);
    return t_scale(sum, WEIGHTS[head] / (double)slice->step_count);
}

static status loss(void *self, const train_slice *slice, tensor **out)
{
    status st = OK;
    token_batch b = {0};
    encoder_output logits;
    if (slice->count > 1024) TRY(FAIL(ERR_USAGE, "at most 1024 samples a rank"));
    TRY(make_batch(slice, &b));
    write_lengths(slice);
    TRY(encoder_forward(self, &b, slice->keys, &logits));
    *out = t_add(head_loss(logits.action, 0, slice),
                 t_add(head_loss(logits.verb, 1, slice), head_loss(logits.noun, 2, slice)));
done:
    free_batch(&b);
    return st;
}

static status bench(comm *c, int64_t batch, int64_t steps, const char *folder)
{
    status st = OK;
    encoder *e = NULL;
    train_result result;
    const encoder_options shape = {.layers = 4,
                                   .width = 256,
                                   .heads = 4,
                                   .inner = 1024,
                                   .id_rows = pieces,
                                   .positions = 512,
                                   .ages = 8,
                                   .actions = CLASSES[0],
                                   .verbs = CLASSES[1],
                                   .nouns = CLASSES[2],
                                   .embedding_dropout = 0.1,
                                   .dropout = 0.1,
                                   .attention_dropout = 0.1};
    const train_options options = {.epochs = 1000,
                                   .max_steps = steps,
                                   .batch = batch,
                                   .accumulate = 1,
                                   .clip = 1,
                                   .checkpoint_minutes = 1e6,
                                   .optimizer = "adamw",
                                   .schedule = "constant",
                                   .lr = 1e-4,
                                   .weight_decay = 0.01,
                                   .beta1 = 0.9,
                                   .beta2 = 0.999,
                                   .eps = 1e-8};
    t_seed(0);
    TRY(encoder_new(&shape, &e));
    const train_task task = {
        .self = e, .model = encoder_module(e), .sample_count = SAMPLES, .loss = loss, .sample_length = length_of};
    TRY(trainer_run(c, &task, &options, folder, &result));
    if (comm_rank(c) == 0) printf("%.1f %.1f\n", result.samples_per_s, result.step_ms_p50);
done:
    encoder_free(&e);
    return st;
}

static status open_lengths(const comm *c, const char *prefix)
{
    char path[4096];
    snprintf(path, sizeof path, "%s.%d", prefix, comm_rank(c));
    lengths_out = fopen(path, "w");
    return lengths_out ? OK : FAIL(ERR_CREATE, "%s: cannot write", path);
}

int main(int count, char **arguments)
{
    status st = OK;
    comm *c = NULL;
    char folder[] = "/tmp/magister-bench-XXXXXX";
    const char *ranks = getenv("OMPI_COMM_WORLD_SIZE");
    if (count < 3 || count > 5) return 64;
    if (count > 3) pieces = atoll(arguments[3]);
    if (pieces < 2) return 64;
    log_threshold(LOG_WARN);
    TRY(t_start(&(t_options){.device = "cpu", .threads = 1, .deterministic = true}));
    TRY(comm_open(ranks ? atoi(ranks) : 1, 120, &c));
    TRY(comm_agree(c, count > 4 ? open_lengths(c, arguments[4]) : OK));
    if (comm_rank(c) == 0 && !mkdtemp(folder)) TRY(FAIL(ERR_CREATE, "%s: cannot create", folder));
    TRY(comm_broadcast(c, folder, sizeof folder, 0));
    TRY(bench(c, atoll(arguments[1]), atoll(arguments[2]), folder));
    if (comm_rank(c) == 0) TRY(directory_remove(folder));
done:
    if (st != OK) fprintf(stderr, "%s\n", fail_message());
    if (lengths_out && fclose(lengths_out)) fprintf(stderr, "the lengths were not written\n");
    comm_close(&c);
    return status_exit_code(st);
}
