// SPDX-License-Identifier: Apache-2.0
// What kithd says about itself, in its help and its man page.
#ifndef KITHD_ABOUT_H
#define KITHD_ABOUT_H

#define KITHD_NAME    "kithd"
#define KITHD_SUMMARY "runs a kith node"
#define KITHD_DESCRIPTION                                                                          \
    "A node is where processes live, and by which they reach those of other nodes with messages. " \
    "kithd is a node without processes of your own: it knows the names of the whole cluster, and " \
    "answers kith(1). Programs made with libkith have all of this, and their own processes "       \
    "beside."

#endif
