#include "weights/names.h"

#include <stdio.h>
#include <string.h>

enum { PLAIN = 0, PART_1 = 1, PART_2 = 2, PART_3 = 3, PARTS = 3, TURNED = 4, FIRST_ROWS = 8 };

/* In patterns `*` stands for digits and `**`, at the end, for any rest; both stand for the same on both sides. The rows
 * of one file's kind stand together; where several fit, the first whose name is in the file counts. */
static const struct {
    const char *ours, *theirs;
    int how;
} ROWS[] = {
    /* torchvision's vision transformers; ours are timm's */
    {"patch_embed.proj.**", "conv_proj.**", PLAIN},
    {"cls_token", "class_token", PLAIN},
    {"pos_embed", "encoder.pos_embedding", PLAIN},
    {"blocks.*.norm1.**", "encoder.layers.encoder_layer_*.ln_1.**", PLAIN},
    {"blocks.*.norm2.**", "encoder.layers.encoder_layer_*.ln_2.**", PLAIN},
    {"blocks.*.attn.qkv.weight", "encoder.layers.encoder_layer_*.self_attention.in_proj_weight", PLAIN},
    {"blocks.*.attn.qkv.bias", "encoder.layers.encoder_layer_*.self_attention.in_proj_bias", PLAIN},
    {"blocks.*.attn.proj.**", "encoder.layers.encoder_layer_*.self_attention.out_proj.**", PLAIN},
    {"blocks.*.mlp.fc1.**", "encoder.layers.encoder_layer_*.mlp.0.**", PLAIN},
    {"blocks.*.mlp.fc2.**", "encoder.layers.encoder_layer_*.mlp.3.**", PLAIN},
    {"blocks.*.mlp.fc1.**", "encoder.layers.encoder_layer_*.mlp.linear_1.**", PLAIN},
    {"blocks.*.mlp.fc2.**", "encoder.layers.encoder_layer_*.mlp.linear_2.**", PLAIN},
    {"norm.**", "encoder.ln.**", PLAIN},
    {"head.**", "heads.head.**", PLAIN},
    /* Sign2Text, where its residual network is a Sequential of torchvision's parts, or called otherwise */
    {"cnn.conv1.**", "cnn.0.**", PLAIN},
    {"cnn.bn1.**", "cnn.1.**", PLAIN},
    {"cnn.layer1.**", "cnn.4.**", PLAIN},
    {"cnn.layer2.**", "cnn.5.**", PLAIN},
    {"cnn.layer3.**", "cnn.6.**", PLAIN},
    {"cnn.layer4.**", "cnn.7.**", PLAIN},
    {"cnn.conv1.**", "backbone.0.**", PLAIN},
    {"cnn.bn1.**", "backbone.1.**", PLAIN},
    {"cnn.layer1.**", "backbone.4.**", PLAIN},
    {"cnn.layer2.**", "backbone.5.**", PLAIN},
    {"cnn.layer3.**", "backbone.6.**", PLAIN},
    {"cnn.layer4.**", "backbone.7.**", PLAIN},
    {"cnn.**", "backbone.**", PLAIN},
    /* AVT: timm's model a frame, and Transformers' GPT-2, whose projections are (in, out) */
    {"backbone.**", "backbone.model.**", PLAIN},
    {"input.weight", "future_predictor.encoder.weight", PLAIN},
    {"output.weight", "future_predictor.decoder.weight", PLAIN},
    {"decoder.position", "future_predictor.gpt_model.wpe.weight", FIRST_ROWS},
    {"decoder.layer.*.norm_attention.**", "future_predictor.gpt_model.h.*.ln_1.**", PLAIN},
    {"decoder.layer.*.norm_inner.**", "future_predictor.gpt_model.h.*.ln_2.**", PLAIN},
    {"decoder.layer.*.attention.query.weight", "future_predictor.gpt_model.h.*.attn.c_attn.weight", TURNED | PART_1},
    {"decoder.layer.*.attention.key.weight", "future_predictor.gpt_model.h.*.attn.c_attn.weight", TURNED | PART_2},
    {"decoder.layer.*.attention.value.weight", "future_predictor.gpt_model.h.*.attn.c_attn.weight", TURNED | PART_3},
    {"decoder.layer.*.attention.query.bias", "future_predictor.gpt_model.h.*.attn.c_attn.bias", PART_1},
    {"decoder.layer.*.attention.key.bias", "future_predictor.gpt_model.h.*.attn.c_attn.bias", PART_2},
    {"decoder.layer.*.attention.value.bias", "future_predictor.gpt_model.h.*.attn.c_attn.bias", PART_3},
    {"decoder.layer.*.attention.output.weight", "future_predictor.gpt_model.h.*.attn.c_proj.weight", TURNED},
    {"decoder.layer.*.attention.output.bias", "future_predictor.gpt_model.h.*.attn.c_proj.bias", PLAIN},
    {"decoder.layer.*.inner.weight", "future_predictor.gpt_model.h.*.mlp.c_fc.weight", TURNED},
    {"decoder.layer.*.inner.bias", "future_predictor.gpt_model.h.*.mlp.c_fc.bias", PLAIN},
    {"decoder.layer.*.outer.weight", "future_predictor.gpt_model.h.*.mlp.c_proj.weight", TURNED},
    {"decoder.layer.*.outer.bias", "future_predictor.gpt_model.h.*.mlp.c_proj.bias", PLAIN},
    {"decoder.norm.**", "future_predictor.gpt_model.ln_f.**", PLAIN},
    {"classifier.**", "classifiers.action.**", PLAIN},
    {"verb.**", "classifiers.verb.**", PLAIN},
    {"noun.**", "classifiers.noun.**", PLAIN},
    /* text teachers: heads on a model of Transformers; and such a model inside of one with a head of its own */
    {"heads.action.**", "out_action.**", PLAIN},
    {"heads.verb.**", "out_verb.**", PLAIN},
    {"heads.noun.**", "out_noun.**", PLAIN},
    {"**", "LM_base.**", PLAIN},
    {"**", "bert.**", PLAIN},
    {"**", "roberta.**", PLAIN},
    {"**", "electra.**", PLAIN},
};

