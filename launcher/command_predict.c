/* magister predict: the words are checked here; what needs a model is handed to magister-rank. */
#include "conf/predict_words.h"
#include "launcher/commands.h"
#include "launcher/ranks.h"

status command_predict(int argc, char **argv)
{
    status st = OK;
    predict_words w = {0};
    TRY(predict_words_read(argc, argv, &w));
    TRY(ranks_become("predict", argv + 1, (size_t)argc - 1));
done:
    predict_words_free(&w);
    return st;
}
