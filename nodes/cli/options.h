// SPDX-License-Identifier: Apache-2.0
// Values of options, checked. Each leaves the value as it is where the option wasn't given, and
// gives 0 or, having told what was expected, an exit code.
#ifndef KITHI_OPTIONS_H
#define KITHI_OPTIONS_H

#include <stdint.h>

struct kithi_session;

int kithi_option_number(const struct kithi_session *session, const char *name, uint64_t minimum,
                        uint64_t maximum, uint64_t *number);
int kithi_option_size(const struct kithi_session *session, const char *name, uint64_t minimum,
                      uint64_t maximum, uint64_t *bytes);
int kithi_option_duration(const struct kithi_session *session, const char *name,
                          uint64_t minimum_ns, uint64_t maximum_ns, uint64_t *duration_ns);

#endif
