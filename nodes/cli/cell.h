// SPDX-License-Identifier: Apache-2.0
// One value as text or as JSON.
#ifndef KITHI_CELL_H
#define KITHI_CELL_H

#include "output.h"

// Writes the cell for people and gives the text: `text`, or the cell's own where nothing has to be
// written. Control characters of texts that came from elsewhere are shown as '?'.
#define KITHI_CELL_SIZE 256
const char *kithi_cell_text(const struct kithi_column *column, const struct kithi_cell *cell,
                            char text[KITHI_CELL_SIZE]);

// A new reference.
json_t *kithi_cell_json(const struct kithi_column *column, const struct kithi_cell *cell);

// Numbers stand to the right in tables.
bool kithi_cell_is_right(const struct kithi_column *column);

// What colours the cell on a terminal ("\x1b[31m"), or NULL.
const char *kithi_cell_colour(const struct kithi_column *column, const struct kithi_cell *cell);

#endif
