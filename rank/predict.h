/* predict - `magister predict`: what trained models see in videos. */
#ifndef MAGISTER_RANK_PREDICT_H
#define MAGISTER_RANK_PREDICT_H

/* `magister-rank predict CHECKPOINT VIDEO ...`, which `magister predict ...` becomes (conf/predict_words.h). Results go
 * to stdout, what is wrong to stderr. Returns the exit code. */
int predict_main(int argc, char **argv);

#endif