/* Batch norms' counters of batches; GPT-2's triangular masks; AVT's table of classes; position numbers and poolers of
 * Transformers; the text teachers' layer that they do not use. */
static const char *const IDLE_ENDS[] = {"num_batches_tracked", "position_ids", "attn.masked_bias"};
static const char *const IDLE[] = {"future_predictor.gpt_model.h.*.attn.bias",
                                   "cls_map_**",
                                   "lin_trf.**",
                                   "pooler.**",
                                   "LM_base.pooler.**",
                                   "bert.pooler.**",
                                   "roberta.pooler.**"};

/* Whether the name is of the pattern; what `*` and `**` stand for goes to `digits` and `rest`. */
static bool match(const char *pattern, const char *name, char *digits, const char **rest)
{
    while (*pattern) {
        if (!strcmp(pattern, "**")) return *rest = name, *name != '\0';
        if (*pattern != '*') {
            if (*pattern++ != *name++) return false;
            continue;
        }
        size_t length = strspn(name, "0123456789");
        if (!length || length > 8) return false;
        snprintf(digits, 9, "%.*s", (int)length, name);
        name += length;
        pattern++;
    }
    return !*name;
}

/* The name that the pattern has with these. */
static bool fill(const char *pattern, const char *digits, const char *rest, char *out, size_t size)
{
    size_t used = 0;
    for (; *pattern && used < size; pattern++) {
        if (!strcmp(pattern, "**")) used += (size_t)snprintf(out + used, size - used, "%s", rest);
        else if (*pattern == '*') used += (size_t)snprintf(out + used, size - used, "%s", digits);
        else used += (size_t)snprintf(out + used, size - used, "%c", *pattern);
        if (!strcmp(pattern, "**")) break;
    }
    return used < size;
}

bool weight_source_find(const weight_file *file, const char *name, weight_source *out)
{
    *out = (weight_source){.info = weight_file_find(file, name)};
    for (size_t i = 0; !out->info && i < sizeof ROWS / sizeof *ROWS; i++) {
        char digits[9] = "", theirs[WEIGHT_NAME_MOST];
        const char *rest = "";
        if (!match(ROWS[i].ours, name, digits, &rest) || !fill(ROWS[i].theirs, digits, rest, theirs, sizeof theirs))
            continue;
        *out = (weight_source){.info = weight_file_find(file, theirs),
                               .transposed = ROWS[i].how & TURNED,
                               .part = ROWS[i].how & PARTS,
                               .first_rows = ROWS[i].how & FIRST_ROWS};
    }
    return out->info != NULL;
}

bool weight_name_is_idle(const char *name)
{
    for (size_t i = 0; i < sizeof IDLE_ENDS / sizeof *IDLE_ENDS; i++) {
        size_t length = strlen(name), end = strlen(IDLE_ENDS[i]);
        if (length >= end && !strcmp(name + length - end, IDLE_ENDS[i])) return true;
    }
    for (size_t i = 0; i < sizeof IDLE / sizeof *IDLE; i++) {
        char digits[9];
        const char *rest;
        if (match(IDLE[i], name, digits, &rest)) return true;
    }
    return false;
}

bool weight_name_is_below(const char *name, const char *prefix)
{
    size_t length = strlen(prefix);
    return !strncmp(name, prefix, length) && (!name[length] || name[length] == '.');
}
