// SPDX-License-Identifier: Apache-2.0
#include "settings.h"

#include <kith/limits.h>

#define MS     UINT64_C(1000000)
#define SECOND (1000 * MS)
#define KIB    UINT64_C(1024)
#define MIB    (1024 * KIB)
#define GIB    (1024 * MIB)

const struct kith_setting kithi_settings[KITHI_SETTING_COUNT] = {
    [KITHI_SETTING_NAME] =
        {
            .key = "name",
            .letter = 'n',
            .type = KITH_SETTING_NAME,
            .value = "NAME",
            .maximum = KITH_NAME_SIZE - 1,
            .help =
                "name of the node, for people and for addresses like NAME/sensor/1 (default: the "
                "host's name, with the port behind it where that isn't 7400)",
        },
    [KITHI_SETTING_LISTEN] =
        {
            .key = "listen",
            .letter = 'l',
            .type = KITH_SETTING_ENDPOINT,
            .value = "IP[:PORT]",
            .initial = "127.0.0.1:7400",
            .example = "0.0.0.0:7400",
            .help = "address and UDP port where other nodes reach this one. Only this machine does "
                    "unless told otherwise, because links aren't encrypted; 0.0.0.0 (or ::) lets "
                    "every machine connect. Port 0 takes any free one",
        },
    [KITHI_SETTING_ADVERTISE] =
        {
            .key = "advertise",
            .type = KITH_SETTING_ENDPOINT,
            .value = "IP[:PORT]",
            .example = "203.0.113.7:7400",
            .help = "endpoint that peers are told, where it differs from the one they see (address "
                    "translation)",
        },
    [KITHI_SETTING_PEERS] =
        {
            .key = "peers",
            .letter = 'p',
            .type = KITH_SETTING_HOSTS,
            .value = "HOST[:PORT],...",
            .example = "10.0.0.7, node-b.lan:7401",
            .help =
                "nodes to keep links to, by IP address or DNS name; all addresses of a name are "
                "peers. One that isn't there yet is tried until it is",
        },
    [KITHI_SETTING_RESOLVE] =
        {
            .key = "resolve",
            .type = KITH_SETTING_DURATION,
            .value = "TIME",
            .initial = "30s",
            .minimum = SECOND,
            .maximum = 86400 * SECOND,
            .help = "how often DNS names of peers are looked up again; ten times as often, but not "
                    "more than once a second, while peers are missing",
        },
    [KITHI_SETTING_DETECT] =
        {
            .key = "detect",
            .type = KITH_SETTING_DURATION,
            .value = "TIME",
            .initial = "5s",
            .minimum = 500 * MS,
            .maximum = 3600 * SECOND,
            .help = "a peer that has been silent for so long is given up",
        },
    [KITHI_SETTING_DRAIN] =
        {
            .key = "drain",
            .type = KITH_SETTING_DURATION,
            .value = "TIME",
            .initial = "5s",
            .maximum = 3600 * SECOND,
            .help = "how long stopping may take, to deliver what is queued and to say goodbye",
        },
    [KITHI_SETTING_STATE_DIR] =
        {
            .key = "state_dir",
            .type = KITH_SETTING_TEXT,
            .value = "FOLDER",
            .minimum = 1,
            .maximum = KIB,
            .example = "/run/kith",
            .help =
                "existing folder for node.json, which tells the endpoint, incarnation and process "
                "number of this node while it runs",
        },
    [KITHI_SETTING_LOG_LEVEL] =
        {
            .key = "log_level",
            .type = KITH_SETTING_CHOICE,
            .value = "LEVEL",
            .initial = "info",
            .choices = "error warning info debug",
            .help = "what is logged on standard error: error, warning, info or debug",
        },
    [KITHI_SETTING_MESSAGE_SIZE] =
        {
            .key = "message_size",
            .type = KITH_SETTING_SIZE,
            .value = "SIZE",
            .initial = "16M",
            .minimum = 4 * KIB,
            .maximum = GIB,
            .help = "largest message",
        },
    [KITHI_SETTING_MEMORY] =
        {
            .key = "memory",
            .type = KITH_SETTING_SIZE,
            .value = "SIZE",
            .initial = "1G",
            .minimum = MIB,
            .maximum = 1024 * GIB,
            .help = "most memory for the contents of all messages together; SCTP's buffers come "
                    "on top, with an 8th as much each way",
        },
    [KITHI_SETTING_MAILBOX] =
        {
            .key = "mailbox",
            .type = KITH_SETTING_NUMBER,
            .value = "COUNT",
            .initial = "4096",
            .minimum = 1,
            .maximum = 1 << 24,
            .help = "messages that may wait for one process, unless it asks for another limit",
        },
    [KITHI_SETTING_PROCESSES] =
        {
            .key = "processes",
            .type = KITH_SETTING_NUMBER,
            .value = "COUNT",
            .initial = "100000",
            .minimum = 16,
            .maximum = 1 << 24,
            .help = "most processes at once",
        },
    [KITHI_SETTING_STACK] =
        {
            .key = "stack",
            .type = KITH_SETTING_SIZE,
            .value = "SIZE",
            .initial = "16K",
            .minimum = 8 * KIB,
            .maximum = 64 * MIB,
            .help = "stack of a process, unless it asks for another size",
        },
    [KITHI_SETTING_LINKS] =
        {
            .key = "links",
            .type = KITH_SETTING_NUMBER,
            .value = "COUNT",
            .initial = "1000",
            .minimum = 2,
            .maximum = 65536,
            .help = "most links to other nodes",
        },
    [KITHI_SETTING_NAMES] =
        {
            .key = "names",
            .type = KITH_SETTING_NUMBER,
            .value = "COUNT",
            .initial = "65536",
            .minimum = 16,
            .maximum = 1 << 24,
            .help = "most names that processes of this node have together",
        },
    [KITHI_SETTING_SPIN] =
        {
            .key = "spin",
            .type = KITH_SETTING_DURATION,
            .value = "TIME",
            .initial = "200us",
            .maximum = 100 * MS,
            .example = "50us",
            .help = "how long to look for packets before sleeping, where it pays; 0 saves power",
        },
    [KITHI_SETTING_TEST_DROP] =
        {
            .key = "test_drop",
            .type = KITH_SETTING_NUMBER,
            .value = "N",
            .initial = "0",
            .maximum = 1000,
            .test = true,
            .help = "lose N of 1000 packets sent",
        },
    [KITHI_SETTING_TEST_DUPLICATE] =
        {
            .key = "test_duplicate",
            .type = KITH_SETTING_NUMBER,
            .value = "N",
            .initial = "0",
            .maximum = 1000,
            .test = true,
            .help = "send N of 1000 packets twice",
        },
    [KITHI_SETTING_TEST_REORDER] =
        {
            .key = "test_reorder",
            .type = KITH_SETTING_NUMBER,
            .value = "N",
            .initial = "0",
            .maximum = 1000,
            .test = true,
            .help = "hold N of 1000 packets back behind the next",
        },
    [KITHI_SETTING_TEST_CORRUPT] =
        {
            .key = "test_corrupt",
            .type = KITH_SETTING_NUMBER,
            .value = "N",
            .initial = "0",
            .maximum = 1000,
            .test = true,
            .help = "change bits in N of 1000 packets",
        },
    [KITHI_SETTING_TEST_DELAY] =
        {
            .key = "test_delay",
            .type = KITH_SETTING_NUMBER,
            .value = "N",
            .initial = "0",
            .maximum = 1000,
            .test = true,
            .help = "send N of 1000 packets later",
        },
    [KITHI_SETTING_TEST_DELAY_TIME] =
        {
            .key = "test_delay_time",
            .type = KITH_SETTING_DURATION,
            .value = "TIME",
            .initial = "50ms",
            .minimum = MS,
            .maximum = 10 * SECOND,
            .test = true,
            .help = "so much later",
        },
    [KITHI_SETTING_TEST_SEED] =
        {
            .key = "test_seed",
            .type = KITH_SETTING_NUMBER,
            .value = "N",
            .initial = "1",
            .test = true,
            .help = "where the random choices of these start",
        },
};
