#include "conf/options.h"

#include <float.h>
#include <limits.h>
#include <string.h>

#define COUNT_MAX 1e9

// clang-format off
/* Rows of the table. Numbers: standard value, least, most. */
#define TEXT(key, standard, help) {key, OPTION_TEXT, standard, 0, 0, NULL, NULL, true, help}
#define PATH(key, standard, help) {key, OPTION_PATH, standard, 0, 0, NULL, NULL, true, help}
#define BOOL(key, standard, help) {key, OPTION_BOOL, standard, 0, 1, NULL, NULL, true, help}
#define INT(key, standard, least, most, help) {key, OPTION_INT, standard, least, most, NULL, NULL, true, help}
#define REAL(key, standard, least, most, help) {key, OPTION_REAL, standard, least, most, NULL, NULL, true, help}
#define CHOICE(key, standard, choices, help) {key, OPTION_CHOICE, standard, 0, 0, choices, NULL, true, help}
#define CHOICES(key, standard, choices, help) {key, OPTION_CHOICES, standard, 0, 0, choices, NULL, true, help}
#define INTS(key, standard, least, most, help) {key, OPTION_INTS, standard, least, most, NULL, NULL, true, help}
#define TEXTS(key, standard, help) {key, OPTION_TEXTS, standard, 0, 0, NULL, NULL, true, help}
#define REALS(key, standard, least, most, help) {key, OPTION_REALS, standard, least, most, NULL, NULL, true, help}
#define SIZES(key, standard, least, most, help) {key, OPTION_SIZES, standard, least, most, NULL, NULL, true, help}
/* The same, for keys that never change a result. */
#define FREE_TEXT(key, standard, help) {key, OPTION_TEXT, standard, 0, 0, NULL, NULL, false, help}
#define FREE_PATH(key, standard, help) {key, OPTION_PATH, standard, 0, 0, NULL, NULL, false, help}
#define FREE_REAL(key, standard, least, most, help) {key, OPTION_REAL, standard, least, most, NULL, NULL, false, help}
#define FREE_INT(key, standard, least, most, help) {key, OPTION_INT, standard, least, most, NULL, NULL, false, help}
#define FREE_CHOICE(key, standard, choices, help) {key, OPTION_CHOICE, standard, 0, 0, choices, NULL, false, help}
#define FREE_TEXTS(key, standard, help) {key, OPTION_TEXTS, standard, 0, 0, NULL, NULL, false, help}

/* The same for rows of options_train.inc: a section's value is taken from train.* unless it is given. */
#define FROM_COMMON(name) (sizeof PREFIX > 1 ? "train." name : NULL)
#define TRAIN_BOOL(name, standard, help) {PREFIX "train." name, OPTION_BOOL, standard, 0, 1, NULL, FROM_COMMON(name), true, help}
#define TRAIN_INT(name, standard, least, most, help) {PREFIX "train." name, OPTION_INT, standard, least, most, NULL, FROM_COMMON(name), true, help}
#define TRAIN_REAL(name, standard, least, most, help) {PREFIX "train." name, OPTION_REAL, standard, least, most, NULL, FROM_COMMON(name), true, help}
#define TRAIN_FREE_INT(name, standard, least, most, help) {PREFIX "train." name, OPTION_INT, standard, least, most, NULL, FROM_COMMON(name), false, help}
#define TRAIN_FREE_REAL(name, standard, least, most, help) {PREFIX "train." name, OPTION_REAL, standard, least, most, NULL, FROM_COMMON(name), false, help}
#define TRAIN_CHOICE(name, standard, choices, help) {PREFIX "train." name, OPTION_CHOICE, standard, 0, 0, choices, FROM_COMMON(name), true, help}

