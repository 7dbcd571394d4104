/* dataset_instances - inside this room: a data set of single clips (instances.h). */
#ifndef MAGISTER_DATA_DATASET_INSTANCES_H
#define MAGISTER_DATA_DATASET_INSTANCES_H

#include "data/dataset.h"

/* dataset_open where instances_are_meant. */
status dataset_open_instances(const recipe *r, dataset *out);

#endif
