/* store_address - how a command's words name stores and sets: STORE, a run's directory for the store in it, STORE:NAME.
 */
#ifndef MAGISTER_LAUNCHER_STORE_ADDRESS_H
#define MAGISTER_LAUNCHER_STORE_ADDRESS_H

#include "distill/store.h"

/* "STORE:NAME" is split at its last colon, unless all of it is a file's name; `*name` is NULL then. */
void address_split(char *address, char **name);

/* Opens the store at a path, or of a run's directory, for reading. Errors: those of store_open. */
status address_open(const char *address, store **out);

#endif