/* One row a line, however long: a table reads best that way. Keys of one section stand together (recipe_write). */
static const option TABLE[] = {
    FREE_TEXT("name", "run", "what the run is called"),
    FREE_PATH("out", "null", "run directory; null: runs/<name>"),
    INT("seed", "0", 0, 9e15, "seed of every random choice"),
    CHOICE("device", "auto", "auto|cpu|cuda", "where tensors live"),
    CHOICE("precision", "float32", "float32|tfloat32|bfloat16", "tfloat32: a GPU rounds what products and convolutions read (TF32); bfloat16 uses autocast"),
    CHOICES("stages", "[teacher, predict, student, evaluate]", "generate|stream|teacher|predict|student|evaluate", "steps of the run, in order"),

    FREE_INT("launch.ranks", "1", 1, 4096, "MPI ranks on this machine; in a Slurm allocation there are as many as it has tasks"),
    INT("launch.threads", "1", 1, 1024, "threads of each rank"),
    FREE_INT("launch.overlap", "0", 0, 4096, "ranks beside launch.ranks that predict with a teacher while the first student that learns from it trains; 0: one after the other"),
    FREE_INT("launch.max_restarts", "0", 0, 1e6, "how often in a run a step that ended because a rank died or hung begins again, from its last checkpoint"),
    FREE_INT("launch.timeout", "600", 1, 1e6, "seconds a rank waits for the others before it calls them lost"),
    FREE_CHOICE("launch.bind", "cores", "cores|none", "cores: each rank keeps to cores of its own; none: the system places them (several runs share the machine)"),
    FREE_CHOICE("launch.gpus", "own", "own|shared", "own: each rank has a GPU to itself; shared: ranks of a node may use the same one (their gradients pass through the host)"),
    FREE_INT("launch.slurm.nodes", "0", 0, 65536, "nodes of a job (magister submit); 0: one"),
    FREE_INT("launch.slurm.ranks_per_node", "0", 0, 1024, "ranks on each node; 0: one for each of its GPUs, or one"),
    FREE_INT("launch.slurm.cpus_per_rank", "0", 0, 4096, "CPUs of each rank; 0: launch.threads"),
    FREE_INT("launch.slurm.gpus_per_node", "0", 0, 1024, "GPUs of each node"),
    FREE_TEXT("launch.slurm.memory", "null", "memory of each node, as Slurm writes it: 64G"),
    FREE_TEXT("launch.slurm.time", "null", "time limit of a job, as Slurm writes it: 04:00:00; a job that comes to it saves, and goes on in its next turn"),
    FREE_TEXT("launch.slurm.partition", "null", "partition"),
    FREE_TEXT("launch.slurm.account", "null", "account that is charged"),
    FREE_TEXT("launch.slurm.qos", "null", "quality of service"),
    FREE_TEXT("launch.slurm.constraint", "null", "features that nodes must have"),
    FREE_TEXTS("launch.slurm.modules", "[]", "modules that a job loads"),
    FREE_TEXTS("launch.slurm.environment", "[]", "lines of shell that a job begins with, after its modules: export NAME=VALUE"),
    FREE_TEXTS("launch.slurm.lines", "[]", "more #SBATCH options of a job: --exclusive"),
    FREE_CHOICE("launch.slurm.jobs", "one", "one|stages", "one: all stages in one job; stages: a job a stage, each when the one before it has succeeded"),
    FREE_INT("launch.slurm.at_once", "0", 0, 4096, "members of a sweep that run at the same time; 0: as many as Slurm starts"),

    PATH("data.train", "null", "annotations to learn from (CSV; the format is told from the header and columns)"),
    PATH("data.eval", "null", "annotations to score on, or a folder that holds files named like data.train (and data.tracks); null: a part of data.train is held out; stage stream: held-out videos (a video, a folder, a list, or annotations of data.videos), watched without learning after each epoch; null: none"),
    CHOICE("data.format", "auto", "auto|rulstm|epic|egtea|phoenix|boston104|lines|wlasl|folder", "form of the annotations; auto: told from the file; wlasl: single signs, WLASL_v0.3.json or nslt_N.json; folder: data.train is a folder with a folder of videos a class"),
    PATH("data.actions", "null", "action classes: id,action,verb,noun in any of the known forms; null: collected from data.train"),
    TEXTS("data.splits", "[train, val, test]", "wlasl, folder: names of the splits to learn from, to choose on and to score on; what no clip is in is taken from the first, class by class"),
    INT("data.max_classes", "0", 0, 1e6, "wlasl, folder: only the first so many classes, in the order of the file; 0: all"),
    TEXTS("data.glosses", "[]", "wlasl, folder: only these classes; letter case does not count; empty: all"),
    PATH("data.glossary", "null", "wlasl, folder: only classes that are a word of this file, one a line; letter case does not count"),
    BOOL("data.use_range", "false", "wlasl: a clip is frames frame_start to frame_end of its video; false: all of it, as for videos that were cut already"),
    BOOL("data.use_box", "false", "wlasl: a clip keeps to the signer's box"),
    CHOICE("data.on_missing", "skip", "skip|error", "wlasl, folder: a clip whose video is not there, or is none: is left out, counted and named in missing.json; or stops the run"),
    REAL("data.least", "0.2", 0, 1, "wlasl, folder: the run stops where a smaller part of the clips is left"),
    PATH("data.broken", "null", "wlasl, folder: a list of broken videos, [{video_path, reason}], that are missing too; null: none"),
    PATH("data.tracks", "null", "per-frame features of the student: a CSV (video,frame,...); a folder of <video>.f32 files with widths in its index.tsv, or of <video>.npy; or an LMDB of RULSTM's form"),
    PATH("data.eval_tracks", "null", "the same for data.eval; null: data.tracks holds them too"),
    PATH("data.videos", "null", "folder of the students' videos: <video>.mp4, .mkv, .mov, .avi or .webm, or a folder <video> of numbered pictures (frame_0000000001.jpg ..., or .png, .bmp, .webp)"),
    REAL("data.frame_rate", "30", 0.001, 1000, "frames a second of videos that are folders of pictures; files tell theirs"),
    PATH("data.many_shot_verbs", "null", "verb classes of the many-shot metrics (first column verb_class)"),
    PATH("data.many_shot_nouns", "null", "noun classes of the many-shot metrics (first column noun_class)"),
    REAL("data.fps", "30", 0.01, 1e6, "frames a second of frame numbers in the annotations"),
    REAL("data.tau_a", "1.0", 0, 1e6, "anticipation: seconds between what is seen and the start of the segment"),
    REAL("data.development", "0.1", 0.01, 0.9, "part of the training videos (gloss sequences) held out for every choice and early stop"),
    REAL("data.eval_part", "0.2", 0.01, 0.9, "part of the training videos (gloss sequences) scored on when data.eval is null"),
    INT("data.split_seed", "0", 0, 9e15, "seed of the splits; not the seed of training, so that runs with several seeds share their splits"),

    PATH("video.cache", "null", "frame cache that students take their frames from instead of decoding data.videos (magister video cache makes one); null: none"),
    INT("video.size", "64", 16, 1024, "side of the square pictures that students see; frames are scaled to cover it and cut"),
    FREE_INT("video.threads", "3", 1, 256, "threads of a rank that decode; where they share its core with the step, several get a larger part of it than one"),
    FREE_INT("video.ahead", "3", 0, 1000, "steps of training that clips are decoded ahead of"),
    FREE_INT("video.memory_mb", "512", 1, 1e6, "MB of pictures that a rank holds at most"),
    FREE_REAL("video.timeout", "30", 0.1, 1e6, "seconds that a clip may take to decode"),
    CHOICE("video.on_broken", "replace", "replace|error", "a clip that cannot be decoded whole: goes on with what could be had (the nearest frame; black without any), counted and warned of; or stops the run"),

    CHOICE("generate.world", "kitchen", "kitchen|signs", "what is made up: a kitchen with long videos of many actions, or clips of single signs that only motion tells apart, on film (a set of data.format wlasl)"),
    SIZES("generate.clips", "[200, 45, 35]", 1, 1e6, "signs world: clips to learn from, to choose on and to score on"),
    INT("generate.videos", "240", 2, 1e6, "kitchen world: videos with annotations to learn from"),
    INT("generate.eval_videos", "120", 1, 1e6, "kitchen world: videos to score on"),
    INT("generate.texts", "2000", 0, 1e6, "kitchen world: recipes as text only, for the teacher"),
    INT("generate.width", "32", 4, 4096, "kitchen world: features of a frame"),
    REAL("generate.noise", "1.0", 0, 100, "kitchen world: deviation of the noise on the features; with videos 0 is a clean picture, 1 the usual one (signs world: the same)"),
    CHOICE("generate.film", "tracks", "tracks|video", "kitchen world: what there is of a video: a track of features, or the video itself (H.264)"),
    INT("generate.size", "64", 16, 512, "side of a video's square picture; even"),
    INT("generate.render_fps", "10", 1, 30, "kitchen world: frames a second of a video; divides 30"),
    INT("generate.quality", "28", 0, 51, "videos: x264's CRF; smaller is better and larger"),

    CHOICE("teacher.model", "encoder", "encoder|majority|bigram|trigram", "language model"),
    CHOICES("teacher.baselines", "[majority, bigram, trigram]", "majority|bigram|trigram", "baselines predicted and reported beside the teacher"),
    INT("teacher.layers", "4", 1, 96, "encoder layers"),
    INT("teacher.width", "256", 8, 16384, "width of the encoder"),
    INT("teacher.heads", "4", 1, 256, "attention heads; divides the width"),
    INT("teacher.inner", "0", 0, 65536, "width inside the feed-forward part; 0: four times the width"),
    CHOICE("teacher.norm", "after", "after|before", "layer norms after each part as in BERT, or before it and one at the end (pre-norm)"),
    CHOICE("teacher.positions", "sequence", "sequence|action", "position embedding of a token: its place in the sequence, or in its action (verb, <v> and noun have places of their own)"),
    BOOL("teacher.ages", "false", "an embedding of how many actions ago a token's action was (in BERT's token types)"),
    BOOL("teacher.newest_first", "false", "the latest action stands first in the text"),
    BOOL("teacher.factored", "false", "the logit of an action also gets the logits of its verb and of its noun"),
    REAL("teacher.dropout", "0.1", 0, 0.95, "dropout of embeddings, attention and layers"),
    {"teacher.embedding_dropout", OPTION_REAL, "0.1", 0, 0.95, NULL, "teacher.dropout", true, "dropout of the embeddings"},
    {"teacher.attention_dropout", OPTION_REAL, "0.1", 0, 0.95, NULL, "teacher.dropout", true, "dropout of attention probabilities"},
    REAL("teacher.inner_dropout", "0", 0, 0.95, "dropout inside the feed-forward part"),
    REAL("teacher.head_dropout", "0", 0, 0.95, "dropout of what the heads read"),
    REAL("teacher.shorten", "0", 0, 1, "share of histories cut to their last 1 .. n actions while training"),
    REAL("teacher.action_dropout", "0", 0, 0.95, "share of history actions left out while training"),
    REAL("teacher.word_dropout", "0", 0, 0.95, "share of history words replaced by the mask word while training"),
    REAL("teacher.label_smoothing", "0", 0, 0.95, "of the classification losses"),
    CHOICE("teacher.input", "text", "text|tokens", "text: words of verb and noun; tokens: one embedding an action"),
    CHOICE("teacher.vocabulary", "word", "word|wordpiece", "how text becomes tokens"),
    PATH("teacher.vocabulary_file", "null", "WordPiece vocabulary, one piece a line"),
    PATH("teacher.extra_text", "null", "more histories as text, one recipe a line in the form verb <v> noun <a> ..."),
    INT("teacher.hist_len", "5", 1, 1000, "actions of history"),
    CHOICE("teacher.history_cutoff", "order", "order|started|finished", "which earlier actions count: all before in order; started (or finished) tau_a before the segment"),
    BOOL("teacher.gappy_hist", "true", "history from the segment's own split only"),
    BOOL("teacher.sort_seg", "true", "sort segments by video and start; false: the file's order"),
    CHOICE("teacher.histories", "full", "full|lengths", "full: one history a query; lengths: one of every length up to hist_len, averaged when predicting"),
    REAL("teacher.multi_task.action", "0.7", 0, 1e6, "weight of the action loss"),
    REAL("teacher.multi_task.verb", "0.15", 0, 1e6, "weight of the verb loss"),
    REAL("teacher.multi_task.noun", "0.15", 0, 1e6, "weight of the noun loss"),
    BOOL("teacher.class_weights", "false", "weight classes by N / (C n_c); classes without samples get 0"),
    PATH("teacher.init", "null", "safetensors to start from"),
    CHOICE("teacher.metric", "top5", "top1|top5", "score on the development part that the best model is chosen by"),
    BOOL("teacher.learn_development", "false", "learn from the development part too, when every choice is made: nothing is scored while training, the last model is kept"),
    INTS("teacher.seeds", "[]", 0, 9e15, "train once with each seed; empty: the recipe's seed. Students learn from the predictions of the lowest"),
#define PREFIX "teacher."
#include "conf/options_train.inc"
#undef PREFIX
    TEXTS("teacher.pretrain.corpus", "[]", "text files to pretrain the encoder on by masked words (MLM), before it learns from segments: a text a line, actions parted by <a>, verb and noun by <v>; names that end in .jsonl hold a JSON object a line"),
    BOOL("teacher.pretrain.extra_text", "false", "the lines of teacher.extra_text belong to the corpus too"),
    TEXT("teacher.pretrain.field", "null", "key of the text in JSON lines; of a list of texts each is an action"),
    INT("teacher.pretrain.min_count", "2", 1, 1e9, "a word vocabulary takes words of the corpus that occur so often in it"),
    REAL("teacher.pretrain.mask", "0.15", 0.001, 0.9, "share of a block's words that are asked for (at least one): 80 % of them are masked, 10 % replaced, 10 % stay"),
    INT("teacher.pretrain.length", "128", 4, 65536, "tokens of a block: longer texts are cut"),
#define PREFIX "teacher.pretrain."
#include "conf/options_train.inc"
#undef PREFIX

    SIZES("stream.size", "[128, 128]", 16, 1024, "stream: height and width of the pictures; multiples of 16"),
    SIZES("stream.channels", "[32, 64, 256, 1024]", 1, 16384, "channels of the picture encoder's four convolutions; the decoder has them in reverse"),
    INT("stream.features", "1024", 8, 65536, "numbers that a picture, or an event, becomes; a multiple of 8"),
    INT("stream.layers", "3", 1, 8, "layers at most; one grows on top when the topmost has had train.evolve_every inputs"),
    INT("stream.init_layers", "1", 1, 8, "layers at the start"),
    PATH("stream.init", "null", "a learner to begin with: a model.safetensors, a step that holds one (RUN/steps/stream), or published weights; of stream.size, stream.channels and stream.features as here"),
    INT("stream.buffer", "20", 1, 4096, "inputs of an event that a layer keeps: the most surprising"),
    BOOL("stream.fixed_buffer", "false", "an event ends when it has that many inputs"),
    BOOL("stream.normalize", "false", "pictures: each pixel's three numbers to length 1"),
    REAL("stream.snippet", "0.5", 0.001, 86400, "seconds from one frame to the next"),
    CHOICE("stream.distance", "similarity", "similarity|distance", "how predictions are compared: cosine, or mean of squares"),
    BOOL("stream.base_distance", "false", "layer 0 takes the mean of squares whatever the others do"),
    CHOICE("stream.demarcation", "average", "average|rise|fixed|accum", "an event ends where a prediction is worse than the mean of the last stream.window ones; where it becomes so; where it is worse than stream.threshold; or where errors add up to more than it"),
    INT("stream.window", "50", 1, 1e6, "demarcation average and rise: inputs that the mean is taken over"),
    CHOICE("stream.modifier_type", "multiply", "multiply|add", "demarcation average and rise: the mean is multiplied by stream.modifier, or it is added"),
    REAL("stream.modifier", "1.0", -1e6, 1e6, "demarcation average and rise: see above"),
    REAL("stream.threshold", "0.1", -1e6, 1e9, "demarcation fixed and accum: see above"),
    INT("stream.streams", "1", 1, 4096, "videos that a rank watches side by side, with the same networks"),
    INT("stream.turn", "32", 1, 65536, "frames of each stream that are taken together: more is faster, and takes more memory"),
    CHOICE("stream.order", "shuffled", "shuffled|listed", "order of the videos in an epoch"),
    REAL("stream.share", "1.0", 0.0001, 1, "share of the videos that is watched, drawn by data.split_seed"),
    FREE_INT("stream.ahead", "64", 1, 65536, "frames of each stream decoded ahead"),
    BOOL("stream.live", "false", "input does not wait: frames that find no room are dropped and counted"),
    REAL("stream.stall", "0", 0, 1e9, "seconds without input after which a pipe counts as ended; 0: never"),
    TEXT("stream.raw.pixels", "null", "input is raw video of these pixels (rgb24, yuv420p), with the size and rate below; null: files with a container"),
    SIZES("stream.raw.size", "[0, 0]", 0, 16384, "height and width of raw video"),
    REAL("stream.raw.fps", "25", 0.001, 1e6, "frames a second of raw video"),
    BOOL("stream.errors", "false", "errors and limits of all inputs are written down; false: of four videos, for the pictures of the report"),
    INT("stream.train.epochs", "1", 1, COUNT_MAX, "passes over the videos"),
    INT("stream.train.max_steps", "0", 0, 9e15, "frames that are learned from, all ranks together; 0: no limit"),
    REAL("stream.train.lr", "1e-4", 0, 1e3, "learning rate (Adam, constant)"),
    INT("stream.train.optimize_every", "100", 1, COUNT_MAX, "a step is taken when the topmost layer has had so many losses, a stream"),
    INT("stream.train.evolve_every", "100000", 0, 9e15, "inputs of the topmost layer, in one stream, after which the next layer grows"),
    REAL("stream.train.alpha", "3.0", 1e-6, 1e6, "how fast the weight of a loss falls with every layer between it and what it moves"),
    BOOL("stream.train.timescale", "true", "losses weigh as much as the frames that their input stands for"),
    BOOL("stream.train.reach", "true", "losses weigh less in layers farther away; false: the same in all"),
    CHOICE("stream.train.sync", "average", "average|gradients", "ranks: each takes steps of its own and parameters are averaged; or gradients are summed and all take the same step"),
    INT("stream.train.average_every", "1000", 1, COUNT_MAX, "frames of each stream between the ranks' meetings"),
    FREE_INT("stream.train.save_every", "25000", 1, 9e15, "frames of each stream between checkpoints"),

    CHOICE("predict.encoding", "topk", "topk|dense", "what of the logits is stored"),
    INT("predict.k", "50", 1, 1e6, "logits kept of each prediction with topk; all are kept where there are fewer classes"),
    CHOICE("predict.features", "float16", "float16|float32|none", "type of the stored teacher features"),

    CHOICE("student.model", "avt", "avt|sign2text|timesformer", "video model: avt over features, moments, or (input clips) a vision transformer's view of each frame; sign2text and timesformer tell the sign of a clip"),
    CHOICE("student.task", "anticipate", "anticipate|recognise", "predict the segment that begins tau_a after what is seen, or the one seen"),
    CHOICE("student.input", "tracks", "tracks|frames|clips|cache|stream", "what is seen: data.tracks; moments of data.videos through a small CNN that is trained along; clips of whole frames of data.videos, cut and changed by student.transform; the features of such a CNN, kept in the run; or what a streaming learner knows of data.videos at each moment, kept in the run as well"),
    TEXT("student.backbone", "null", "input cache: the student with input frames whose trained CNN (of its first seed) makes the features"),
    PATH("student.stream", "null", "input stream: the streaming learner, its model.safetensors or the step's folder that it is in (runs/NAME/steps/stream); null: that of the stage stream"),
    REAL("student.cache_fps", "2", 0.01, 1000, "moments a second that the features of a student with input frames are kept at, for those with input cache"),
    SIZES("student.cnn.channels", "[16, 32, 64, 96]", 1, 4096, "channels of the CNN's stages, each of which halves the picture"),
    INT("student.cnn.width", "64", 4, 16384, "features that the CNN makes of a moment"),
    INT("student.cnn.stack", "2", 1, 16, "frames of a moment that the CNN sees together"),
    REAL("student.cnn.stack_seconds", "0.2", 0.001, 60, "seconds between them"),
    INT("student.layers", "2", 1, 96, "decoder layers"),
    INT("student.width", "128", 8, 16384, "width of the decoder"),
    INT("student.heads", "4", 1, 256, "attention heads; divides the width"),
    INT("student.network.patch", "0", 0, 256, "input clips, timesformer and avt: side of the patches of a frame; 0, here and below: the published size"),
    INT("student.network.width", "0", 0, 16384, "input clips: width of timesformer, or of avt's decoder"),
    INT("student.network.layers", "0", 0, 96, "input clips: layers of timesformer, of avt's decoder, or of sign2text's LSTM"),
    INT("student.network.heads", "0", 0, 256, "input clips: attention heads of timesformer, or of avt's decoder"),
    INT("student.network.channels", "0", 0, 1024, "sign2text: channels of the residual network's first stage, doubled in each of the other three"),
    INT("student.network.depth", "0", 0, 64, "sign2text: blocks in each of its stages"),
    INT("student.network.feature", "0", 0, 16384, "sign2text: numbers of a frame that the LSTM reads"),
    INT("student.network.hidden", "0", 0, 16384, "sign2text: width of the LSTM, a direction"),
    INT("student.network.backbone_width", "0", 0, 16384, "avt on clips: width of the vision transformer"),
    INT("student.network.backbone_layers", "0", 0, 96, "avt on clips: its layers"),
    INT("student.network.backbone_heads", "0", 0, 256, "avt on clips: its attention heads"),
    BOOL("student.network.recompute", "false", "input clips: keep less of the forward pass, and compute it again in backward: less memory, more time"),
    TEXTS("student.freeze", "[]", "input clips: parameters that are not trained, by the beginning of their names: [cnn], [backbone.blocks.0]"),
    PATH("student.init", "null", "weights to start from: .pth or safetensors of torchvision, timm, the published models, or a trained student's; magister weights lists what is in one"),
    TEXT("student.init_into", "null", "the part of the model that they are of (cnn, backbone), or \"\" for all of it; null: the one that most of their names fit"),
    TEXTS("student.init_skip", "[]", "names, of the file or the model, that may be missing, left over or of another shape, such as a head for other classes: [fc], [head]"),
    BOOL("student.shuffle_frames", "false", "control, input clips: the frames of a clip come in an order of no meaning"),
    INT("student.encoder", "0", 0, 16384, "width of a learned encoder of what the decoder reads; 0: it reads the features as they are"),
    INT("student.frames", "10", 1, 4096, "sub-clips of an input clip (recognise: of the segment itself)"),
    INT("student.subclip", "1", 1, 4096, "frames of a sub-clip, which the decoder reads as one; 1: each frame by itself"),
    INT("student.context", "0", 0, 4096, "recognise: sub-clips before the segment"),
    REAL("student.context_seconds", "0.35", 0.001, 1e6, "recognise: length of a sub-clip before the segment"),
    REAL("student.fps", "1.0", 0.001, 1000, "sub-clips a second taken from the tracks (anticipate)"),
    CHOICE("student.track_features", "raw", "raw|relative", "raw: the track's numbers; relative: they are points (x, y ...), taken relative to the last point, and their speeds"),
    REAL("student.augment.time", "0", 0, 1e6, "training: seconds (deviation) by which the bounds of a clip move"),
    REAL("student.augment.scale", "0", 0, 10, "training: deviation of a clip's scaling of features"),
    REAL("student.augment.shift", "0", 0, 100, "training: deviation of a clip's shift of features, in deviations of the feature"),
    REAL("student.augment.noise", "0", 0, 100, "training: deviation of the noise on every feature, in deviations of the feature"),
    INT("student.augment.pixels", "0", 0, 256, "training on frames: most pixels that a clip moves by, up or down and sideways"),
    REAL("student.augment.brightness", "0", 0, 10, "training on frames: deviation of a clip's brightness, in parts of the largest"),
    REAL("student.augment.contrast", "0", 0, 10, "training on frames: deviation of a clip's contrast, in parts of its own"),
    BOOL("student.augment.flip", "false", "training on frames: half of the clips are mirrored (left and right must mean nothing)"),
    INT("student.transform.size", "224", 1, 4096, "clips of whole frames: side of the square that the model sees"),
    SIZES("student.transform.short_side", "[224]", 1, 8192, "pixels that a frame's shorter side is scaled to; two: training draws between them, scoring takes the first"),
    BOOL("student.transform.antialias", "false", "shrinking weighs every pixel, as torchvision does; false: bilinear alone, as PyTorchVideo does"),
    CHOICE("student.transform.crop", "random", "random|centre|resized|stretch", "training: where the square is cut out of the scaled frame; resized: a part of random area and proportions, stretched; stretch: the whole frame, stretched"),
    REALS("student.transform.crop_area", "[0.08, 1]", 1e-6, 1, "crop resized: least and most of a frame's area"),
    REALS("student.transform.crop_proportions", "[0.75, 1.3333333333333333]", 0.01, 100, "crop resized: least and most of width / height"),
    CHOICE("student.transform.crops", "1", "1|3", "scoring: the middle of the scaled frame, or three squares along its longer side, whose probabilities are averaged"),
    REAL("student.transform.flip", "0", 0, 1, "training: probability that a clip is mirrored (left and right must mean nothing)"),
    BOOL("student.transform.flip_views", "false", "scoring: every square is also seen mirrored"),
    BOOL("student.transform.box", "false", "frames are cut to the annotation's box first, where there is one"),
    REAL("student.transform.box_margin", "0.1", 0, 10, "margin on each side of the box, in parts of its longer side"),
    CHOICE("student.transform.short_clips", "repeat", "repeat|stretch", "clips of fewer frames than are wanted: repeated until there are enough, or each frame taken several times"),
    REALS("student.transform.mean", "[0.485, 0.456, 0.406]", -1e6, 1e6, "subtracted from red, green, blue, which are 0 to 1"),
    REALS("student.transform.std", "[0.229, 0.224, 0.225]", 1e-6, 1e6, "what they are divided by then"),
    REAL("student.transform.color_jitter.brightness", "0", 0, 10, "training: a clip's brightness is multiplied by 1 +- this, evenly drawn"),
    REAL("student.transform.color_jitter.contrast", "0", 0, 10, "training: the same for its contrast"),
    REAL("student.transform.color_jitter.saturation", "0", 0, 10, "training: the same for its saturation"),
    REAL("student.transform.color_jitter.hue", "0", 0, 0.5, "training: its hues move by +- this, in turns"),
    INT("student.transform.rand_augment.count", "0", 0, 14, "training: operations of RandAugment drawn for a clip, out of 14"),
    REAL("student.transform.rand_augment.magnitude", "9", 0, 10, "their magnitude"),
    REAL("student.transform.rand_augment.deviation", "0.5", 0, 10, "and how far it strays (deviation)"),
    REAL("student.transform.rand_augment.probability", "0.5", 0, 1, "probability that a drawn operation is done"),
    BOOL("student.factored", "false", "the logit of an action also gets the logits of its verb and of its noun"),
    REAL("student.dropout", "0.2", 0, 0.95, "dropout before the classifier and inside the decoder"),
    REAL("student.loss.classification", "1.0", 0, 1e6, "weight of the classification loss"),
    REAL("student.loss.feature", "1.0", 0, 1e6, "weight of the next-feature loss (feat)"),
    REAL("student.loss.past", "0.1", 0, 1e6, "weight of the classification of past frames (past_cls)"),
    REAL("student.loss.label_smoothing", "0", 0, 0.95, "of the classification loss"),
    CHOICE("student.role", "auto", "auto|student|control|backbone", "what its predictions count as; auto: a control where it is blind or taught by shuffled predictions, else a student; backbone: it is there for what others see through it, and is not compared with them"),
    BOOL("student.blind", "false", "control: frames are replaced by zeros"),
    TEXT("student.distill.from", "teacher", "prediction set to learn from: NAME in the run's store, or STORE:NAME"),
    CHOICE("student.distill.loss", "topk_kl", "none|kl|topk_kl", "distillation of the logits"),
    REAL("student.distill.weight", "20", 0, 1e6, "weight of the logit distillation"),
    REAL("student.distill.temperature", "5", 0.01, 1e6, "temperature of teacher and student"),
    INT("student.distill.k", "50", 1, 1e6, "classes of the teacher's top used by topk_kl"),
    CHOICE("student.distill.reduction", "published", "published|batchmean", "published: mean over batch and classes; batchmean: over the batch"),
    CHOICE("student.distill.features", "none", "none|cosine|mse", "distillation of the features"),
    REAL("student.distill.features_weight", "1.0", 0, 1e6, "weight of the feature distillation"),
    CHOICE("student.distill.on_missing", "error", "error|skip", "a segment without a prediction stops the run, or is counted and learns from its label alone"),
    BOOL("student.distill.shuffle", "false", "control: predictions are dealt out to other segments"),
    REAL("student.labels", "1.0", 0.01, 1, "share of the training videos (sequences) that is learned from at all, labels and predictions; smaller shares lie inside larger ones, whatever the seed of training"),
    BOOL("student.learn_development", "false", "learn from the development part too, when every choice is made: nothing is scored while training, the last model is kept"),
    INTS("student.seeds", "[]", 0, 9e15, "train once with each seed; empty: the recipe's seed"),
#define PREFIX "student."
#include "conf/options_train.inc"
#undef PREFIX

#define PREFIX ""
#include "conf/options_train.inc"
#undef PREFIX
};
// clang-format on

const option *options_all(size_t *count)
{
    *count = sizeof TABLE / sizeof TABLE[0];
    return TABLE;
}

const option *option_find(const char *key)
{
    for (size_t i = 0; i < sizeof TABLE / sizeof TABLE[0]; i++)
        if (!strcmp(TABLE[i].key, key)) return &TABLE[i];
    return NULL;
}
