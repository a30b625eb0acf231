// SPDX-License-Identifier: Apache-2.0
// For CPUs without an instruction for it.
#include "crc32c.h"

kithi_crc32c_function *kithi_crc32c_choose(void)
{
    return kithi_crc32c_table;
}
